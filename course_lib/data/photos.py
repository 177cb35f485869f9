"""Patches of two photographs that come with scikit-learn: a Chinese temple and a flower, 427x640 each, in colour.

Natural images with nothing to download: for pyramids, super-resolution and the statistics of patches.
"""

from functools import cache, partial

import torch
from torch import Tensor

from course_lib.data.sets import Batch, Composed, ImageSet, check_number, check_split, integers
from course_lib.errors import CourseError

COLUMNS = {"train": (0, 384), "validation": (384, 512), "test": (512, 640)}  # of both photographs


def load(split: str = "train", size: int = 32, channels: int = 3, count: int | None = None) -> Composed | ImageSet:
    """Patches of two photographs, cut out afresh for every batch.

    split: train is the left three fifths of both photographs (columns 0 to 383), validation the fifth after it, test
        the last: no pixel is in two of them. Training patches are endless; validation and test are 1,000 that are
        always the same.
    size: height and width of a patch in pixels, 2 to 128, at the photographs' own resolution. Every place is as likely.
    channels: 3 for colour, 1 for grey (luma of ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B).
    count: cut out this many patches, once, whatever the split.

    Labels say which photograph: china or flower.
    """
    check_split(split)
    check_number("size", size, 2, 128)
    if channels not in (1, 3):
        raise CourseError(f"photos have 3 channels (colour) or 1 (grey), not {channels}")
    first, last = COLUMNS[split]
    region = _photographs()[..., first:last]
    if channels == 1:
        luma = torch.tensor([0.299, 0.587, 0.114])
        region = torch.einsum("c, nchw -> nhw", luma, region.float()).round().to(torch.uint8)[:, None]
    patches = Composed(
        {"photos": region}, partial(_crop, size=size), (channels, size, size), "photos", split, ("china", "flower")
    )
    if count is None and split == "train":
        return patches
    return patches.finite(1000 if count is None else count)


@cache
def _photographs() -> Tensor:
    """uint8 [2, 3, H, W]."""
    from sklearn.datasets import load_sample_image  # seconds to import; other data do without

    photographs = [torch.tensor(load_sample_image(f"{name}.jpg")) for name in ("china", "flower")]
    return torch.stack(photographs).permute(0, 3, 1, 2).contiguous()


def _crop(parts: dict[str, Tensor], n: int, generator: torch.Generator, size: int) -> Batch:
    photos = parts["photos"]
    every = photos.unfold(2, size, 1).unfold(3, size, 1)  # a view of every patch: [photo, C, top, left, size, size]
    which, top, left = (integers(every.shape[axis], (n,), generator, photos.device) for axis in (0, 2, 3))
    return Batch(every.transpose(1, 2).transpose(2, 3)[which, top, left], which)
