"""The bytes that cross the link at each cut: exactly those of the tensors in the frames.

What a frame adds (its head, and up to 7 bytes after a tensor) is no part of it, nor is TLS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchharness.cuts.records import Layers
from benchharness.errors import UsageError
from benchharness.learning.arrays import arrays_of
from benchharness.split.codec import packed_bytes
from benchharness.split.network import IMAGE_SHAPE, divide, elements

if TYPE_CHECKING:
    from torch import nn

LABEL_BYTES = 8  # int64, as the data sets have them


def sizes(
    model: nn.Sequential,
    batch: int,
    *,
    image_shape: tuple[int, int, int] = IMAGE_SHAPE,
    activations: str = "float32",
    gradients: str = "float32",
) -> Layers:
    """Return the bytes of a batch up and down, and of the device's part, for each cut 0 to L.

    Up go the activations (at cut 0 the images, packed alike) and the labels, down the gradients
    (none at cut 0); at cut L nothing does either. The part is what ``arrays_of`` gives of it:
    float32 weights with BatchNorm's means and variances. Raises UsageError for a batch below 1 and
    UnknownNameError for a codec that is not there.
    """
    if batch < 1:
        raise UsageError(f"a batch of {batch}", where="split", remedy="take at least 1")
    counts = [batch * each for each in elements(model, image_shape)]
    last = len(counts) - 1
    up = [packed_bytes(count, activations) + batch * LABEL_BYTES for count in counts]
    down = [packed_bytes(count, gradients) for count in counts]
    up[last] = down[last] = down[0] = 0
    arrays = arrays_of(model)
    part = [sum(each.nbytes for each in divide(arrays, cut)[0].values()) for cut in range(last + 1)]
    return Layers(*(np.array(each, dtype=np.float64) for each in (up, down, part)))
