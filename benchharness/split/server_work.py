"""What the server does by itself: the whole model, its test, its own times at each cut."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchharness.cuts.records import Layers
from benchharness.learning import data
from benchharness.learning.arrays import Arrays, arrays_of, load_arrays
from benchharness.learning.training import evaluate
from benchharness.split.average import Share, average
from benchharness.split.batches import Images, Labels, share
from benchharness.split.codec import pack, unpack
from benchharness.split.config import SplitConfig
from benchharness.split.network import LAYERS, network, parameters
from benchharness.split.parts import DevicePart, ServerPart
from benchharness.split.session import Trained
from benchharness.split.sizes import sizes

if TYPE_CHECKING:
    from torch import nn

_EVALUATION_BATCH = 256
_WARM_UP, _PASSES = 1, 3


class ServerWork:
    """The whole model of a training and the images that it is tested on.

    Raises UsageError for data that are not there, or too few for the devices.
    """

    def __init__(self, config: SplitConfig) -> None:
        self._config = config
        whole = data.load(
            config.data,
            seed=config.seed,
            examples=config.examples,
            test_examples=config.test_examples,
        )
        chosen = share(config, whole, 1)[: config.batch]
        self._batch: tuple[Images, Labels] = whole.train_part(chosen)
        self._x, self._y, self.title = whole.test_x, whole.test_y, whole.title
        self.classes, self.test_examples = whole.classes, len(whole.test_y)
        self._model = network(whole.classes, whole.image_shape, seed=config.seed)
        self._models: dict[int, nn.Sequential] = {}
        self.layers: Layers = sizes(
            self._model,
            config.batch,
            image_shape=whole.image_shape,
            activations=config.activations,
            gradients=config.gradients,
        )
        self.parameters = sum(parameters(self._model))
        self.arrays: Arrays = arrays_of(self._model)

    def model_of(self, number: int) -> nn.Sequential:
        """Return a network for the server's part of a device: parts train side by side."""
        if number not in self._models:
            self._models[number] = copy.deepcopy(self._model)
        return self._models[number]

    def seconds(self) -> npt.NDArray[np.float64]:
        """Return what a batch takes the server at each cut, float64[L + 1], unpacking and packing.

        With nothing else to do: that others keep it busy is learnt in the rounds.
        """
        x, labels = self._batch
        model = copy.deepcopy(self._model)
        found = []
        for cut in range(LAYERS):
            sent = pack(DevicePart(model, cut, self._config.sgd).forward(x), "float32", "up")
            tensors = pack(unpack(sent), self._config.activations, "up")
            tensors = {name: tensor.copy() for name, tensor in tensors.items()}
            part = ServerPart(model, cut, self._config.sgd)
            passes = []
            for _ in range(_WARM_UP + _PASSES):
                start_ns = time.perf_counter_ns()
                stepped = part.propagate(unpack(tensors, "up"), labels)
                if stepped.gradients is not None:
                    pack(stepped.gradients, self._config.gradients, "down")
                else:
                    part.update()
                passes.append((time.perf_counter_ns() - start_ns) / 1e9)
                if stepped.gradients is not None:
                    part.update()  # while the gradients are on their way: see session.py
            found.append(float(np.median(passes[_WARM_UP:])))
        return np.array([*found, 0.0])

    def aggregate(self, results: Mapping[str, Trained]) -> None:
        """Make the average of what devices, by name, and server have trained the whole model."""
        shares = [
            Share(each.device, each.server, each.samples, name) for name, each in results.items()
        ]
        self.arrays = average(shares)

    def hand_on(self, result: Trained) -> None:
        """Make what one device and the server have trained the whole model."""
        self.arrays = {**result.device, **result.server}

    def test(self) -> dict[str, float]:
        """Return test_loss (nats) and test_accuracy (share of 1) of the whole model."""
        load_arrays(self._model, self.arrays)
        found = evaluate(self._model, self._x, self._y, batch=_EVALUATION_BATCH, compute="cpu")
        return {"test_loss": found.loss, "test_accuracy": found.accuracy}
