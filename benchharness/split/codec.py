"""Activations and gradients as they go over the wire: 4, 2 or 1 bytes a number.

A tensor x becomes a mapping of arrays, for a frame, and comes back as y, float32 in x's shape:

    float32   y = x.
    float16   IEEE 754 binary16 [in x's shape], to the nearest: |x - y| <= max(|x| / 2048, 2^-25).
              A number beyond 65504 is refused; it would arrive as infinity.
    uint8     one straight line for the tensor: y = low + q step, with low = min x,
              step = (max x - low) / 255 and q the nearest whole number (the affine quantisation of
              B. Jacob et al., Quantization and Training of Neural Networks for Efficient
              Integer-Arithmetic-Only Inference, CVPR 2018, with a real zero point):
              |x - y| <= step / 2 + 1e-6 max |x|, and 1.5e-45 beside numbers that small.
              A constant tensor comes back as it was. low and step are float64[2].

``pack`` refuses NaN and infinity in all of them. ``unpack`` does for bytes; of floats the part that
takes them does, in the same words, so that a large tensor is not read twice for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from benchharness.errors import UnknownNameError
from benchharness.split import finite
from benchharness.split.finite import Direction, NotFiniteError
from benchharness.wire.frames import Tensor, WireError

CODECS = ("float32", "float16", "uint8")
ELEMENT_BYTES = {"float32": 4, "float16": 2, "uint8": 1}
RANGE_BYTES = 16  # low and step of a tensor of bytes
LARGEST_FLOAT16 = 65504.0
VALUES, RANGE = "values", "range"

Floats = npt.NDArray[np.float32]
_AT_ONCE = 1 << 16  # numbers that stay in a processor's cache from one operation to the next
_LARGEST = float(np.finfo(np.float32).max)
# Between these a range and 255 parts of it are ordinary float32 numbers, and that is faster.
_NARROW, _WIDE = 1e-30, 1e38


def check_codec(name: str) -> str:
    """Return ``name``. Raises UnknownNameError where there is no such codec."""
    if name not in CODECS:
        raise UnknownNameError("codec", name, CODECS)
    return name


def pack(array: Floats, codec: str, direction: Direction | None = None) -> dict[str, Tensor]:
    """Return what to send of a float32 tensor; as float32 that is the array itself.

    ``direction`` is for the error alone. Raises NotFiniteError, a WireError, for NaN and infinity,
    WireError for what float16 cannot hold, UnknownNameError for another codec.
    """
    check_codec(codec)
    if array.dtype != np.float32:
        raise WireError(f"numbers of {array.dtype}", remedy="pack float32")
    if codec == "uint8":
        return _to_bytes(array, direction)
    finite.check(array, direction)
    if codec == "float16":
        _check_half(array, direction)
        return {VALUES: _as(array, np.float16)}
    return {VALUES: array}


def unpack(tensors: Mapping[str, Tensor], direction: Direction | None = None) -> Floats:
    """Return the float32 tensor of what ``pack`` gave, by the type of its values.

    float32 is not copied. Raises NotFiniteError or WireError for anything that ``pack`` does not
    give.
    """
    values, limits = tensors.get(VALUES), tensors.get(RANGE)
    if values is None:
        raise WireError(f"no tensor {VALUES!r} in the frame", where=direction)
    if values.dtype == np.uint8:
        return _from_bytes(values, limits, direction)
    if values.dtype not in (np.float32, np.float16):
        raise WireError(f"{VALUES!r} is {values.dtype}", where=direction)
    if values.dtype == np.float16:
        return _as(values, np.float32)
    return values


def codec_of(tensors: Mapping[str, Tensor]) -> str:
    """Return the codec that packed ``tensors``. Raises WireError where none did."""
    values = tensors.get(VALUES)
    if values is None or str(values.dtype) not in CODECS:
        raise WireError(f"no tensor {VALUES!r} of a codec's type in the frame")
    return str(values.dtype)


def packed_bytes(count: int, codec: str) -> int:
    """Return the bytes of a packed tensor of ``count`` numbers."""
    return count * ELEMENT_BYTES[check_codec(codec)] + (RANGE_BYTES if codec == "uint8" else 0)


def _check_half(array: Floats, direction: Direction | None) -> None:
    largest = float(max(array.max(), -array.min())) if array.size else 0.0
    if largest > LARGEST_FLOAT16:
        raise WireError(
            f"{largest:g} is beyond what float16 holds, {LARGEST_FLOAT16:.0f}",
            where=direction,
            remedy="take float32 or uint8",
        )


def _to_bytes(array: Floats, direction: Direction | None) -> dict[str, Tensor]:
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if not np.isfinite(low + high):  # min and max pass NaN on, and the sum of two is no infinity
        finite.check(array, direction)
    step = (high - low) / 255
    values = np.zeros(array.shape, dtype=np.uint8)
    if step > 0:
        kind = _precision(high - low)
        flat, out = np.ascontiguousarray(array).reshape(-1), values.reshape(-1)
        for start in range(0, flat.size, _AT_ONCE):
            end = start + _AT_ONCE
            part = np.subtract(flat[start:end], kind(low), dtype=kind)
            part *= kind(1 / step)
            np.rint(part, out=part)
            out[start:end] = part
    return {VALUES: values, RANGE: np.array([low, step])}


def _from_bytes(
    values: npt.NDArray[np.uint8], limits: Tensor | None, direction: Direction | None
) -> Floats:
    if limits is None or limits.shape != (2,) or limits.dtype != np.float64:
        raise WireError(f"bytes without their {RANGE!r}, low and step", where=direction)
    low, step = (float(each) for each in limits)
    if not np.isfinite(limits).all():
        raise NotFiniteError(f"bytes from {low:g} in steps of {step:g}", direction)
    # A step of the largest range, rounded up, may end beyond the largest number by a hair.
    high = low + 255 * step
    if step < 0 or abs(low) > _LARGEST or high > _LARGEST * (1 + 1e-9):
        raise WireError(f"bytes from {low:g} in steps of {step:g}", where=direction)
    kind = _precision(255 * step)
    result = np.empty(values.shape, dtype=np.float32)
    flat, out = np.ascontiguousarray(values).reshape(-1), result.reshape(-1)
    for start in range(0, flat.size, _AT_ONCE):
        end = start + _AT_ONCE
        part = flat[start:end].astype(kind)
        part *= kind(step)
        part += kind(low)
        out[start:end] = np.minimum(part, _LARGEST) if kind is np.float64 else part
    return result


def _as(array: Tensor, kind: type[Any]) -> Tensor:
    """Return a float array as another: PyTorch has what processors offer for it, NumPy has not."""
    import torch

    wanted = torch.float16 if kind is np.float16 else torch.float32
    tensor = torch.from_numpy(np.require(array, requirements=["C", "W"])).to(wanted)
    return np.asarray(tensor.numpy())


def _precision(width: float) -> type[Any]:
    """Return the type in which a range is divided without losing it."""
    return np.float32 if _NARROW < width < _WIDE else np.float64
