"""Some layers of a network in a row that are trained, and their arrays as tensors and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchharness.learning.arrays import Arrays, arrays_of, load_arrays
from benchharness.split.sgd import Sgd
from benchharness.wire.frames import WireError

if TYPE_CHECKING:
    import torch
    from torch import nn

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.integer[Any]]


class Stepped(NamedTuple):
    """A batch as the side that has the loss saw it, before its own step.

    ``gradients`` of the mean loss by the activations, in their shape (None at cut 0, where images
    came); ``loss`` the mean cross-entropy in nats; ``right`` how many answers were right.
    """

    gradients: Floats | None
    loss: float
    right: int


class Part:
    """Some layers of a network in a row, with their own optimiser, whose momentum is at rest.

    The layers are the network's own, not copies: two parts that train side by side need a network
    each. ``compute`` is "cpu" or "cuda".
    """

    def __init__(self, layers: nn.Module, config: Sgd, compute: str = "cpu") -> None:
        self.layers = layers.to(compute).train()
        self.compute = compute
        self._config, self._rate = config, config.learning_rate
        self._optimizer = self._at_rest()

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; setting it leaves the momentum as it is."""
        return self._rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._rate = value
        if self._optimizer is not None:
            for group in self._optimizer.param_groups:
                group["lr"] = value

    def arrays(self) -> Arrays:
        """Return copies of the part's weights, BatchNorm's means and variances among them."""
        return arrays_of(self.layers)

    def load(self, arrays: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Take ``arrays`` as the weights and bring the momentum to rest.

        They are the part's, by the whole network's names. Raises UsageError, and changes nothing,
        where they are not these.
        """
        load_arrays(self.layers, arrays)
        self._optimizer = self._at_rest()

    def _at_rest(self) -> torch.optim.SGD | None:
        import torch

        weights = list(self.layers.parameters())
        if not weights:  # layers of a maximum alone, or none
            return None
        return torch.optim.SGD(
            weights,
            lr=self._rate,
            momentum=self._config.momentum,
            weight_decay=self._config.weight_decay,
        )

    def forget_gradients(self) -> None:
        """Leave no gradient of an earlier batch."""
        if self._optimizer is not None:
            self._optimizer.zero_grad(set_to_none=True)

    def update(self) -> None:
        """Take the step of the gradients that there are."""
        if self._optimizer is not None:
            self._optimizer.step()


def loss_of(logits: torch.Tensor, labels: Labels) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean cross-entropy and the number of right answers.

    Raises WireError for labels that are not whole numbers of the classes, which would stop a GPU.
    """
    import torch
    from torch.nn import functional

    classes = logits.shape[1]
    fits = labels.shape == (len(logits),) and labels.dtype.kind in "iu" and len(labels)
    if not fits or labels.min() < 0 or labels.max() >= classes:
        raise WireError(
            f"labels of {labels.dtype} and the shape {labels.shape} that are not 0 to "
            f"{classes - 1} for each of {len(logits)} images"
        )
    target = torch.from_numpy(labels.astype(np.int64, copy=False)).to(logits.device)
    right = (logits.detach().argmax(dim=1) == target).sum()
    return functional.cross_entropy(logits, target), right


def tensor_of(array: Floats, compute: str) -> torch.Tensor:
    """Return a tensor of the array's own memory, if it may be written to, on ``compute``."""
    import torch

    if array.dtype != np.float32:
        raise WireError(f"numbers of {array.dtype}, not float32")
    return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(compute)


def array_of(tensor: torch.Tensor) -> Floats:
    """Return a row-major array, of the tensor's own memory where that is on the CPU."""
    return np.ascontiguousarray(tensor.detach().cpu().numpy())


@contextmanager
def exact(compute: str) -> Iterator[None]:
    """Take the same algorithms in every run on a GPU, as learning's training does."""
    if compute != "cuda":
        yield
        return
    import torch

    with torch.backends.cudnn.flags(benchmark=False, deterministic=True):
        yield
