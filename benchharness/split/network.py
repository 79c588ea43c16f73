"""The network of ARES: seven layers in a row, so that it can be cut after each of them.

Three 3x3 convolutions of 32, 64 and 64 channels with BatchNorm and ReLU, a 2x2 maximum after the
first two, a fully connected layer of 128 with ReLU and one of as many as there are classes:
582,346 parameters for images of 3x32x32 and 10 classes. Cut s is between layers s and s + 1: the
device has layers 1 to s, the server the rest.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchharness.errors import UsageError
from benchharness.learning import needs
from benchharness.learning.arrays import Arrays

if TYPE_CHECKING:
    from torch import nn

LAYERS = 7
IMAGE_SHAPE = (3, 32, 32)
# Per sample and cut, for images of 3x32x32 and 10 classes; cut 0 sends the image itself.
ELEMENTS = (3072, 32768, 8192, 16384, 4096, 4096, 128, 10)
_PREFIX = "layer"
_LARGEST = 10_000  # of any size


def network(
    classes: int,
    image_shape: tuple[int, int, int] = IMAGE_SHAPE,
    *,
    seed: int,
    width: float = 1.0,
) -> nn.Sequential:
    """Return the network on the CPU with weights drawn from ``seed``: layers layer1 to layer7.

    ``image_shape`` is channels, height and width, the last two multiples of 4; ``width`` is a
    factor on the channels within. It gives [N, classes] logits. The weights are drawn as those of
    learning's models are. Raises UsageError for sizes that cannot
    be, or where PyTorch is missing.
    """
    _check(classes, image_shape, width)
    needs.require("torch")
    from benchharness.learning.models import weights

    return weights.drawn(_shapes(classes, image_shape, width), seed)


def check_cut(cut: int, layers: int = LAYERS) -> int:
    """Return ``cut``. Raises UsageError where it is not 0 to ``layers``."""
    if isinstance(cut, bool) or not isinstance(cut, int) or not 0 <= cut <= layers:
        raise UsageError(
            f"there is no cut {cut}", where="cut", remedy=f"take a whole number from 0 to {layers}"
        )
    return cut


def layer_of(name: str) -> int:
    """Return the layer, from 1, that an array of the network belongs to, by its name.

    Raises UsageError for a name that the network has not.
    """
    head = name.partition(".")[0]
    number = head.removeprefix(_PREFIX)
    if head == number or not (number.isascii() and number.isdigit()):
        raise UsageError(f"the network has no array {name!r}", where="weights")
    return int(number)


def divide(arrays: Mapping[str, npt.NDArray[np.float32]], cut: int) -> tuple[Arrays, Arrays]:
    """Return the device's arrays of a whole network and the server's; nothing is copied."""
    check_cut(cut)
    device: Arrays = {}
    server: Arrays = {}
    for name, array in arrays.items():
        (device if layer_of(name) <= cut else server)[name] = array
    return device, server


def parameters(model: nn.Sequential) -> tuple[int, ...]:
    """Return how many numbers each layer trains, from layer 1 on."""
    return tuple(sum(each.numel() for each in layer.parameters()) for layer in model)


def elements(
    model: nn.Sequential, image_shape: tuple[int, int, int] = IMAGE_SHAPE
) -> tuple[int, ...]:
    """Return how many numbers of one image cross at each cut, 0 to the last, by shapes alone."""
    import copy

    import torch

    shapes = copy.deepcopy(model).to("meta").eval()
    x = torch.empty((1, *image_shape), device="meta")
    found = [x.numel()]
    with torch.no_grad():
        for layer in shapes:
            x = layer(x)
            found.append(x.numel())
    return tuple(found)


def _shapes(classes: int, image_shape: tuple[int, int, int], width: float) -> nn.Sequential:
    import torch
    from torch import nn

    channels, height, wide = image_shape
    few, many, hidden = (max(1, round(width * each)) for each in (32, 64, 128))
    with torch.device("meta"):
        layers = (
            _convolution(channels, few),
            nn.MaxPool2d(2),
            _convolution(few, many),
            nn.MaxPool2d(2),
            _convolution(many, many),
            nn.Sequential(
                OrderedDict(
                    flat=nn.Flatten(),
                    linear=nn.Linear(many * (height // 4) * (wide // 4), hidden),
                    relu=nn.ReLU(inplace=True),
                )
            ),
            nn.Linear(hidden, classes),
        )
    return nn.Sequential(
        OrderedDict((f"{_PREFIX}{number}", layer) for number, layer in enumerate(layers, 1))
    )


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    from torch import nn

    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(inputs, outputs, 3, padding=1),
            norm=nn.BatchNorm2d(outputs),
            relu=nn.ReLU(inplace=True),
        )
    )


def _check(classes: int, image_shape: tuple[int, int, int], width: float) -> None:
    channels, height, wide = image_shape
    fits = min(channels, height, wide) >= 1 and height % 4 == 0 and wide % 4 == 0
    if not fits or max(image_shape) > _LARGEST:
        raise UsageError(
            f"images of {channels}x{height}x{wide}",
            where="network",
            remedy="take a height and a width that are multiples of 4",
        )
    if not 2 <= classes <= _LARGEST:
        raise UsageError(f"{classes} classes", where="network", remedy=f"take 2 to {_LARGEST}")
    if not 0 < width <= 64:
        raise UsageError(f"a width of {width}", where="network", remedy="take over 0, up to 64")
