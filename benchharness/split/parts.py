"""The two parts of a network that is cut: what each does with a batch.

One step of split learning (O. Gupta and R. Raskar, Distributed learning of deep neural network
over multiple agents, 2018): the device computes its layers and sends the activations with the
labels; the server computes the rest and the loss, goes back, sends the gradient of its input, and
takes its step; the device goes back and takes its own. The gradients are those of the whole
network, so that loss and weights are as without a cut.

Arrays share the memory of the tensors in both directions where they lie on the CPU: what comes
over a wire becomes a tensor without a copy, what goes is a view. Such a view is good until its
part is used again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchharness.errors import UsageError
from benchharness.learning.arrays import Arrays, arrays_of, load_arrays
from benchharness.split import finite
from benchharness.split.network import check_cut
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


class DevicePart(Part):
    """Layers 1 to ``cut`` of ``model``; at cut 0 there are none, and images pass as they are.

    Raises UsageError for a cut out of range.
    """

    def __init__(self, model: nn.Sequential, cut: int, config: Sgd, compute: str = "cpu") -> None:
        self.cut = check_cut(cut, len(model))
        super().__init__(model[:cut], config, compute)
        self._out: torch.Tensor | None = None

    def forward(self, x: Floats) -> Floats:
        """Return the activations of images [N, C, H, W], a view of what the layers gave.

        Raises NotFiniteError, a WireError, where one is NaN or infinite.
        """
        if self.cut == 0:
            finite.check(x, "up")
            return x
        with exact(self.compute):
            self._out = self.layers(tensor_of(x, self.compute))
        activations = array_of(self._out)
        finite.check(activations, "up")
        return activations

    def backward(self, gradients: Floats | None) -> None:
        """Go back from the loss's gradients by the last activations, and take the step.

        At cut 0 there is nothing to do. Raises NotFiniteError or WireError, and changes no weight,
        where they are not finite or not of the activations' shape; UsageError without a forward.
        """
        if self.cut == 0:
            return
        out, self._out = self._out, None
        if out is None:
            raise UsageError("gradients of no activations", remedy="go forward before back")
        if gradients is None or gradients.shape != tuple(out.shape):
            shape = None if gradients is None else gradients.shape
            raise WireError(f"gradients of the shape {shape}, not {tuple(out.shape)}")
        finite.check(gradients, "down")
        self.forget_gradients()
        with exact(self.compute):
            out.backward(tensor_of(gradients, self.compute))
        self.update()


class ServerPart(Part):
    """Layers ``cut`` + 1 to the last of ``model`` and the loss.

    Raises UsageError for a cut out of range.
    """

    def __init__(self, model: nn.Sequential, cut: int, config: Sgd, compute: str = "cpu") -> None:
        self.cut = check_cut(cut, len(model))
        super().__init__(model[cut:], config, compute)

    def step(self, activations: Floats, labels: Labels) -> Stepped:
        """Go forward and back with a batch and take the step; see ``propagate``."""
        stepped = self.propagate(activations, labels)
        self.update()
        return stepped

    def propagate(self, activations: Floats, labels: Labels) -> Stepped:
        """Go forward and back, without the step: the device may have its gradients before it.

        ``labels`` [N] are whole numbers. Raises NotFiniteError or WireError where numbers are not
        finite, in either direction, or where activations and labels do not fit the layers.
        """
        finite.check(activations, "up")
        x = tensor_of(activations, self.compute).requires_grad_(self.cut > 0)
        self.forget_gradients()
        try:
            with exact(self.compute):
                loss, right = loss_of(self.layers(x), labels)
                loss.backward()
        except (RuntimeError, ValueError) as error:
            raise WireError(
                f"activations of the shape {activations.shape} with labels of {labels.shape} do "
                f"not fit: {str(error).splitlines()[0]}",
                where=f"the server's part after cut {self.cut}",
            ) from error
        gradients = None if x.grad is None else array_of(x.grad)
        if gradients is not None:
            finite.check(gradients, "down")
        return Stepped(gradients, loss.item(), int(right))


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
