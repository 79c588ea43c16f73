"""The seeded images that the model was made with: 965 patterns, one a class. NumPy only.

A pattern is a grid of 4 x 4 random colours, drawn at any size by bilinear interpolation between
the centres of its cells. Everything comes from the raw output of PCG64, which NumPy promises to
keep, and from float64 arithmetic in a fixed order: the bytes are the same on every machine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # (height, width, 3)

CLASSES = 965
SIZE = 224
SEED = 20240612
_CELLS = 4
_CHANNELS = 3


def grid(index: int) -> npt.NDArray[np.float64]:
    """Return the colours of pattern ``index``: (4, 4, 3), integers from 0 to 255."""
    raw = np.random.PCG64([SEED, index]).random_raw(_CELLS * _CELLS * _CHANNELS)
    colours: npt.NDArray[np.float64] = (raw >> np.uint64(56)).astype(np.float64)
    return colours.reshape(_CELLS, _CELLS, _CHANNELS)


def draw(index: int, size: int = SIZE) -> Image:
    """Return pattern ``index`` as a square image: (size, size, 3)."""
    at = np.clip((np.arange(size) + 0.5) * _CELLS / size - 0.5, 0, _CELLS - 1)
    low = np.minimum(at.astype(np.int64), _CELLS - 2)
    part = at - low
    colours = grid(index)
    columns = _between(colours[:, low], colours[:, low + 1], part[None, :, None])
    rows = _between(columns[low], columns[low + 1], part[:, None, None])
    return np.floor(rows + 0.5).astype(np.uint8)


def framed(index: int, width: int, height: int) -> Image:
    """Return a wide image with pattern ``index`` in its centre and black on both sides."""
    image = np.zeros((height, width, _CHANNELS), dtype=np.uint8)
    left = (width - height) // 2
    image[:, left : left + height] = draw(index, height)
    return image


def as_ppm(image: Image) -> bytes:
    """Return an image as a binary PPM file (P6)."""
    height, width, _ = image.shape
    return f"P6\n{width} {height}\n255\n".encode("ascii") + image.tobytes()


def label(index: int) -> str:
    """Return the name of a class."""
    return f"pattern {index:03d}"


def _between(
    low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], part: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return low * (1 - part) + high * part
