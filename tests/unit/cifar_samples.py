"""Archives in the format of CIFAR-100 for Python, written as Python 2 and NumPy 1 wrote them.

The opcodes are put together here, since today's pickle writes other ones.
"""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

FOLDER = "cifar-100-python"
Pixels = npt.NDArray[np.uint8]


def old_pickle(value: object) -> bytes:
    """``value`` as protocol 2 of Python 2: dictionaries, lists, strings, whole numbers, arrays."""
    return pickle.PROTO + b"\x02" + _item(value) + pickle.STOP


def _item(value: object) -> bytes:
    if isinstance(value, bool):
        return pickle.NEWTRUE if value else pickle.NEWFALSE
    if isinstance(value, bytes):
        if len(value) < 256:
            return pickle.SHORT_BINSTRING + bytes([len(value)]) + value
        return pickle.BINSTRING + struct.pack("<i", len(value)) + value
    if isinstance(value, int):
        return pickle.BININT + struct.pack("<i", value)
    if value is None:
        return pickle.NONE
    if isinstance(value, tuple):
        return pickle.MARK + b"".join(map(_item, value)) + pickle.TUPLE
    if isinstance(value, list):
        return pickle.EMPTY_LIST + pickle.MARK + b"".join(map(_item, value)) + pickle.APPENDS
    if isinstance(value, dict):
        pairs = b"".join(_item(each) for pair in value.items() for each in pair)
        return pickle.EMPTY_DICT + pickle.MARK + pairs + pickle.SETITEMS
    assert isinstance(value, np.ndarray)
    return _array(value)


def _array(array: npt.NDArray[np.generic]) -> bytes:
    """An array as NumPy 1 reduces it: made empty, then given shape, type, order and bytes."""
    empty = _global(b"numpy.core.multiarray", b"_reconstruct")
    empty += pickle.MARK + _global(b"numpy", b"ndarray") + _item((0,)) + _item(b"b")
    empty += pickle.TUPLE + pickle.REDUCE
    kind = _global(b"numpy", b"dtype") + _item((array.dtype.str[1:].encode(), 0, 1)) + pickle.REDUCE
    kind += _item((3, b"|", None, None, None, -1, -1, 0)) + pickle.BUILD
    columns_first = array.ndim > 1 and array.flags.f_contiguous
    content = array.tobytes("F" if columns_first else "C")
    state = _item(1) + _item(array.shape) + kind + _item(columns_first) + _item(content)
    return empty + pickle.MARK + state + pickle.TUPLE + pickle.BUILD


def _global(module: bytes, name: bytes) -> bytes:
    return pickle.GLOBAL + module + b"\n" + name + b"\n"


def pixels(count: int, seed: int = 1) -> Pixels:
    """``count`` rows of 3072 random bytes."""
    return np.random.default_rng(seed).integers(0, 256, (count, 3072), dtype=np.uint8)


def half(data: object, labels: Sequence[int] | None) -> dict[bytes, object]:
    """The dictionary of ``train`` or ``test``; without fine labels if there are none."""
    count = len(labels or ())
    found: dict[bytes, object] = {
        b"filenames": [b"image_%d.png" % n for n in range(count)],
        b"batch_label": b"training batch 1 of 1",
        b"coarse_labels": [each // 5 for each in labels or ()],
        b"data": data,
    }
    return found if labels is None else {**found, b"fine_labels": list(labels)}


def meta(count: int = 100) -> dict[bytes, object]:
    """The dictionary of ``meta``."""
    return {
        b"fine_label_names": [b"fine_%d" % n for n in range(count)],
        b"coarse_label_names": [b"coarse_%d" % n for n in range(20)],
    }


def files(train: int = 120, test: int = 30) -> dict[str, bytes]:
    """The files of a small archive, with random pixels and the labels 0, 1, 2 ... 99, 0 ..."""
    return {
        "meta": old_pickle(meta()),
        "file.txt~": b"",
        "test": old_pickle(half(pixels(test, 2), [n % 100 for n in range(test)])),
        "train": old_pickle(half(pixels(train, 1), [n % 100 for n in range(train)])),
    }


def write_archive(path: Path, contents: Mapping[str, bytes], folder: str = FOLDER) -> Path:
    """Write a .tar.gz with ``contents`` in ``folder``, and return its path."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_folder(path: Path, contents: Mapping[str, bytes]) -> Path:
    """Write the files of ``contents`` into a new folder, and return its path."""
    path.mkdir(parents=True)
    for name, content in contents.items():
        (path / name).write_bytes(content)
    return path
