"""Exercises that grade themselves: what a chapter asks, how an answer is run, judged and explained.

spec       what a chapter's exercises are: names, contracts, points, hints (read from the files, never executed)
student    what a test may do with a submission
expect     the comparison that explains itself
mistakes   named wrong answers and correct variants
prints     how a failure is recognised as a named mistake
plugin     pytest: the fixtures `student` and `rng`, short failure messages
judge      many submissions through tests collected once
sandbox    the boundary behind which strangers' code runs
examiner   a stranger's file to a result
records    what grading says of a test, a file, a submission
intake     downloads to submissions (archives: hostile ones; lateness: what it costs; packing: `course submit`)
journal    what a grading directory remembers
batch      `course grade`: a folder of submissions to a folder of grades
exports    CSV, Canvas, Moodle, Gradescope, JUnit
reports    pages for students and for the class
bundle     `course release --to`: what learners get (autograder: what Gradescope gets)
mutants    masters changed in every small way: do the tests notice?
release    masters -> stubs and prints
check      `course check`: points, messages, the way through the course; the same as a table in a notebook
"""

from course_lib.grading.expect import expect, expect_true
from course_lib.grading.marks import fresh, points, teaches

__all__ = ["check", "exercise", "expect", "expect_true", "fresh", "points", "teaches"]


def check(slug: str):
    """The table of `course check SLUG`, for the last cell of a chapter. See `progress.in_notebook`."""
    from course_lib.grading.progress import in_notebook

    return in_notebook(slug)


def exercise(slug: str, name: str):
    """The box of one exercise, for a page: contract, points, hints. See `progress.box`."""
    from course_lib.grading.progress import box

    return box(slug, name)
