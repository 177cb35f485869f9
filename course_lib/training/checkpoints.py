"""Checkpoints: safetensors and JSON, nothing that runs code when it is read, and never half of one.

RUN/checkpoints/step-00000200/
    weights.safetensors      parameters and buffers of the recipe
    averages.safetensors     their moving averages, where the recipe asks for them
    optimizers.safetensors   moments; the parameter groups as JSON in its header
    random.safetensors       states of the random generators
    state.json               the step, and the SHA-256 of each file above

The folder is written under another name, synced to the disk and then renamed, so a run killed while writing leaves the
checkpoint before it. What tears a checkpoint all the same (a full disk, a lost page, a copy cut short) shows in the
checksums: reading goes back to the newest one that is whole.
"""

import hashlib
import json
import re
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from course_lib.errors import CourseError, CourseWarning
from course_lib.files import sync_folder, write_json, write_whole

FILES = ("weights", "averages", "optimizers", "random")


class TornError(ValueError):
    """A checkpoint that cannot be used, and why."""


@dataclass(frozen=True)
class Checkpoint:
    """tensors: file -> name -> tensor on the CPU.   groups: optimiser -> its parameter groups as JSON."""

    path: Path
    step: int
    tensors: dict[str, dict[str, Tensor]]
    groups: dict[str, str]


def save_checkpoint(
    folder: Path, step: int, tensors: dict[str, dict[str, Tensor]], groups: dict[str, str], keep: int = 3
) -> Path:
    """Write the checkpoint of this step into `folder`, RUN/checkpoints; of those up to it keep the `keep` newest."""
    final = folder / f"step-{step:08d}"
    part = folder / (final.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        checksums = {}
        for name in FILES:
            content = save(
                # A copy each, since two names may share one memory (tied weights), which the format does not know.
                {key: value.detach().cpu().contiguous().clone() for key, value in tensors[name].items()},
                metadata=groups if name == "optimizers" else None,
            )
            checksums[f"{name}.safetensors"] = hashlib.sha256(content).hexdigest()
            write_whole(part / f"{name}.safetensors", content)
        write_json(part / "state.json", {"step": step, "sha256": checksums})
    except OSError:  # a full disk: leave it no fuller than it was
        shutil.rmtree(part, ignore_errors=True)
        raise
    if final.exists():  # a torn one that this run was resumed without
        shutil.rmtree(final)
    part.rename(final)
    sync_folder(folder)
    # A torn checkpoint of a later step stays until it is written again, and must not push a good one out.
    for old in [path for path in list_checkpoints(folder) if _step_of(path) <= step][keep:]:
        shutil.rmtree(old)
    return final


def list_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in `folder`, newest first, whole or not."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted((path for path in found if re.fullmatch(r"step-\d{8,}", path.name)), key=_step_of, reverse=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read one checkpoint. Raises TornError where a file is missing, cut short or altered."""
    try:
        state = json.loads((path / "state.json").read_bytes())
        step, checksums = state["step"], state["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TornError("state.json cannot be read") from error
    if step != _step_of(path):
        raise TornError(f"state.json is of step {step}")
    tensors, groups = {}, {}
    for name in FILES:
        file = path / f"{name}.safetensors"
        try:
            if hashlib.sha256(file.read_bytes()).hexdigest() != checksums[file.name]:
                raise TornError(f"{file.name} does not match its checksum")
            with safe_open(file, framework="pt") as content:
                tensors[name] = {key: content.get_tensor(key) for key in content.keys()}  # noqa: SIM118
                groups.update(content.metadata() or {})
        except (OSError, KeyError, SafetensorError) as error:
            raise TornError(f"{file.name} cannot be read") from error
    return Checkpoint(path, step, tensors, groups)


def newest(folder: Path) -> Checkpoint | None:
    """The newest whole checkpoint, or None where there is none at all. Warns of each torn one that it passes over.

    Raises CourseError where there are checkpoints, but none can be read.
    """
    paths = list_checkpoints(folder)
    for path in paths:
        try:
            return load_checkpoint(path)
        except TornError as error:
            last = error
            if path != paths[-1]:
                warnings.warn(
                    f"checkpoint {path} is torn ({error}): using the one before it", CourseWarning, stacklevel=2
                )
    if paths:
        raise CourseError(
            f"none of the {len(paths)} checkpoints in {folder} can be read (oldest: {last}): "
            "restore them from a copy, or train anew in another --out"
        )
    return None


def _step_of(path: Path) -> int:
    return int(path.name.removeprefix("step-"))
