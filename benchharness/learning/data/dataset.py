"""Images and labels as they are read, and normalised where they are trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from benchharness.errors import UsageError
from benchharness.learning.seeds import Draws, Purpose

Pixels = npt.NDArray[np.uint8]
Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
_AT_ONCE = 512  # images


@dataclass(frozen=True, eq=False)  # arrays have no single equality
class Dataset:
    """Training and test images [N, C, H, W] with labels [N] from 0 to ``classes`` - 1.

    ``title`` is the sentence that every result says; ``real`` is whether somebody observed the
    data. The pixels stay bytes until they are asked for: eight clients on one machine each hold a
    quarter of what floats need, and normalise their own part only.
    """

    train_pixels: Pixels
    train_y: Labels
    test_pixels: Pixels
    test_y: Labels
    classes: int
    title: str
    real: bool

    def __post_init__(self) -> None:
        for pixels, labels in ((self.train_pixels, self.train_y), (self.test_pixels, self.test_y)):
            if pixels.ndim != 4 or labels.shape != pixels.shape[:1] or not len(labels):
                raise ValueError(f"{pixels.shape} images with {labels.shape} labels")
            if labels.min() < 0 or labels.max() >= self.classes:
                raise ValueError(f"a label is not among {self.classes} classes")
        if self.train_pixels.shape[1:] != self.test_pixels.shape[1:]:
            raise ValueError("training and test images differ in shape")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Return the shape of an image: channels, height, width."""
        _, channels, height, width = self.train_pixels.shape
        return channels, height, width

    @cached_property
    def train_x(self) -> Images:
        """All training images, float32, normalised."""
        return self._normalised(self.train_pixels)

    @cached_property
    def test_x(self) -> Images:
        """All test images, float32, normalised by the mean and deviation of the training images."""
        return self._normalised(self.test_pixels)

    def train_part(self, indices: npt.NDArray[np.int64]) -> tuple[Images, Labels]:
        """Return the images, normalised, and labels at ``indices``: a client's part."""
        return self._normalised(self.train_pixels[indices]), self.train_y[indices]

    @cached_property
    def normalisation(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each channel of the training images, in 0 to 255.

        From whole-number sums, thus equal on every machine. A channel without contrast has 1.
        """
        means, deviations = [], []
        values = np.arange(256)
        for channel in range(self.train_pixels.shape[1]):
            of_value = _histogram(self.train_pixels[:, channel])
            count = int(of_value.sum())
            total, squares = int(of_value @ values), int(of_value @ values**2)
            means.append(total / count)
            variance = (squares * count - total * total) / (count * count)
            deviations.append(variance**0.5 if variance > 0 else 1.0)
        return tuple(means), tuple(deviations)

    def subset(self, seed: int, examples: int | None, test_examples: int | None) -> Dataset:
        """Return a seeded choice of the examples, in a seeded order; None leaves a half as it is.

        Raises UsageError for more than there are.
        """
        train = _choice(seed, 0, "examples", examples, len(self.train_y))
        test = _choice(seed, 1, "test examples", test_examples, len(self.test_y))
        chosen, parts = self, []
        if train is not None:
            chosen = replace(
                chosen, train_pixels=self.train_pixels[train], train_y=self.train_y[train]
            )
            parts.append(f"{len(train)} of the training images")
        if test is not None:
            chosen = replace(chosen, test_pixels=self.test_pixels[test], test_y=self.test_y[test])
            parts.append(f"{len(test)} of the test images")
        if parts:
            chosen = replace(chosen, title=f"{self.title}; of these {' and '.join(parts)}")
        return chosen

    def _normalised(self, pixels: Pixels) -> Images:
        means, deviations = self.normalisation
        images = pixels.astype(np.float32)
        images -= np.asarray(means, dtype=np.float32)[:, None, None]
        images /= np.asarray(deviations, dtype=np.float32)[:, None, None]
        return images


def _histogram(pixels: Pixels) -> npt.NDArray[np.int64]:
    """Count each value, part by part: NumPy makes eight bytes of every byte to count them."""
    counts = np.zeros(256, dtype=np.int64)
    for start in range(0, len(pixels), _AT_ONCE):
        counts += np.bincount(pixels[start : start + _AT_ONCE].ravel(), minlength=256)
    return counts


def _choice(
    seed: int, half: int, what: str, wanted: int | None, available: int
) -> npt.NDArray[np.int64] | None:
    if wanted is None or wanted == available:
        return None
    if wanted > available:
        raise UsageError(
            f"{wanted} {what} are asked for and there are {available}",
            where="data",
            remedy=f"ask for {available} at most, or leave {what.replace(' ', '_')} out",
        )
    return Draws(seed, Purpose.SUBSET, half).permutation(available)[:wanted]
