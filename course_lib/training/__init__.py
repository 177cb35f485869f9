"""Training, the same for every system: a `Recipe` says what is learnt from what, the engine does the rest.

recipe        what a model file writes
engine        optimisers, precision, random states, the watch for non-finite values; `steps` for a notebook
loop          `train`: progress bar, run directory, samples, checkpoints, stop and resume
runs          config.json and metrics.jsonl
checkpoints   safetensors and JSON, written whole or not at all
pictures      samples as a PNG
comparison    runs side by side
throughput    how fast a system trains here, and what holds it back
"""

from course_lib.training.engine import Engine, draw, steps
from course_lib.training.loop import Outcome, train
from course_lib.training.recipe import Answer, Optimize, Recipe, TrainingConfig, at_least, frozen

__all__ = [
    "Answer",
    "Engine",
    "Optimize",
    "Outcome",
    "Recipe",
    "TrainingConfig",
    "at_least",
    "draw",
    "frozen",
    "steps",
    "train",
]
