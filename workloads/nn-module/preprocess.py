"""What the module does with an image, in NumPy: the same bytes for the model, and the digests.

The arithmetic is in wasm_modules/nn-module/README.md; integers only, so both agree to the bit.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # (height, width, 3)

SIDE = 224
LARGEST_SIDE = 16384
TOP = 5
_WHOLE = 2 * SIDE
_SPACE = rb"(?:[ \t\n\x0b\x0c\r]|#[^\n]*\n)"
_HEADER = re.compile(rb"P6" + (_SPACE + rb"+([0-9]{1,6})") * 3 + rb"[ \t\n\x0b\x0c\r]")


class ImageError(ValueError):
    """A file that is not such an image, in one line."""


def read_ppm(path: Path) -> Image:
    """Return a binary PPM file (P6, 8 bits a colour) as (height, width, 3). Raises ImageError."""
    try:
        file = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}") from None
    if not file.startswith(b"P6"):
        raise ImageError(f"{path} is not a binary PPM image (P6)")
    header = _HEADER.match(file)
    if header is None:
        raise ImageError(f"{path} is no PPM image: its header is broken")
    width, height, largest = map(int, header.groups())
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE):
        raise ImageError(f"{path} is {width} x {height}; each side is from 1 to {LARGEST_SIDE}")
    if largest != 255:
        raise ImageError(f"{path} has colours up to {largest}; only 255 is read")
    pixels = file[header.end() : header.end() + 3 * width * height]
    if len(pixels) < 3 * width * height:
        raise ImageError(f"{path} is cut short")
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


def preprocess(image: Image) -> Image:
    """Return the centre square, resized: (224, 224, 3)."""
    height, width, _ = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    low, high, part = _places(side)
    # Rows are picked before columns are mixed: a large image is never held in 64 bits whole.
    above, below = (_columns(image[top + rows, left : left + side]) for rows in (low, high))
    mixed = above * (_WHOLE - part)[:, None, None] + below * part[:, None, None]
    return ((mixed + _WHOLE * _WHOLE // 2) // (_WHOLE * _WHOLE)).astype(np.uint8)


def digest(data: bytes) -> str:
    """Return FNV-1a with 64 bits, in hexadecimal."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFF_FFFF_FFFF_FFFF
    return f"{value:016x}"


def top(scores: npt.NDArray[np.uint8]) -> list[list[int]]:
    """Return the highest scores as [class, score], the lower class first among equals."""
    order = np.argsort(255 - scores, kind="stable")[:TOP]
    return [[int(index), int(scores[index])] for index in order]


def _columns(rows: Image) -> npt.NDArray[np.int64]:
    """Return rows of a square image with their columns mixed, in units of 1 / 2 SIDE."""
    low, high, part = _places(rows.shape[1])
    left, right = rows[:, low].astype(np.int64), rows[:, high].astype(np.int64)
    return left * (_WHOLE - part)[:, None] + right * part[:, None]


def _places(
    source: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return, for each output sample, the samples it lies between and the weight of the second."""
    centre = np.clip((2 * np.arange(SIDE) + 1) * source - SIDE, 0, _WHOLE * (source - 1))
    low = centre // _WHOLE
    return low, np.minimum(low + 1, source - 1), centre % _WHOLE
