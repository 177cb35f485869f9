"""Ways to show a network a condition: the class of an image, or its attributes. Chapter: conditional_gan.

A condition is a vector y [N, k] for each example: one-hot for a class, numbers for attributes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.errors import CourseError


def one_hot(label: Tensor | None, classes: int) -> Tensor:
    """int64 [N] in 0 ... classes - 1 -> float32 [N, classes] of 0 and 1.

    Raises CourseError where the label is missing or names no class.
    """
    if label is None:
        raise CourseError("these networks are shown classes: give them labels")
    if label.device.type == "cpu" and len(label) and not 0 <= int(label.min()) <= int(label.max()) < classes:
        raise CourseError(f"labels must be from 0 to {classes - 1}, not {int(label.min())} to {int(label.max())}")
    return F.one_hot(label, classes).float()


def concat_vector(x: Tensor, y: Tensor) -> Tensor:
    """x [N, d] and y [N, k] -> [N, d + k]: the condition behind the vector."""
    return torch.cat([x, y.to(x)], 1)


def concat_maps(x: Tensor, y: Tensor) -> Tensor:
    """x [N, C, H, W] and y [N, k] -> [N, C + k, H, W]: behind the image a map for each entry of y, constant."""
    return torch.cat([x, y.to(x)[:, :, None, None].expand(-1, -1, *x.shape[2:])], 1)


class Condition(nn.Module):
    """y [N, k] -> what is concatenated, [N, width]: y itself, or what a fully connected layer makes of it, rectified.

    embedding: units of that layer; 0 for y itself.
    Source: Mirza and Osindero (2014), section 4.1, who put such a layer before every concatenation.
    """

    def __init__(self, size: int, embedding: int = 0) -> None:
        super().__init__()
        self.width = embedding or size
        self.net = nn.Sequential(nn.Linear(size, embedding), nn.ReLU()) if embedding else nn.Identity()

    def forward(self, y: Tensor) -> Tensor:
        return self.net(y)


class Projection(nn.Module):
    """features [N, d] and y [N, k] -> y^T V features [N]: how well the features go with the condition.

    With a one-hot y, V holds a vector for each class. Source: Miyato and Koyama (2018), section 3.
    """

    def __init__(self, size: int, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(size, features, bias=False)  # its weight is V transposed

    def forward(self, features: Tensor, y: Tensor) -> Tensor:
        return (self.linear(y) * features).sum(1)


class ClassPlane(nn.Module):
    """Planes [N, C, H, W] and classes int64 [N] -> [N, C + 1, H, W]; without classes the planes stay as they are.

    The plane that is added is what a linear layer makes of the one-hot vector, rectified: no constant map.
    Source: Denton et al. (2015), section 4.1.
    """

    def __init__(self, classes: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.classes, self.size = classes, (1, *shape[1:])
        self.linear = nn.Linear(classes, shape[1] * shape[2]) if classes else None

    def forward(self, planes: Tensor, label: Tensor | None) -> Tensor:
        if self.linear is None:
            return planes
        made = F.relu(self.linear(one_hot(label, self.classes)))
        return torch.cat([planes, made.unflatten(1, self.size)], 1)
