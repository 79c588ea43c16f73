"""Reads a pickle of plain values and NumPy byte arrays, and nothing else that a pickle can do.

A pickle is a program: it may call whatever it names. Here the three names by which NumPy before 2
pickles an array stand for records of this file; any other name is refused. No code of NumPy runs,
and none of its private modules, which have moved since, is needed.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


class ForeignPickleError(ValueError):
    """A pickle that holds something else than plain values and byte arrays."""


@dataclass
class _PickledType:
    """Stands for numpy.dtype('u1') as it is called by a pickle."""

    name: object = None

    def __setstate__(self, state: object) -> None:
        """Ignore version and byte order: one byte has none."""


@dataclass
class _PickledArray:
    """Stands for an array of bytes: its shape, whether columns come first, its bytes."""

    state: tuple[Any, ...] = field(default=())

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise ForeignPickleError("an array without version, shape, type, order and bytes")
        self.state = state

    def array(self) -> npt.NDArray[np.uint8]:
        """Return the array, read-only; raises ForeignPickleError unless it is one of bytes."""
        if not self.state:
            raise ForeignPickleError("an array without content")
        _, shape, kind, columns_first, content = self.state
        if not (isinstance(kind, _PickledType) and kind.name in (b"u1", "u1", b"|u1", "|u1")):
            raise ForeignPickleError("an array that is not of unsigned bytes")
        whole = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
        if not (whole and isinstance(content, bytes) and math.prod(shape) == len(content)):
            raise ForeignPickleError("an array whose bytes do not fill its shape")
        flat = np.frombuffer(content, dtype=np.uint8)
        array: npt.NDArray[np.uint8] = flat.reshape(shape, order="F" if columns_first else "C")
        return array


class _Maker:
    """Stands for a name that a pickle calls; unlike a function, it has no state to be changed."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., object]) -> None:
        self._make = make

    def __call__(self, *arguments: object) -> object:
        return self._make(*arguments)

    def __setstate__(self, state: object) -> None:
        raise ForeignPickleError("it changes what makes an array")


# numpy.ndarray is only handed to _reconstruct, which has no use for it.
_NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): _Maker(lambda *_: _PickledArray()),
    ("numpy", "ndarray"): _Maker(lambda *_: _PickledArray()),
    ("numpy", "dtype"): _Maker(lambda name=None, *_: _PickledType(name)),
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name of the format; raises ForeignPickleError for others."""
        try:
            return _NAMES[module, name]
        except KeyError:
            raise ForeignPickleError(f"it asks for {module}.{name}") from None

    def persistent_load(self, pid: Any) -> Any:
        """Refuse objects that are kept elsewhere."""
        raise ForeignPickleError(f"it refers to an object elsewhere: {pid!r}")


def read(content: bytes) -> dict[str, object]:
    """Return the dictionary that ``content`` holds: names to values, lists and byte arrays.

    Strings of Python 2 are bytes. Raises ForeignPickleError where it is anything else, truncated
    or not a pickle.
    """
    try:
        found = _Reader(io.BytesIO(content), encoding="bytes").load()
    except ForeignPickleError:
        raise
    except MemoryError as error:
        raise ForeignPickleError("it asks for more memory than there is") from error
    except Exception as error:  # a damaged pickle raises nearly anything
        raise ForeignPickleError(f"it is damaged or no pickle ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise ForeignPickleError("it is no dictionary")
    return {_text(name): _plain(value) for name, value in found.items()}


def _text(name: object) -> str:
    return name.decode("latin-1") if isinstance(name, bytes) else str(name)


def _plain(value: object) -> object:
    return value.array() if isinstance(value, _PickledArray) else value
