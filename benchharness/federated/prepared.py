"""What a client and the server both make ready of a training: data, partition, model, computer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchharness.federated.config import TaskConfig
from benchharness.learning import needs

if TYPE_CHECKING:
    import torch

    from benchharness.learning.data.dataset import Dataset
    from benchharness.learning.partition import Partition

_THREADS = "OMP_NUM_THREADS"


@dataclass(frozen=True, slots=True)
class Prepared:
    """All the examples, who has which of them, a model with its first weights, and where it runs.

    ``compute`` is cpu or cuda.
    """

    data: Dataset
    partition: Partition
    model: torch.nn.Module
    compute: str

    def batches(self, config: TaskConfig) -> Sequence[int]:
        """Return the images in a whole step of each client: no more than it has."""
        return [min(config.batch, len(own)) for own in self.partition.indices]


def prepare(config: TaskConfig, test_examples: int | None) -> Prepared:
    """Make ready what the options say; ``test_examples`` None takes all that are there.

    The choice of training examples does not depend on how many there are for testing. Raises
    UsageError for data or a model that are not there, and where PyTorch is missing.
    """
    needs.require("torch")  # before seconds go into imports
    _share_the_cores(config.clients)
    from benchharness.learning import data, models
    from benchharness.learning.compute import choose
    from benchharness.learning.partition import dirichlet

    whole = data.load(
        config.data, seed=config.seed, examples=config.examples, test_examples=test_examples
    )
    partition = dirichlet(
        whole.train_y, config.clients, config.alpha, config.minimum, config.seed, whole.classes
    )
    model = models.build(
        config.model,
        depth=config.depth,
        width=config.width,
        classes=whole.classes,
        channels=whole.image_shape[0],
        seed=config.seed,
    )
    return Prepared(whole, partition, model, choose(config.compute))


def _share_the_cores(clients: int) -> None:
    if _THREADS not in os.environ:  # a testbed has said how many threads its device has
        os.environ[_THREADS] = str(max(1, len(os.sched_getaffinity(0)) // clients))
