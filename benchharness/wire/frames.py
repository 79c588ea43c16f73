"""Frames of named tensors over a byte stream: no pickle, nothing that a foreign peer can run.

A frame, whole numbers little-endian:

    magic "BHFW"    4 bytes
    version         u16     of this protocol
    reserved        u16     0
    header_bytes    u32
    payload_bytes   u64
    header          JSON, UTF-8: {"kind": "train", "fields": {...},
                                  "tensors": [["name", "<f4", [16, 3, 3, 3]], ...]}
    payload         the tensors' bytes in that order, row-major, each filled up to 8 bytes

Both sides agree on the largest frame; one that says it is larger is refused before any memory is
taken for it. ``encode`` and ``Decoder`` do no input or output: ``connection`` blocks with them,
``hub`` does not. Arrays are sent from where they lie and received where they stay.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from benchharness.errors import BenchharnessError

MAGIC = b"BHFW"
VERSION = 1
LARGEST_FRAME_BYTES = 1 << 30
DTYPES = ("<f4", "<f8", "<f2", "<i8", "<i4", "<i2", "|i1", "|u1", "|b1")

_PREFIX = struct.Struct("<4sHHIQ")
_LARGEST_HEADER_BYTES = 1 << 24
_ALIGNMENT = 8
_DIMENSIONS = 32  # as many as NumPy takes everywhere
_MOST_ELEMENTS = 1 << 40  # also of a tensor that is empty: NumPy refuses some lengths beside a 0
_PADDING = bytes(_ALIGNMENT)

Tensor = npt.NDArray[Any]


class WireError(BenchharnessError):
    """What came, or should go, is not a frame of this protocol; one line says why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message. ``size_bytes`` is what it took on the wire, its framing included."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    size_bytes: int = 0


def encode(
    kind: str,
    fields: Mapping[str, Any] | None = None,
    tensors: Mapping[str, Tensor] | None = None,
    *,
    limit_bytes: int = LARGEST_FRAME_BYTES,
) -> list[memoryview]:
    """Return the buffers of a frame, to be sent in order; contiguous tensors are not copied.

    They must not change until they have been sent. Raises WireError for a type that the protocol
    does not carry, for fields that are no JSON (NaN is none), and for a frame over the limit.
    """
    described: list[tuple[str, str, list[int]]] = []
    payload: list[memoryview] = []
    for name, tensor in (tensors or {}).items():
        plain = _plain(name, tensor)
        described.append((name, plain.dtype.str, list(plain.shape)))
        if plain.nbytes:
            payload.append(plain.reshape(-1).view(np.uint8).data)
            if gap := -plain.nbytes % _ALIGNMENT:
                payload.append(memoryview(_PADDING)[:gap])
    try:
        header = json.dumps(
            {"kind": kind, "fields": dict(fields or {}), "tensors": described},
            separators=(",", ":"),
            allow_nan=False,
        ).encode()
    except (TypeError, ValueError) as error:
        raise WireError(f"the fields of a {kind!r} frame are no JSON: {error}") from None
    payload_bytes = sum(part.nbytes for part in payload)
    _check_sizes(len(header), payload_bytes, limit_bytes, kind)
    prefix = _PREFIX.pack(MAGIC, VERSION, 0, len(header), payload_bytes)
    return [memoryview(prefix + header), *payload]


