"""Statements from the literature as experiments with seeds, an interval and a verdict.

A chapter's claims stand in the file of its slug. `run` measures them and writes `book/results/<slug>/<claim>.json`;
pages show what stands there with `verdict_box` and `verdict_table`, and type no number themselves.
"""

from course_lib.claims.display import show, table, verdict_box, verdict_table
from course_lib.claims.intervals import above, below, student_interval, within
from course_lib.claims.records import result, results, slugs, stale
from course_lib.claims.running import run
from course_lib.claims.statements import FULL, QUICK, Measurement, Scale, claim, not_testable, shared_run

__all__ = [
    "FULL",
    "QUICK",
    "Measurement",
    "Scale",
    "above",
    "below",
    "claim",
    "not_testable",
    "result",
    "results",
    "run",
    "shared_run",
    "show",
    "slugs",
    "stale",
    "student_interval",
    "table",
    "verdict_box",
    "verdict_table",
    "within",
]
