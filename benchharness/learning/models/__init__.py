"""Models by name, built from a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchharness.errors import UnknownNameError, UsageError
from benchharness.learning import memory, needs

if TYPE_CHECKING:
    import torch

NAMES = ("wide-resnet",)
_LARGEST = 10_000  # of any size: beyond, not even the shapes can be worked out


def build(
    name: str, *, depth: int, width: int, classes: int, channels: int = 3, seed: int
) -> torch.nn.Module:
    """Return the model ``name`` on the CPU with weights drawn from ``seed``.

    ``depth`` is the number of blocks in each of three groups, ``width`` the factor on their
    channels, ``channels`` those of an image. Raises UnknownNameError for another model, UsageError
    for a size that is not 1 to 10,000 or where PyTorch is missing, and UnfitError where there is
    not even the memory for the weights.
    """
    if name not in NAMES:
        raise UnknownNameError("model", name, NAMES)
    sizes = {"depth": depth, "width": width, "classes": classes, "channels": channels}
    for what, size in sizes.items():
        if not 1 <= size <= _LARGEST:
            raise UsageError(
                f"{what} is {size}", where=f"model {name}", remedy=f"take 1 to {_LARGEST}"
            )
    needs.require("torch")
    from benchharness.learning.models import weights
    from benchharness.learning.models.wide_resnet import wide_resnet

    shapes = wide_resnet(depth=depth, width=width, classes=classes, channels=channels)
    memory.check_weights(shapes)
    return weights.drawn(shapes, seed)


def parameters(model: torch.nn.Module) -> int:
    """Return how many numbers are trained."""
    return sum(each.numel() for each in model.parameters() if each.requires_grad)
