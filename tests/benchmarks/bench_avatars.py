"""Avatars rendered per second. Run by `make bench`."""

import pytest
import torch

from course_lib.data import avatars

COUNT = 128


CASES = [(style, size) for style in ("photo", "sketch") for size in (32, 64, 128)]


@pytest.fixture(autouse=True)
def _threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("style", "size"), CASES)
def bench_rendering(benchmark, style, size):
    torch.set_num_threads(1)
    people = avatars.people(torch.arange(COUNT))

    def render():
        with torch.no_grad():
            avatars.render(people, size, style)

    benchmark.pedantic(render, rounds=3, warmup_rounds=1)
    benchmark.extra_info.update(
        what=f"avatars rendered, {style}, {size}x{size}",
        value=f"{COUNT / benchmark.stats.stats.median:,.0f} images/s",
        note="one core",
    )  # fmt: skip


def bench_loading(benchmark, tmp_path_factory, monkeypatch):
    """As a data set: every core renders people of its own, into the cache."""

    def fresh():
        monkeypatch.setenv("COURSE_CACHE", str(tmp_path_factory.mktemp("cache")))

    benchmark.pedantic(lambda: avatars.load(size=64, count=1024), setup=fresh, rounds=3)
    benchmark.extra_info.update(
        what="avatars rendered as a data set, photo, 64x64",
        value=f"{1024 / benchmark.stats.stats.median:,.0f} images/s",
        note="all cores",
    )
