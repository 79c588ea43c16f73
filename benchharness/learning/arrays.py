"""A model as named arrays, which is what is sent, averaged, checked and kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchharness.errors import UsageError

if TYPE_CHECKING:
    import torch

Arrays = dict[str, npt.NDArray[np.float32]]
_COUNTER = "num_batches_tracked"  # a whole number that a fixed momentum of BatchNorm never uses


def arrays_of(model: torch.nn.Module) -> Arrays:
    """Return copies of the parameters and of BatchNorm's means and variances, float32 by name."""
    return {
        name: tensor.detach().cpu().numpy().copy()
        for name, tensor in model.state_dict().items()
        if not name.endswith(_COUNTER)
    }


def load_arrays(model: torch.nn.Module, arrays: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Copy ``arrays`` into the model, wherever it is.

    Raises UsageError, and changes nothing, where they are not the model's: see ``fault``.
    """
    import torch

    state = {
        name: tensor for name, tensor in model.state_dict().items() if not name.endswith(_COUNTER)
    }
    wrong = fault(arrays, {name: tuple(tensor.shape) for name, tensor in state.items()})
    if wrong is not None:
        raise UsageError(wrong, where="weights", remedy="use those of the same model and sizes")
    with torch.no_grad():
        for name, tensor in state.items():
            # What came over a wire may be read-only, which PyTorch warns of.
            tensor.copy_(torch.from_numpy(np.require(arrays[name], requirements=["C", "W"])))


def fault(
    arrays: Mapping[str, npt.NDArray[np.float32]],
    like: Mapping[str, npt.NDArray[np.float32]] | Mapping[str, tuple[int, ...]],
) -> str | None:
    """Return what is wrong with ``arrays``, the first thing in a few words; None if nothing is.

    They must have the names and shapes of ``like`` (arrays, or shapes), float32, finite.
    """
    missing = [name for name in like if name not in arrays]
    if missing:
        return f"{len(missing)} of {len(like)} arrays are missing: {missing[0]!r} first"
    foreign = [name for name in arrays if name not in like]
    if foreign:
        return f"there is an array too many: {foreign[0]!r}"
    for name, expected in like.items():
        array = arrays[name]
        shape = expected if isinstance(expected, tuple) else expected.shape
        if not isinstance(array, np.ndarray) or array.dtype != np.float32:
            return f"{name!r} is {getattr(array, 'dtype', type(array).__name__)}, not float32"
        if array.shape != shape:
            return f"{name!r} has the shape {array.shape}, not {shape}"
        if not np.isfinite(array).all():
            count = int((~np.isfinite(array)).sum())
            are = "number that is" if count == 1 else "numbers that are"
            return f"{name!r} has {count} {are} not finite"
    return None
