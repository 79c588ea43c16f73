"""The step without a cut: cut L, where a device computes every layer and the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchharness.split.part import Floats, Labels, Part, Stepped, exact, loss_of, tensor_of
from benchharness.split.sgd import Sgd

if TYPE_CHECKING:
    from torch import nn


class WholePart(Part):
    """All layers of ``model``, and the loss."""

    def __init__(self, model: nn.Sequential, config: Sgd, compute: str = "cpu") -> None:
        self.cut = len(model)
        super().__init__(model, config, compute)

    def step(self, x: Floats, labels: Labels) -> Stepped:
        """Go forward and back with images [N, C, H, W] and labels [N], and take the step.

        Nothing crosses, so there are no gradients in what is returned; a loss that is not finite
        is returned as it is. Raises WireError for labels that do not fit.
        """
        self.forget_gradients()
        with exact(self.compute):
            loss, right = loss_of(self.layers(tensor_of(x, self.compute)), labels)
            loss.backward()
        self.update()
        return Stepped(None, loss.item(), int(right))
