"""Which images a device trains on, and in which order: by seeds alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchharness.errors import UsageError
from benchharness.learning import data
from benchharness.learning.data import Dataset
from benchharness.learning.seeds import Draws, Purpose, derive
from benchharness.split.config import SplitConfig

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


class Batches:
    """The batches of device ``index`` (from 1): its own share of the images, equal for all.

    The images are shuffled anew for each pass; a round goes on where the last one ended, whoever
    took part in it, so that a round that is done again is the same. Raises UsageError for an index
    that there is not, for data that are not there, and for a share smaller than a batch.
    """

    def __init__(self, config: SplitConfig, index: int) -> None:
        if not 1 <= index <= config.devices:
            raise UsageError(
                f"there is no device {index} of {config.devices}",
                where="--index",
                remedy=f"take 1 to {config.devices}",
            )
        self._config, self._index = config, index
        # The choice of training examples does not depend on how many are there for testing.
        whole = data.load(config.data, seed=config.seed, examples=config.examples, test_examples=1)
        self.shape, self.classes = whole.image_shape, whole.classes
        self._x, self._y = whole.train_part(share(config, whole, index))
        self._pass: tuple[int, npt.NDArray[np.int64]] = (-1, np.empty(0, dtype=np.int64))

    @property
    def examples(self) -> int:
        """How many images the device has."""
        return len(self._y)

    def batch(self, round_number: int, iteration: int) -> tuple[Images, Labels]:
        """Return images [batch, C, H, W] and labels [batch] of an iteration (from 0) of a round."""
        config = self._config
        number = (round_number - 1) * config.iterations + iteration
        of_pass = len(self._y) // config.batch
        which, place = divmod(number, of_pass)
        if self._pass[0] != which:
            seed = derive(config.seed, Purpose.TRAINING, self._index, 0)
            self._pass = which, Draws(seed, Purpose.EPOCH, which).permutation(len(self._y))
        chosen = self._pass[1][place * config.batch : (place + 1) * config.batch]
        return self._x[chosen], self._y[chosen]


def share(config: SplitConfig, whole: Dataset, index: int) -> npt.NDArray[np.int64]:
    """Return which training images are device ``index``'s. Raises UsageError for too few."""
    each = len(whole.train_y) // config.devices
    if each < config.batch:
        raise UsageError(
            f"{len(whole.train_y)} images for {config.devices} devices are {each} for each, less "
            f"than a batch of {config.batch}",
            where="data",
            remedy="take more examples or a smaller batch",
        )
    order = Draws(config.seed, Purpose.PARTITION, 0).permutation(len(whole.train_y))
    return np.sort(order[(index - 1) * each : index * each])
