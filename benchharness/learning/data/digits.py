"""Handwritten digits that come with scikit-learn: real images where there is no network.

The test half of 'Optical Recognition of Handwritten Digits' (E. Alpaydin and C. Kaynak, UCI
Machine Learning Repository, 1998): 1797 images of 8x8 pixels in 17 shades of grey.
"""

from __future__ import annotations

import numpy as np

from benchharness.learning import needs
from benchharness.learning.data.dataset import Dataset, Pixels

# The last fifth is kept for testing, in the order of the file: no image is in both parts.
TEST_EXAMPLES = 360
_SHADES = 16
_SCALE = 4


def read() -> Dataset:
    """Return the digits, each pixel made a square of 4x4 and each shade equal in three channels.

    Raises UsageError where scikit-learn is missing.
    """
    needs.require("sklearn")
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = _scaled(np.asarray(bunch.images))
    labels = np.asarray(bunch.target, dtype=np.int64)
    train = len(labels) - TEST_EXAMPLES
    return Dataset(
        train_pixels=pixels[:train],
        train_y=labels[:train],
        test_pixels=pixels[train:],
        test_y=labels[train:],
        classes=10,
        title=(
            f"scikit-learn's digits: {len(labels)} real images of 8x8 pixels scaled up to 3x32x32, "
            f"the last {TEST_EXAMPLES} kept for testing: not CIFAR-100"
        ),
        real=True,
    )


def _scaled(images: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Pixels:
    shades = np.rint(images * (255 / _SHADES)).astype(np.uint8)
    large = shades.repeat(_SCALE, axis=1).repeat(_SCALE, axis=2)
    return np.ascontiguousarray(np.broadcast_to(large[:, None], (len(large), 3, *large.shape[1:])))
