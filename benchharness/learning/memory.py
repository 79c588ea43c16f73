"""What a training step takes in memory, from the model's shapes, and a check before it starts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from itertools import chain
from typing import TYPE_CHECKING

from benchharness.errors import UnfitError
from benchharness.learning.available import available_bytes
from benchharness.units import format_bytes

if TYPE_CHECKING:
    import torch

# How many copies of the largest activation and of the largest weights a step holds besides: the
# gradients on both sides of a layer, what the library reorders, and what the allocator keeps.
# Measured (PyTorch 2.13, x86-64, one thread, batches of 8 to 128): the sum is 0 to 40 % too high.
_LARGEST_ACTIVATIONS = 14
_LARGEST_WEIGHTS = 8
_TOO_HIGH = 0.4
_REMEDY = "take a smaller batch, width or depth, or give this device more memory"


@dataclass(frozen=True, slots=True)
class Need:
    """The bytes of a training step by what they hold.

    ``weights_bytes`` are parameters and BatchNorm's state, ``gradients_bytes`` and
    ``momentum_bytes`` as much as the parameters each, ``activations_bytes`` what the forward pass
    keeps for the backward pass, ``working_bytes`` what single layers need while they run (an
    estimate), ``arrays_bytes`` the copies that come from and go to the server.
    """

    weights_bytes: int
    gradients_bytes: int
    momentum_bytes: int
    activations_bytes: int
    working_bytes: int
    arrays_bytes: int

    @property
    def total_bytes(self) -> int:
        """Return the sum."""
        return sum(astuple(self))


def need(model: torch.nn.Module, batch: int, image_shape: tuple[int, int, int]) -> Need:
    """Work out what training ``model`` takes, by a forward pass of shapes alone (meta device).

    Nothing is allocated and the model is not changed.
    """
    kept = _activations(model, batch, image_shape)
    weights = [_bytes([each]) for each in model.parameters()]
    state = _bytes(_state(model))
    trained = _bytes(each for each in model.parameters() if each.requires_grad)
    return Need(
        weights_bytes=state,
        gradients_bytes=trained,
        momentum_bytes=trained,
        activations_bytes=sum(kept),
        working_bytes=_LARGEST_ACTIVATIONS * max(kept, default=0)
        + _LARGEST_WEIGHTS * max(weights, default=0),
        arrays_bytes=2 * state,
    )


def check(
    model: torch.nn.Module,
    batch: int,
    image_shape: tuple[int, int, int],
    limit_bytes: int | None = None,
    compute: str = "cpu",
) -> Need:
    """Return what training takes; raise UnfitError, one line, if there is less than that.

    ``limit_bytes`` is all that the training may take; None asks what is left on ``compute``, where
    a model that is there already counts no more. Where nothing says how much is left, nothing is
    refused.
    """
    needed = need(model, batch, image_shape)
    more, left = needed.total_bytes, limit_bytes
    if left is None:
        more -= _bytes(each for each in _state(model) if each.device.type == compute)
        left = _left_bytes(compute)
    if left is not None and more > left:
        raise UnfitError(
            f"training with batches of {batch} takes about {format_bytes(more)} (activations "
            f"{format_bytes(needed.activations_bytes)}), and {format_bytes(left)} are left",
            where=f"memory of the {'GPU' if compute == 'cuda' else 'device'}",
            remedy=_REMEDY,
        )
    return needed


def check_together(
    model: torch.nn.Module,
    batches: Sequence[int],
    image_shape: tuple[int, int, int],
    limit_bytes: int | None = None,
    compute: str = "cpu",
) -> None:
    """Raise UnfitError, one line, if several trainings do not fit beside each other.

    ``batches`` has the images of a step of each. What one takes is estimated up to 40 % too high;
    refused is only what does not fit even so. What each takes for itself alone checks ``check``.
    """
    of_batch = {batch: need(model, batch, image_shape).total_bytes for batch in set(batches)}
    least = int(sum(of_batch[batch] for batch in batches) / (1.0 + _TOO_HIGH))
    left = _left_bytes(compute) if limit_bytes is None else limit_bytes
    if left is not None and least > left:
        raise UnfitError(
            f"{len(batches)} clients on this machine take {format_bytes(least)} at the least to "
            f"train, and {format_bytes(left)} are left",
            where=f"memory of the {'GPU' if compute == 'cuda' else 'machine'}",
            remedy="take fewer clients, or a smaller batch, width or depth",
        )


def check_weights(model: torch.nn.Module, limit_bytes: int | None = None) -> None:
    """Raise UnfitError, one line, if the weights of a model of shapes alone do not fit."""
    left = available_bytes() if limit_bytes is None else limit_bytes
    weights = _bytes(_state(model))
    if left is not None and weights > left:
        raise UnfitError(
            f"the model's weights take {format_bytes(weights)}, and {format_bytes(left)} are left",
            where="memory of the device",
            remedy=_REMEDY,
        )


def _activations(
    model: torch.nn.Module, batch: int, image_shape: tuple[int, int, int]
) -> list[int]:
    """Return the bytes of each tensor that autograd keeps in a forward pass, weights apart."""
    import torch

    state = {
        name: torch.empty_like(tensor, device="meta").requires_grad_(tensor.requires_grad)
        for name, tensor in chain(model.named_parameters(), model.named_buffers())
    }
    # By storage: two views of one tensor are kept once. The tensors are held until they are
    # counted, so that none gets the place in memory of one before it.
    weights = {tensor.untyped_storage()._cdata for tensor in state.values()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    images = torch.empty((batch, *image_shape), device="meta")
    was_training = model.training
    model.train()
    try:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            torch.func.functional_call(model, state, (images,))
    finally:
        model.train(was_training)
    return [tensor.untyped_storage().nbytes() for key, tensor in kept.items() if key not in weights]


def _left_bytes(compute: str) -> int | None:
    if compute != "cuda":
        return available_bytes()
    import torch

    return int(torch.cuda.mem_get_info()[0])


def _state(model: torch.nn.Module) -> Iterable[torch.Tensor]:
    return chain(model.parameters(), model.buffers())


def _bytes(tensors: Iterable[torch.Tensor]) -> int:
    return sum(each.numel() * each.element_size() for each in tensors)
