"""The work of a client and of the server, the same whatever engine carries their messages.

Nothing here knows Flower: a client of our own transport never imports it.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping

from benchharness.errors import UsageError
from benchharness.federated.config import ENGINES, TaskConfig
from benchharness.federated.flower_reach import is_loopback
from benchharness.federated.prepared import prepare
from benchharness.learning.arrays import Arrays
from benchharness.wire.meeting import boot_id

__all__ = ["ENGINES", "Arrays", "ClientWork", "Metrics", "ServerWork", "TaskConfig", "boot_id"]

Metrics = dict[str, "int | float | str"]
_EVALUATION_BATCH = 256


class ClientWork:
    """What client ``index`` (from 1) does: it holds its part of the data and a model.

    Raises UsageError for data, model or index that are not there, and UnfitError where the memory
    is too small for the training.
    """

    def __init__(self, config: TaskConfig, index: int) -> None:
        if not 1 <= index <= config.clients:
            raise UsageError(
                f"there is no client {index} of {config.clients}",
                where="--index",
                remedy=f"take 1 to {config.clients}",
            )
        self.config, self.index = config, index
        ready = prepare(config, test_examples=1)
        from benchharness.learning import memory

        self._model, self._compute = ready.model, ready.compute
        batch = ready.batches(config)[index - 1]
        memory.check(self._model, batch, ready.data.image_shape, compute=self._compute)
        self._x, self._y = ready.data.train_part(ready.partition.indices[index - 1])

    def train(self, arrays: Mapping[str, object], round_number: int) -> tuple[Arrays, Metrics]:
        """Train from ``arrays``; return the new ones, and what there is to say of it.

        The metrics: num-examples, train_loss, train_accuracy, samples (examples x epochs),
        begin_ns and end_ns (CLOCK_MONOTONIC of this machine), boot_id (whose clock that is), cpu_s
        (what this process and the children that it has reaped used of the CPU meanwhile) and
        client. The seed is of this client and round alone: a round that is done again is the same.
        """
        from benchharness.learning.arrays import arrays_of, load_arrays
        from benchharness.learning.seeds import of_training
        from benchharness.learning.training import train

        config = self.config
        began = _Began()
        load_arrays(self._model, arrays)  # type: ignore[arg-type]
        trained = train(
            self._model,
            self._x,
            self._y,
            epochs=config.epochs,
            batch=config.batch,
            learning_rate=config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            seed=of_training(config.seed, self.index, round_number),
            compute=self._compute,
        )
        new = arrays_of(self._model)
        metrics: Metrics = {
            "num-examples": len(self._y),
            "train_loss": trained.loss,
            "train_accuracy": trained.accuracy,
            "samples": trained.samples,
        }
        return new, self._stamped(metrics, began)

    def evaluate(self, arrays: Mapping[str, object], _round_number: int) -> Metrics:
        """Evaluate ``arrays`` on this client's own examples: local_loss, local_accuracy."""
        from benchharness.learning.arrays import load_arrays
        from benchharness.learning.training import evaluate

        began = _Began()
        load_arrays(self._model, arrays)  # type: ignore[arg-type]
        found = evaluate(
            self._model, self._x, self._y, batch=_EVALUATION_BATCH, compute=self._compute
        )
        metrics: Metrics = {
            "num-examples": found.examples,
            "local_loss": found.loss,
            "local_accuracy": found.accuracy,
        }
        return self._stamped(metrics, began)

    def _stamped(self, metrics: Metrics, began: _Began) -> Metrics:
        return {
            **metrics,
            **began.until_now(),
            "boot_id": boot_id(),
            "client": self.index,
        }


class _Began:
    """The clocks when a piece of work began.

    CPU time includes all threads, also those of OpenMP that no Python code sees.
    """

    def __init__(self) -> None:
        self._cpu_s = _cpu_s()
        self._begin_ns = time.monotonic_ns()

    def until_now(self) -> dict[str, int | float]:
        """Return begin_ns, end_ns, and cpu_s: what was used of the CPU between them, in seconds."""
        end_ns = time.monotonic_ns()
        used_s = max(0.0, _cpu_s() - self._cpu_s)
        return {"begin_ns": self._begin_ns, "end_ns": end_ns, "cpu_s": used_s}


class ServerWork:
    """What the server does beside averaging: the first weights, and the test after each round.

    Raises UsageError for data or a model that are not there.
    """

    def __init__(self, config: TaskConfig) -> None:
        self.config = config
        ready = prepare(config, config.test_examples)
        self._model, self._compute = ready.model, ready.compute
        from benchharness.learning import models

        self._x, self._y = ready.data.test_x, ready.data.test_y
        self._image_shape, self._batches = ready.data.image_shape, ready.batches(config)
        self._outputs = {
            "data": ready.data.title,
            "parameters": models.parameters(self._model),
            "partition": ready.partition.document(),
            "engine": config.engine,
            "rounds": config.rounds,
            "seed": config.seed,
            "test_examples": len(self._y),
        }

    def check(self) -> None:
        """Raise UnfitError where the clients, all on this machine, have too little memory together.

        They are if the server listens on the loopback alone; else it does not know where they are,
        and each counts only itself.
        """
        from benchharness.learning import memory

        if is_loopback(self.config.host):
            memory.check_together(
                self._model, self._batches, self._image_shape, compute=self._compute
            )

    def initial_arrays(self) -> Arrays:
        """Return the weights before training, float32 by name."""
        from benchharness.learning.arrays import arrays_of

        if self._initial is None:
            self._initial = arrays_of(self._model)
        return self._initial

    def evaluate(self, _round_number: int, arrays: Mapping[str, object]) -> dict[str, float]:
        """Return test_loss (nats) and test_accuracy (share of 1) of ``arrays``."""
        from benchharness.learning.arrays import load_arrays
        from benchharness.learning.training import evaluate

        self.initial_arrays()  # the model is about to forget them
        load_arrays(self._model, arrays)  # type: ignore[arg-type]
        found = evaluate(
            self._model, self._x, self._y, batch=_EVALUATION_BATCH, compute=self._compute
        )
        return {"test_loss": found.loss, "test_accuracy": found.accuracy}

    def outputs(self) -> dict[str, object]:
        """Return what the trial says of itself: data, partition, seed and the like."""
        return dict(self._outputs)

    _initial: Arrays | None = None


def _cpu_s() -> float:
    """Return the CPU seconds of this process so far, with those of the children it has reaped."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
