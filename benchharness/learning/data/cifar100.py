"""CIFAR-100 as it is published for Python: A. Krizhevsky, Learning Multiple Layers of Features
from Tiny Images (2009), cifar-100-python.tar.gz.

Three pickles of Python 2: ``train`` and ``test`` with ``data`` (bytes [N, 3072]: 1024 red, then
green, then blue, row by row) and ``fine_labels``, ``meta`` with ``fine_label_names``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchharness.errors import UsageError
from benchharness.learning.data import archive, pickled_arrays
from benchharness.learning.data.dataset import Dataset, Labels, Pixels

CLASSES = 100
_PUBLISHED = (50_000, 10_000)
_FILES = ("train", "test", "meta")
_ROW_BYTES = 3 * 32 * 32
_REMEDY = (
    "fetch cifar-100-python.tar.gz (169 MB) from its authors' page, "
    "www.cs.toronto.edu/~kriz/cifar.html, and name it or its extracted folder"
)


def read(path: Path) -> Dataset:
    """Return the images and fine labels of the archive, or of its extracted folder, at ``path``.

    An archive in the same format with other counts of images is read too, and its title says that
    it is not the published one. Raises UsageError, one line, where it is missing, truncated,
    CIFAR-10's or another program's version, or of the wrong shapes.
    """
    files = archive.read_files(path, _FILES, _REMEDY)
    missing = [name for name in _FILES if name not in files]
    if missing:
        raise _refusal(path, _instead(archive.names_in(path), missing))
    names = _unpickled(path, "meta", files).get("fine_label_names")
    if not isinstance(names, list) or len(names) != CLASSES:
        count = len(names) if isinstance(names, list) else "no"
        raise _refusal(path, f"its meta has {count} fine_label_names, not {CLASSES}")
    train_pixels, train_y = _half(path, "train", files)
    test_pixels, test_y = _half(path, "test", files)
    return Dataset(
        train_pixels=train_pixels,
        train_y=train_y,
        test_pixels=test_pixels,
        test_y=test_y,
        classes=CLASSES,
        title=_title(len(train_y), len(test_y)),
        real=True,
    )


def _title(train: int, test: int) -> str:
    if (train, test) == _PUBLISHED:
        return f"CIFAR-100: {train} training and {test} test images"
    return (
        f"an archive in the format of CIFAR-100 with {train} training and {test} test images: "
        "not the published CIFAR-100"
    )


def _half(path: Path, name: str, files: dict[str, bytes]) -> tuple[Pixels, Labels]:
    found = _unpickled(path, name, files)
    data, labels = found.get("data"), found.get("fine_labels")
    if labels is None and "labels" in found:
        raise _refusal(path, f"its {name} has labels and no fine_labels: it is CIFAR-10")
    if not isinstance(data, np.ndarray) or data.ndim != 2 or data.shape[1] != _ROW_BYTES:
        shape = data.shape if isinstance(data, np.ndarray) else "no array"
        raise _refusal(path, f"the data of its {name} is {shape}, not [N, {_ROW_BYTES}] bytes")
    if not isinstance(labels, list) or len(labels) != len(data) or not labels:
        count = len(labels) if isinstance(labels, list) else "no"
        raise _refusal(path, f"its {name} has {len(data)} images with {count} fine_labels")
    if not all(type(each) is int and 0 <= each < CLASSES for each in labels):
        raise _refusal(path, f"a fine label of its {name} is not 0 to {CLASSES - 1}")
    pixels = np.ascontiguousarray(data).reshape(len(data), 3, 32, 32)
    return pixels, np.asarray(labels, dtype=np.int64)


def _unpickled(path: Path, name: str, files: dict[str, bytes]) -> dict[str, object]:
    """Unpickle one of ``files`` and drop it from them: a small device holds each half once."""
    try:
        return pickled_arrays.read(files.pop(name))
    except pickled_arrays.ForeignPickleError as error:
        raise _refusal(path, f"its {name} is not what CIFAR-100 has: {error}") from error


def _instead(names: frozenset[str], missing: list[str]) -> str:
    if "batches.meta" in names or "data_batch_1" in names or "batches.meta.txt" in names:
        return "it is CIFAR-10, not CIFAR-100"
    if names & {"train.bin", "train.mat"}:
        return "it is CIFAR-100 for C or for Matlab, not for Python"
    return f"it lacks {', '.join(missing)} of CIFAR-100 for Python"


def _refusal(path: Path, what: str) -> UsageError:
    return UsageError(what, where=str(path.absolute()), remedy=_REMEDY)
