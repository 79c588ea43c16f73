"""Models by name, built from a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchharness.errors import UnknownNameError, UsageError
from benchharness.learning import needs

if TYPE_CHECKING:
    import torch

NAMES = ("wide-resnet",)


def build(
    name: str, *, depth: int, width: int, classes: int, channels: int = 3, seed: int
) -> torch.nn.Module:
    """Return the model ``name`` on the CPU with weights drawn from ``seed``.

    ``depth`` is the number of blocks in each of three groups, ``width`` the factor on their
    channels, ``channels`` those of an image. Raises UnknownNameError for another model, and
    UsageError for a size below 1 or where PyTorch is missing.
    """
    if name not in NAMES:
        raise UnknownNameError("model", name, NAMES)
    sizes = {"depth": depth, "width": width, "classes": classes, "channels": channels}
    for what, size in sizes.items():
        if size < 1:
            raise UsageError(f"{what} is {size}", where=f"model {name}", remedy="take at least 1")
    needs.require("torch")
    from benchharness.learning.models.wide_resnet import wide_resnet

    return wide_resnet(depth=depth, width=width, classes=classes, channels=channels, seed=seed)


def parameters(model: torch.nn.Module) -> int:
    """Return how many numbers are trained."""
    return sum(each.numel() for each in model.parameters() if each.requires_grad)
