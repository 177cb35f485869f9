"""Networks that judge generated images: trained in the course, kept with it, and the same on every page.

A Fréchet distance, or an accuracy of generated digits, is a number about the network that measured it as well. These
two are stored beside this file, so that two such numbers of the course may be compared:

digits    `course train convnet --data digits --image-size 16 --set hidden=64 dropout=0.3 --steps 1500`
avatars   `course train attribute_net --data avatars --image-size 32 --steps 4000`

Any other run of these two models is a referee too, by its directory; `store` keeps it as these are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn import functional as F

from course_lib import models
from course_lib.errors import CourseError, unknown
from course_lib.files import write_json, write_whole
from course_lib.models.attribute_net import AttributeNet
from course_lib.models.convnet import ConvNet
from course_lib.training import runs

STORED = Path(__file__).parent / "stored"
BATCH = 256  # images at a time


@dataclass(frozen=True)
class Referee:
    """A trained network in evaluation mode. Images [N, C, H, W] in [-1, 1] of any size are resized to its own.

    name: what to write on a figure whose numbers it has measured.
    classes, attribute_names: of the data that it was trained on.
    """

    name: str
    network: ConvNet | AttributeNet
    classes: tuple[str, ...]
    attribute_names: tuple[str, ...]

    @property
    def convnet(self) -> ConvNet:
        return self.network.net if isinstance(self.network, AttributeNet) else self.network

    def features(self, images: Tensor) -> Tensor:
        """[N, d], float32 on the CPU: its last hidden layer after the rectifier; without one, the last convolution's
        maps, averaged over the image."""
        layers = [name for name, part in self.convnet.layers.named_children() if isinstance(part, torch.nn.ReLU)]
        found = self._ask(lambda x: self.convnet.features(x, layers[-1]), images)
        return found if found.dim() == 2 else found.mean((2, 3))

    def probabilities(self, images: Tensor) -> Tensor:
        """p(class | image): [N, K], rows sum to 1. Raises CourseError where it reads attributes, not classes."""
        if isinstance(self.network, AttributeNet):
            raise CourseError(f"{self.name} reads attributes: it has no classes")
        return self._ask(lambda x: self.network(x).softmax(1), images)

    def classify(self, images: Tensor) -> Tensor:
        """The most probable class of each: int64 [N]."""
        return self.probabilities(images).argmax(1)

    def predict(self, images: Tensor) -> dict[str, Tensor]:
        """Attributes by name, [N] each: probabilities of a yes, or values in the data's units.

        Raises CourseError where it reads classes, not attributes.
        """
        if not isinstance(self.network, AttributeNet):
            raise CourseError(f"{self.name} reads classes: it knows no attributes")
        return dict(zip(self.attribute_names, self._ask(self.network.predict, images).unbind(1), strict=True))

    @torch.no_grad()
    def _ask(self, answer: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
        channels, *side = self.convnet.shape
        if images.dim() != 4 or images.shape[1] != channels or not len(images):
            raise CourseError(f"{self.name} judges images [N, {channels}, H, W], not {list(images.shape)}")
        found = []
        for some in images.split(BATCH):
            some = some.to(self.network.device, torch.float32)
            if list(some.shape[2:]) != side:
                some = F.interpolate(some, size=side, mode="bilinear", antialias=True)
            found.append(answer(some).float().cpu())
        return torch.cat(found)


@cache
def referee(which: str | Path) -> Referee:
    """The referee stored under a name, "digits" or "avatars"; or that of a run directory of `course train`.

    Raises CourseError where there is none, or the run is of another model.
    """
    folder, stored = STORED / str(which), sorted(path.parent.name for path in STORED.glob("*/config.json"))
    if str(which) in stored:
        record = runs.read_config(folder)
        network = models.from_record(record).eval()
        network.load_state_dict(load_file(folder / "weights.safetensors"))  # half precision on disk
    elif Path(which).is_dir():
        network, record, _ = models.load_run(which)
    else:
        raise unknown("referee", str(which), stored)
    if not isinstance(network, ConvNet | AttributeNet):
        raise CourseError(f"{which} is a run of '{record['model']}': only a convnet or an attribute_net can judge")
    network.requires_grad_(False)
    pixels = "x".join(map(str, record["shape"][1:]))
    name = f"the course's {record['model']} for {record['data']}, {pixels} px"
    return Referee(name, network, tuple(record["classes"]), tuple(record.get("attributes", ())))


def store(run: Path | str, name: str) -> Path:
    """Keep a run's weights beside this file, in half precision, with its config.json. Returns the folder."""
    network, record, _ = models.load_run(run)
    folder = STORED / name
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: value.half() if value.is_floating_point() else value for key, value in network.state_dict().items()}
    write_whole(folder / "weights.safetensors", save(weights))
    write_json(folder / "config.json", record)
    return folder
