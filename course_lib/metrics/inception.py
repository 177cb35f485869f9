"""The Inception score, in whatever classifier gave the probabilities. Chapter: improved_gan."""

import torch
from torch import Tensor

from course_lib.errors import CourseError


def inception_score(probabilities: Tensor, splits: int = 1) -> tuple[float, float]:
    """exp(E_x KL(p(y | x) || p(y))): the mean over the splits, in [1, K], and their standard deviation.

    probabilities: p(y | x) of a classifier for each of N generated images, [N, K], rows summing to 1.
    splits: into how many consecutive parts the images are cut, each scored by itself with its own p(y). Ten of 5,000 in
        the authors' code. One part has a standard deviation of 0.

    Its logarithm is the mutual information of image and label in nats, as the classifier sees it. It knows nothing of
    the data: always name the classifier, the number of images and the splits. Fewer images in a part lower the score,
    since their own average takes the place of p(y).
    Source: Salimans et al. (2016), section 4, and the code that goes with it.
    Raises CourseError where the shape is another, rows are no distributions, or a part would hold no image.
    """
    if probabilities.dim() != 2 or not 1 <= splits <= len(probabilities):
        raise CourseError(f"probabilities must be [N, K] with N at least {splits}, not {list(probabilities.shape)}")
    p = probabilities.double().cpu()
    if not ((p >= 0).all() and torch.allclose(p.sum(1), torch.ones(len(p), dtype=p.dtype), atol=1e-4)):
        raise CourseError("probabilities must be at least 0 and sum to 1 in each row")
    scores = torch.stack([_score(part) for part in p.tensor_split(splits)])
    return scores.mean().item(), scores.std(correction=0).item()


def _score(p: Tensor) -> Tensor:
    """exp(H(y) - H(y | x)): [n, K] -> []."""
    marginal = p.mean(0)
    return torch.exp(torch.xlogy(p, p).sum(1).mean() - torch.xlogy(marginal, marginal).sum())
