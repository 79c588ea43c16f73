"""The two parts of a network that is cut: what each does with a batch.

One step of split learning (O. Gupta and R. Raskar, Distributed learning of deep neural network
over multiple agents, 2018): the device computes its layers and sends the activations with the
labels; the server computes the rest and the loss, goes back, sends the gradient of its input, and
takes its step; the device goes back and takes its own. The gradients are those of the whole
network, so that loss and weights are as without a cut.

Arrays share the memory of the tensors in both directions where they lie on the CPU: what comes
over a wire becomes a tensor without a copy, what goes is a view. Such a view is good until its
part is used again.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING

from benchharness.errors import UsageError
from benchharness.split import finite
from benchharness.split.network import check_cut
from benchharness.split.part import (
    Floats,
    Labels,
    Part,
    Stepped,
    array_of,
    exact,
    loss_of,
    tensor_of,
)
from benchharness.split.sgd import Sgd
from benchharness.wire.frames import WireError

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["DevicePart", "Floats", "Labels", "ServerPart", "Stepped"]


class DevicePart(Part):
    """Layers 1 to ``cut`` of ``model``; at cut 0 there are none, and images pass as they are.

    Raises UsageError for a cut out of range.
    """

    def __init__(self, model: nn.Sequential, cut: int, config: Sgd, compute: str = "cpu") -> None:
        self.cut = check_cut(cut, len(model))
        super().__init__(model[:cut], config, compute)
        self._out: torch.Tensor | None = None

    def forward(self, x: Floats) -> Floats:
        """Return the activations of images [N, C, H, W], a view of what the layers gave.

        Whether they are finite is asked where they go: ``codec.pack``, ``ServerPart.propagate``.
        """
        if self.cut == 0:
            return x
        with exact(self.compute):
            self._out = self.layers(tensor_of(x, self.compute))
        return array_of(self._out)

    def backward(self, gradients: Floats | None) -> None:
        """Go back from the loss's gradients by the last activations, and take the step.

        At cut 0 there is nothing to do. Raises NotFiniteError or WireError, and changes no weight,
        where they are not finite or not of the activations' shape; UsageError without a forward.
        """
        if self.cut == 0:
            return
        out, self._out = self._out, None
        if out is None:
            raise UsageError("gradients of no activations", remedy="go forward before back")
        if gradients is None or gradients.shape != tuple(out.shape):
            shape = None if gradients is None else gradients.shape
            raise WireError(f"gradients of the shape {shape}, not {tuple(out.shape)}")
        finite.check(gradients, "down")
        self.forget_gradients()
        with exact(self.compute):
            out.backward(tensor_of(gradients, self.compute))
        self.update()


class ServerPart(Part):
    """Layers ``cut`` + 1 to the last of ``model`` and the loss.

    Raises UsageError for a cut out of range.
    """

    def __init__(self, model: nn.Sequential, cut: int, config: Sgd, compute: str = "cpu") -> None:
        self.cut = check_cut(cut, len(model))
        super().__init__(model[cut:], config, compute)
        self._fits: tuple[int, ...] | None = None

    def step(self, activations: Floats, labels: Labels) -> Stepped:
        """Go forward and back with a batch and take the step; see ``propagate``."""
        stepped = self.propagate(activations, labels)
        self.update()
        return stepped

    def propagate(self, activations: Floats, labels: Labels) -> Stepped:
        """Go forward and back, without the step: the device may have its gradients before it.

        ``labels`` [N] are whole numbers. Raises NotFiniteError where numbers are not finite, in
        either direction, or the loss is not, and WireError where activations or labels do not fit
        the layers.
        """
        finite.check(activations, "up")
        self._check_shape(activations.shape)
        x = tensor_of(activations, self.compute).requires_grad_(self.cut > 0)
        self.forget_gradients()
        with exact(self.compute):
            loss, right = loss_of(self.layers(x), labels)
            if not math.isfinite(value := loss.item()):
                raise finite.NotFiniteError(f"the loss is {value}", "down")
            loss.backward()
        gradients = None if x.grad is None else array_of(x.grad)
        if gradients is not None:
            finite.check(gradients, "down")
        return Stepped(gradients, value, int(right))

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise WireError where activations of that shape do not fit; asked once for each."""
        if shape[1:] == self._fits and shape[0]:
            return
        import torch

        shapes = copy.deepcopy(self.layers).to("meta").eval()
        try:
            if not shape or not shape[0]:
                raise ValueError("there is no image")
            with torch.no_grad():
                logits = shapes(torch.empty((1, *shape[1:]), device="meta"))
            if logits.ndim != 2:
                raise ValueError(f"they give {tuple(logits.shape)}")
        except (RuntimeError, ValueError, IndexError) as error:
            raise WireError(
                f"activations of the shape {shape} do not fit: {str(error).splitlines()[0]}",
                where=f"the server's part after cut {self.cut}",
            ) from None
        self._fits = shape[1:]
