"""Real handwritten digits: the 1,797 images that come with scikit-learn. Nothing is downloaded.

They are the test part of the *Optical Recognition of Handwritten Digits* set (Alpaydin and Kaynak, UCI, 1998): 8x8
images whose pixels count the inked cells of a 4x4 block, hence 17 grey levels, 0 to 16.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.data.sets import SPLITS, ImageSet, binarized, check_number, check_split


def load(split: str = "train", size: int = 8, binarize: str = "none") -> ImageSet:
    """Real handwritten digits from scikit-learn, 8x8, one channel, white ink on black.

    split: train, validation or test: about eight, one and one tenths. Within each class, in the order of the bundled
        file, example number i is for test when i % 10 == 9, for validation when i % 10 == 8, else for training.
    size: height and width in pixels, 4 to 256. 8 is the data itself: level v of 0..16 becomes the byte
        nearest to 255 v / 16 (halves upwards), so 17 of the 256 values occur. Any other size is resampled from it,
        bilinearly, antialiased when it shrinks, and rounded to a byte.
    binarize: none, fixed or dynamic: black and white pixels, drawn once or for every batch (see `sets.binarized`).

    Returns images uint8 [N, 1, size, size], labels int64 [N]. Raises ValueError for another split, size or binarize.
    """
    check_split(split)
    check_number("size", size, 4, 256)
    images, labels = _bundled()
    chosen = _split_of(labels) == SPLITS.index(split)
    images = images[chosen]
    if size != 8:
        resized = F.interpolate(images.float(), size=(size, size), mode="bilinear", antialias=True)
        images = resized.round().clamp(0, 255).to(torch.uint8)
    levels = 17 if size == 8 else 256
    return binarized(ImageSet(images, labels[chosen], "digits", split, tuple("0123456789"), levels=levels), binarize)


@cache
def _bundled() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits  # seconds to import; other data do without

    bundle = load_digits()
    levels = torch.from_numpy(bundle.images).to(torch.int64)
    return ((levels * 255 + 8) // 16).to(torch.uint8).unsqueeze(1), torch.from_numpy(bundle.target).long()


def _split_of(labels: Tensor) -> Tensor:
    """labels [N] -> index into SPLITS [N]; each class is dealt out in tens."""
    one_hot = F.one_hot(labels)
    number_in_class = (one_hot.cumsum(0) * one_hot).sum(1) - 1
    return (number_in_class % 10 - 7).clamp(min=0)
