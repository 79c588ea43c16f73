"""What a training step takes in memory, from the model's shapes, and a check before it starts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchharness.errors import UnfitError
from benchharness.learning.available import available_bytes
from benchharness.units import format_bytes

if TYPE_CHECKING:
    import torch

_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Need:
    """The bytes of a training step by what they hold.

    ``parameters_bytes`` are parameters and BatchNorm's state, ``gradients_bytes`` and
    ``momentum_bytes`` as much as the parameters each, ``activations_bytes`` what the forward pass
    keeps for the backward pass, ``working_bytes`` what single layers need while they run, and
    ``arrays_bytes`` the copies that come from and go to the server.
    """

    parameters_bytes: int
    gradients_bytes: int
    momentum_bytes: int
    activations_bytes: int
    working_bytes: int
    arrays_bytes: int

    @property
    def total_bytes(self) -> int:
        """Return the sum."""
        return (
            self.parameters_bytes
            + self.gradients_bytes
            + self.momentum_bytes
            + self.activations_bytes
            + self.working_bytes
            + self.arrays_bytes
        )


def need(model: torch.nn.Module, batch: int, image_shape: tuple[int, int, int]) -> Need:
    """Estimate what training ``model`` takes, by a forward pass of shapes alone (meta device).

    Nothing is allocated and the model is not changed.
    """
    kept, largest = _activations(model, batch, image_shape)
    trained = _bytes(each for each in model.parameters() if each.requires_grad)
    state = _bytes(model.parameters()) + _bytes(model.buffers())
    return Need(
        parameters_bytes=state,
        gradients_bytes=trained,
        momentum_bytes=trained,
        activations_bytes=kept,
        # In the backward pass a layer holds its output's and its input's gradient, and the
        # library's reordered copies of both.
        working_bytes=4 * largest,
        arrays_bytes=2 * state,
    )


def check(
    model: torch.nn.Module,
    batch: int,
    image_shape: tuple[int, int, int],
    limit_bytes: int | None = None,
) -> Need:
    """Return what training takes; raise UnfitError, one line, if there is less than that.

    ``limit_bytes`` is what may be taken; None asks the machine and its control groups, which
    already hold the model itself. Where nothing says how much there is, nothing is refused.
    """
    needed = need(model, batch, image_shape)
    left = available_bytes() if limit_bytes is None else limit_bytes
    held = 0 if limit_bytes is not None else _held(model)
    if left is not None and needed.total_bytes - held > left:
        raise UnfitError(
            f"training with batches of {batch} takes about {format_bytes(needed.total_bytes)} "
            f"(activations {format_bytes(needed.activations_bytes)}) "
            f"and {format_bytes(left)} are left",
            where="memory",
            remedy="take a smaller batch, width or depth, or give this device more memory",
        )
    return needed


def _activations(
    model: torch.nn.Module, batch: int, image_shape: tuple[int, int, int]
) -> tuple[int, int]:
    """Return the bytes that autograd keeps in a forward pass, and those of its largest tensor."""
    import torch

    state = {
        name: torch.empty_like(tensor, device="meta").requires_grad_(tensor.requires_grad)
        for name, tensor in (*model.named_parameters(), *model.named_buffers())
    }
    own = {tensor.untyped_storage()._cdata for tensor in state.values()}
    kept: dict[int, tuple[torch.Tensor, int]] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = (tensor, storage.nbytes())
        return tensor

    images = torch.empty((batch, *image_shape), device="meta")
    was_training = model.training
    model.train()
    try:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            torch.func.functional_call(model, state, (images,))
    finally:
        model.train(was_training)
    sizes = [size for _, size in kept.values()]
    return sum(sizes), max(sizes, default=math.prod((batch, *image_shape)) * _FLOAT_BYTES)


def _held(model: torch.nn.Module) -> int:
    return _bytes(t for t in (*model.parameters(), *model.buffers()) if t.device.type != "meta")


def _bytes(tensors: object) -> int:
    return sum(t.numel() * t.element_size() for t in tensors)  # type: ignore[attr-defined]
