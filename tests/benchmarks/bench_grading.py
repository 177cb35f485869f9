"""How fast strangers' files are marked: one file, start-up, and files a second by the number of workers."""

import os
import time
from statistics import median

import pytest
import torch

from course_lib.grading import batch
from course_lib.grading.examiner import Examiner
from course_lib.grading.spec import ROOT, slugs

FILES = 160


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def master(slug: str) -> bytes:
    return (ROOT / "solutions" / f"{slug}.py").read_bytes()


@pytest.mark.parametrize("slug", slugs())
def bench_one_file(benchmark, slug):
    with Examiner([slug], "benchmark", known={slug: {}}) as examiner:
        result = benchmark.pedantic(examiner.examine, (slug, master(slug)), rounds=40, warmup_rounds=5)
        assert result.points == 10
        mode = examiner.mode
    seconds = benchmark.stats.stats.median
    worst = sorted(benchmark.stats.stats.data)[-2]
    benchmark.extra_info |= {"what": f"grading: a file of {slug}, ten points", "value": f"{1000 * seconds:.0f} ms",
                             "note": f"sandbox {mode}; 95 of 100 within {1000 * worst:.0f} ms"}  # fmt: skip


def bench_start(benchmark):
    def start() -> None:
        with Examiner(["divergences"], "benchmark", known={"divergences": {}}):
            pass

    benchmark.pedantic(start, rounds=3)
    seconds = benchmark.stats.stats.median
    benchmark.extra_info |= {"what": "grading: starting a worker", "value": f"{seconds:.1f} s",
                             "note": "torch imported behind the boundary, tests collected, master judged"}  # fmt: skip


@pytest.mark.parametrize("jobs", sorted({1, os.cpu_count() or 1}))
def bench_class(benchmark, tmp_path, jobs):
    """All different, so that none shares a result; the workers' start is left out, as it is in a class of thousands."""
    folder = tmp_path / "class"
    for i in range(FILES):
        (folder / f"s{i:03}").mkdir(parents=True)
        (folder / f"s{i:03}" / "divergences.py").write_bytes(master("divergences") + f"# {i}\n".encode())
    began = []

    def grade() -> None:
        stamps = []
        judged = batch._judged

        def watched(*args):
            for item in judged(*args):
                stamps.append(time.perf_counter())
                yield item

        batch._judged = watched
        try:
            batch.grade(folder, tmp_path / f"grades-{len(began)}", jobs=jobs, progress=False)
        finally:
            batch._judged = judged
        skip = FILES // 4
        began.append((FILES - skip - 1) / (stamps[-1] - stamps[skip]))

    benchmark.pedantic(grade, rounds=3)
    rate = median(began)
    hours = 100_000 / rate / 3600
    benchmark.extra_info |= {
        "what": f"grading: files a second, {jobs} worker{'s' if jobs > 1 else ''}", "value": f"{rate:.1f}",
        "note": f"100,000 files: {hours:.1f} hours on this machine, {100_000 * jobs / rate / 3600:.1f} core hours",
    }  # fmt: skip