class Decoder:
    """Puts frames together from whatever pieces the stream comes in.

    ``room()`` is where the next bytes belong and ``took(count)`` says how many were put there; it
    returns the frame that they complete, or None. Raises WireError for what is no frame; nothing
    can be read of that stream afterwards.
    """

    def __init__(self, limit_bytes: int = LARGEST_FRAME_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._header: _Header | None = None
        self._payload: npt.NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
        self._payload_bytes = 0
        self._expect("prefix", memoryview(bytearray(_PREFIX.size)))

    @property
    def missing(self) -> str | None:
        """Return what is missing of the frame that has begun, in words; None between frames."""
        if self._part == "prefix" and not self._filled:
            return None
        return f"{len(self._view) - self._filled} bytes of its {self._part}"

    def room(self) -> memoryview:
        """Return where the next bytes belong; never empty."""
        return self._view[self._filled :]

    def took(self, count: int) -> Frame | None:
        """Count bytes that were put into ``room()``; return a frame that is now whole."""
        self._filled += count
        if self._filled < len(self._view):
            return None
        if self._part == "prefix":
            header_bytes, self._payload_bytes = _read_prefix(self._view, self.limit_bytes)
            self._expect("header", memoryview(bytearray(header_bytes)))
            return None
        if self._part == "header":
            self._header = _read_header(bytes(self._view), self._payload_bytes)
            if self._payload_bytes:
                self._payload = np.empty(self._payload_bytes, dtype=np.uint8)
                self._expect("payload", self._payload.data)
                return None
        frame = self._frame()
        self._expect("prefix", memoryview(bytearray(_PREFIX.size)))
        return frame

    def _expect(self, part: str, view: memoryview) -> None:
        self._part, self._view, self._filled = part, view, 0

    def _frame(self) -> Frame:
        assert self._header is not None
        tensors: dict[str, Tensor] = {}
        start = 0
        for name, dtype, shape, nbytes in self._header.tensors:
            tensors[name] = self._payload[start : start + nbytes].view(dtype).reshape(shape)
            start += _padded(nbytes)
        size_bytes = _PREFIX.size + self._header.size_bytes + self._payload_bytes
        frame = Frame(self._header.kind, self._header.fields, tensors, size_bytes)
        self._header, self._payload = None, np.empty(0, dtype=np.uint8)
        return frame


@dataclass(frozen=True, slots=True)
class _Header:
    kind: str
    fields: dict[str, Any]
    tensors: tuple[tuple[str, np.dtype[Any], tuple[int, ...], int], ...]
    size_bytes: int


def _plain(name: str, tensor: Tensor) -> Tensor:
    """Return a tensor as it is sent: row-major, little-endian."""
    little = tensor.dtype.newbyteorder("<")
    if little.str not in DTYPES:
        raise WireError(f"{name!r} is {tensor.dtype}", remedy=f"send one of {', '.join(DTYPES)}")
    # ascontiguousarray would make a number without dimensions a list of one.
    return tensor.astype(little, order="C", copy=False)


def _check_sizes(header_bytes: int, payload_bytes: int, limit_bytes: int, what: str) -> None:
    if header_bytes > _LARGEST_HEADER_BYTES:
        raise WireError(f"a header of {header_bytes} bytes", where=f"frame {what!r}")
    if (size := _PREFIX.size + header_bytes + payload_bytes) > limit_bytes:
        raise WireError(
            f"a frame of {size} bytes, and at most {limit_bytes} are agreed",
            where=f"frame {what!r}",
            remedy="send less at once, or agree on more",
        )


def _read_prefix(view: memoryview, limit_bytes: int) -> tuple[int, int]:
    magic, version, reserved, header_bytes, payload_bytes = _PREFIX.unpack(view)
    if magic != MAGIC:
        raise WireError(
            f"not a frame: it begins with {bytes(magic)!r}",
            remedy="see which program is at the other end",
        )
    if version != VERSION or reserved:
        raise WireError(
            f"version {version} of the protocol, and this program speaks {VERSION}",
            remedy="install the same benchharness at both ends",
        )
    _check_sizes(header_bytes, payload_bytes, limit_bytes, "received")
    if not header_bytes:
        raise WireError("a frame without a header")
    return header_bytes, payload_bytes


def _read_header(data: bytes, payload_bytes: int) -> _Header:
    try:
        header = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise WireError("a header that is no JSON") from None
    if not isinstance(header, dict) or set(header) != {"kind", "fields", "tensors"}:
        raise WireError("a header without kind, fields and tensors")
    kind, fields, listed = header["kind"], header["fields"], header["tensors"]
    if not (isinstance(kind, str) and isinstance(fields, dict) and isinstance(listed, list)):
        raise WireError("a header whose kind, fields or tensors have another type")
    tensors = tuple(_described(entry) for entry in listed)
    if len({name for name, *_ in tensors}) != len(tensors):
        raise WireError("two tensors of one name")
    needed = sum(_padded(nbytes) for *_, nbytes in tensors)
    if needed != payload_bytes:
        raise WireError(f"tensors of {needed} bytes in a payload of {payload_bytes}")
    return _Header(kind, fields, tensors, len(data))


def _described(entry: object) -> tuple[str, np.dtype[Any], tuple[int, ...], int]:
    if not (isinstance(entry, list) and len(entry) == 3):
        raise WireError("a tensor without name, type and shape")
    name, dtype, shape = entry
    if not isinstance(name, str) or dtype not in DTYPES:
        raise WireError(f"a tensor {name!r} of the type {dtype!r}")
    if not _is_shape(shape):
        raise WireError(f"a tensor {name!r} of the shape {shape!r}")
    found = np.dtype(dtype)
    return name, found, tuple(shape), math.prod(shape) * found.itemsize


def _is_shape(shape: object) -> bool:
    return (
        isinstance(shape, list)
        and len(shape) <= _DIMENSIONS
        and all(type(length) is int and length >= 0 for length in shape)
        and math.prod(max(1, length) for length in shape) <= _MOST_ELEMENTS
    )


def _padded(nbytes: int) -> int:
    return nbytes + -nbytes % _ALIGNMENT


def _no_constant(text: str) -> object:
    raise ValueError(text)
