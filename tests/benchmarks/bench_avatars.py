"""Avatars rendered per second. Run by `make bench`."""

import pytest
import torch

from course_lib.data import avatars

COUNT = 128


CASES = [(style, size, 1) for style in ("photo", "sketch") for size in (32, 64, 128)] + [("photo", 64, 2)]


@pytest.fixture(autouse=True)
def _threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("style", "size", "threads"), CASES)
def bench_rendering(benchmark, style, size, threads):
    torch.set_num_threads(threads)
    people = avatars.people(torch.arange(COUNT))

    def render():
        with torch.no_grad():
            avatars.render(people, size, style)

    benchmark.pedantic(render, rounds=3, warmup_rounds=1)
    benchmark.extra_info.update(
        what=f"avatars rendered, {style}, {size}x{size}, {threads} thread{'s' * (threads > 1)}",
        value=f"{COUNT / benchmark.stats.stats.median:,.0f} images/s",
        note=f"{COUNT} people",
    )  # fmt: skip
