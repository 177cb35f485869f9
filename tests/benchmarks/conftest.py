"""Prints what was measured as one table, and stores it for the book where `--store` names a file."""

import datetime
import os
import platform
from pathlib import Path

import torch


def pytest_addoption(parser):
    parser.addoption("--store", metavar="FILE", help="write the table there, as Markdown")


def pytest_terminal_summary(terminalreporter, config):
    session = getattr(config, "_benchmarksession", None)
    rows = [
        (info["what"], info["value"], info.get("note", ""))
        for info in (each.extra_info for each in session.benchmarks if not each.has_error)
        if "what" in info
    ] if session else []  # fmt: skip
    if not rows:
        return
    terminalreporter.section("what was measured")
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    for what, value, note in rows:
        terminalreporter.write_line(f"{what:{widths[0]}}  {value:>{widths[1]}}  {note}")
    terminalreporter.write_line(_machine())
    if config.getoption("--store"):
        lines = ["| what | measured | |", "| --- | ---: | --- |", *(f"| {' | '.join(row)} |" for row in rows)]
        Path(config.getoption("--store")).write_text("\n".join([*lines, "", _machine(), ""]))


def _machine() -> str:
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(": ")[2] if names else model
    return (
        f"Measured {datetime.date.today().isoformat()} on {os.cpu_count()} cores ({model}), one thread unless said "
        f"otherwise, Python {platform.python_version()}, torch {torch.__version__}. "
        "Medians."
    )
