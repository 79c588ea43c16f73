"""Images made up from a seed, in the shape of CIFAR-100, of which a network can learn something.

Each class has a pattern of 3x4x4 coloured squares. An image is its class's pattern made 32x32,
shifted by up to four pixels, at a low contrast of its own, with squares of the image's own and
noise in each pixel. Only whole numbers are used: the same seed gives the same bytes everywhere.
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
    """Return each class's pattern at each shift [classes, 3, down, right, 32, 32], as a view.

    -128 to 127 around grey; what a shift moves out on one side comes in on the other.
    """
    large = _squares(Draws(seed, Purpose.PIXELS, 0), classes)
    around = np.pad(large, ((0, 0), (0, 0), (_SHIFT, _SHIFT), (_SHIFT, _SHIFT)), mode="wrap")
    return np.lib.stride_tricks.sliding_window_view(around, (_SIDE, _SIDE), axis=(2, 3))


def _squares(draws: Draws, count: int) -> npt.NDArray[np.int16]:
    """Return ``count`` images of coloured squares [count, 3, 32, 32], -128 to 127."""
    levels = draws.octets(count * _CHANNELS * _GRID * _GRID).astype(np.int16) - 128
    grid = levels.reshape(count, _CHANNELS, _GRID, _GRID)
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
    down, right = draws.below(2 * _SHIFT + 1, 2 * count).reshape(2, count)
    contrast = (48 + draws.below(65, count)).astype(np.int16)  # of 256: 0.19 to 0.44
    mixed: npt.NDArray[np.int16] = patterns[labels, :, down, right]
    mixed *= contrast[:, None, None, None]  # at most 128 x 112, which 16 bits hold
    mixed >>= 8
    mixed += _squares(draws, count) >> 1
    mixed += 128
    mixed += draws.octets(mixed.size).reshape(mixed.shape) >> 1
    mixed -= 64
    np.clip(mixed, 0, 255, out=mixed)
    return mixed.astype(np.uint8)
