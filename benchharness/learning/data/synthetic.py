"""Images made up from a seed, in the shape of CIFAR-100, of which a network can learn something.

Each class has a pattern of 3x4x4 coloured squares. An image is its class's pattern made 32x32,
shifted by up to four pixels, at a contrast of its own, with noise. Only whole numbers are used:
the same seed gives the same bytes on every machine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchharness.learning.data.dataset import Dataset, Labels, Pixels
from benchharness.learning.seeds import Draws, Purpose

CLASSES = 100
EXAMPLES = 50_000
TEST_EXAMPLES = 10_000
_CHANNELS, _GRID, _SQUARE = 3, 4, 8
_SIDE = _GRID * _SQUARE
_SHIFT = 4
_AT_ONCE = 512  # images made together: their noise is held in memory meanwhile


def make(seed: int, examples: int, test_examples: int, classes: int) -> Dataset:
    """Return ``examples`` training and ``test_examples`` test images of ``classes`` classes.

    Classes are as even as the counts allow. The test images have the same patterns and other
    noise, shifts and contrasts.
    """
    patterns = _patterns(seed, classes)
    train_y = _labels(Draws(seed, Purpose.PIXELS, 1), examples, classes)
    test_y = _labels(Draws(seed, Purpose.PIXELS, 2), test_examples, classes)
    return Dataset(
        train_pixels=_images(Draws(seed, Purpose.PIXELS, 3), patterns, train_y),
        train_y=train_y,
        test_pixels=_images(Draws(seed, Purpose.PIXELS, 4), patterns, test_y),
        test_y=test_y,
        classes=classes,
        title=(
            f"synthetic, seeded, in the shape of CIFAR-100 ({examples} training and "
            f"{test_examples} test images of {classes} classes): not CIFAR-100"
        ),
        real=False,
    )


def _patterns(seed: int, classes: int) -> npt.NDArray[np.int16]:
    """Return each class's pattern [classes, 3, 32, 32], -128 to 127 around grey."""
    draws = Draws(seed, Purpose.PIXELS, 0)
    grid = draws.octets(classes * _CHANNELS * _GRID * _GRID).astype(np.int16) - 128
    grid = grid.reshape(classes, _CHANNELS, _GRID, _GRID)
    return grid.repeat(_SQUARE, axis=2).repeat(_SQUARE, axis=3)


def _labels(draws: Draws, count: int, classes: int) -> Labels:
    return draws.permutation(count) % classes


def _images(draws: Draws, patterns: npt.NDArray[np.int16], labels: Labels) -> Pixels:
    images = np.empty((len(labels), _CHANNELS, _SIDE, _SIDE), dtype=np.uint8)
    for start in range(0, len(labels), _AT_ONCE):
        part = labels[start : start + _AT_ONCE]
        images[start : start + _AT_ONCE] = _some(draws, patterns, part)
    return images


def _some(draws: Draws, patterns: npt.NDArray[np.int16], labels: Labels) -> Pixels:
    count = len(labels)
    down, right = draws.below(2 * _SHIFT + 1, 2 * count).reshape(2, count) - _SHIFT
    contrast = 64 + draws.below(129, count)  # of 256: a quarter to three quarters
    rows = (np.arange(_SIDE) - down[:, None]) % _SIDE
    columns = (np.arange(_SIDE) - right[:, None]) % _SIDE
    shifted = patterns[
        labels[:, None, None, None],
        np.arange(_CHANNELS)[:, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    ]
    # Two octets a pixel: their sum is a triangle from -255 to 255, with a deviation of 104.
    noise = draws.octets(2 * shifted.size).reshape(2, *shifted.shape).astype(np.int16)
    mixed = 128 + (shifted.astype(np.int32) * contrast[:, None, None, None] >> 8)
    clipped: npt.NDArray[np.int32] = np.clip(mixed + noise[0] - noise[1], 0, 255)
    return clipped.astype(np.uint8)
