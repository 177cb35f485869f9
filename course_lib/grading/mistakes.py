"""Named wrong answers, which must fail and be recognised, and correct variants, which must pass.

`solutions/mistakes/<slug>.py` defines each as a function that takes the place of one of the master's:

    @mistake("kl_divergence", "That is KL(q || p): the expectation is under the first argument.")
    def arguments_swapped(p, q): ...

    @variant("kl_divergence")
    def cross_entropy_minus_entropy(p, q): ...
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from course_lib.errors import CourseError
from course_lib.grading.spec import ROOT
from course_lib.grading.student import load


@dataclass(frozen=True)
class Alternative:
    """Another answer to `exercise`. sentence: what would help whoever made it; empty for a correct variant."""

    exercise: str
    name: str
    answer: Callable
    sentence: str = ""

    def submission(self, slug: str) -> ModuleType:
        """The master of `slug` with this answer in place."""
        module = load(ROOT / "solutions" / f"{slug}.py", f"submission_{slug}")
        if not hasattr(module, self.exercise):
            raise CourseError(
                f"solutions/mistakes/{slug}.py: {self.name} replaces {self.exercise}, which does not exist"
            )
        setattr(module, self.exercise, self.answer)
        return module


def mistake(exercise: str, sentence: str) -> Callable[[Callable], Callable]:
    """The decorated function is a wrong answer to `exercise`. sentence: what would help the learner who gave it."""
    if not sentence.strip():
        raise CourseError(f"a mistake in {exercise} needs a sentence that helps")
    return _mark(exercise, sentence)


def variant(exercise: str) -> Callable[[Callable], Callable]:
    """The decorated function is correct by another road."""
    return _mark(exercise, "")


def _mark(exercise: str, sentence: str) -> Callable[[Callable], Callable]:
    def decorate(answer: Callable) -> Callable:
        answer.course_alternative = Alternative(exercise, answer.__name__, answer, sentence)
        return answer

    return decorate


def read(slug: str, root: Path = ROOT) -> tuple[list[Alternative], list[Alternative]]:
    """The mistakes and the variants of a chapter."""
    module = load(root / "solutions" / "mistakes" / f"{slug}.py", f"mistakes_{slug}")
    found = [value.course_alternative for value in vars(module).values() if hasattr(value, "course_alternative")]
    return [one for one in found if one.sentence], [one for one in found if not one.sentence]
