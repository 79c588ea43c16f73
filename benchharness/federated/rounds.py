"""The rounds of a federated training: what every engine's server does with its grid.

The window of the trial is here: it opens when every client is there and ready, and ends after the
last round. A server that is started again goes on after the last round that it finished, in the
window that is open already.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from flwr.app import ArrayRecord, MetricRecord
from flwr.serverapp import Grid

from benchharness import events
from benchharness.federated import state
from benchharness.federated.client_log import client_name
from benchharness.federated.config import TaskConfig
from benchharness.federated.metered import MeteredGrid
from benchharness.federated.records import array_record, be_server, plain_arrays
from benchharness.federated.strategy import ResumableFedAvg
from benchharness.wire.frames import Tensor

ROUND, EVALUATE, CHECKPOINT = "round", "evaluate", "checkpoint"
Curve = tuple[Mapping[str, float], ...]


class Work(Protocol):
    """What a server does beside averaging: ServerWork, or a test's."""

    def check(self) -> None:
        """Raise what speaks against beginning; a server that goes on does not ask."""
        ...

    def initial_arrays(self) -> Mapping[str, Tensor]:
        """Return the weights before training."""
        ...

    def evaluate(self, round_number: int, arrays: Mapping[str, Tensor]) -> dict[str, float]:
        """Return test_loss and test_accuracy."""
        ...

    def outputs(self) -> dict[str, object]:
        """Return what the trial says of itself."""
        ...


def run_rounds(grid: Grid, work: Work, config: TaskConfig, state_folder: Path) -> Curve:
    """Train with the clients behind ``grid``; return the figures of each round.

    The first of the curve is before training: test_accuracy and test_loss; the others also have
    train_accuracy, train_loss (over clients by their examples) and clients, how many went into the
    average. Raises GateError for a round without any usable reply, UsageError for a state of
    another training.
    """
    be_server()
    training = _Training(grid, work, config, state_folder)
    training.run()
    return training.curve


class _Training:
    """One server's rounds, from the first or after those of an earlier server."""

    def __init__(self, grid: Grid, work: Work, config: TaskConfig, folder: Path) -> None:
        self._work, self._config, self._folder = work, config, folder
        first = work.initial_arrays()
        earlier = state.load(folder, config, first)
        self._arrays = first if earlier is None else earlier.arrays
        self._resumed: tuple[int, ...] = ()
        if earlier is None:
            work.check()
            self._after = 0
            self.curve: Curve = (work.evaluate(0, self._arrays),)
        else:
            self._after = earlier.round_number
            self.curve = earlier.curve
            self._resumed = (*earlier.resumed_after, self._after)
        shapes = {name: tuple(array.shape) for name, array in self._arrays.items()}
        self._grid = MeteredGrid(grid, config, shapes)
        self._round_start_ns = 0
        self._trained: dict[str, float] = {}

    def run(self) -> None:
        if state.is_closed(self._folder, self._config):  # nothing is left to measure
            self._say_results()
            return
        for name, value in self._work.outputs().items():
            events.output(name, value)
        self._grid.gather()  # without anybody there is nothing to measure
        self._keep(self._after)  # before the window is open: what a restarted server goes by
        strategy = ResumableFedAvg(
            after=self._after,
            client_evaluate=self._config.client_evaluate,
            on_round=self._begin_round,
            on_trained=self._note_training,
        )
        strategy.start(
            grid=self._grid,
            initial_arrays=array_record(self._arrays),
            num_rounds=self._config.rounds - self._after,
            timeout=self._config.timeout_s,
            evaluate_fn=self._evaluate,
        )
        self._grid.close_log()
        events.window_end()
        state.close(self._folder, self._config)
        self._say_results()

    def _open_window(self) -> None:
        if self._after == 0:  # an earlier server may have ended just before; twice is once
            events.window_start()
            _tell(self.curve[0], 0)
        if self._resumed:
            events.metric("resumed", 1.0, step=self._after)
        self._grid.open_log(self._after)

    def _begin_round(self, _round_number: int) -> None:
        self._round_start_ns = time.monotonic_ns()
        self._trained = {}

    def _note_training(self, metrics: MetricRecord) -> None:
        for name in ("train_loss", "train_accuracy"):
            value = metrics[name]
            assert isinstance(value, (int, float))
            self._trained[name] = float(value)
        self._trained["clients"] = float(len(self._grid.contributed))

    def _evaluate(self, since_start: int, arrays: ArrayRecord) -> MetricRecord | None:
        """End a round: Flower calls this after each, and with 0 when it is about to begin."""
        if since_start == 0:
            self._open_window()
            return None
        number = since_start + self._after
        self._arrays = plain_arrays(arrays)
        with events.phase(EVALUATE, step=number):
            tested = self._work.evaluate(number, self._arrays)
        figures = {**tested, **self._trained}
        self.curve = (*self.curve, figures)
        # Told before it is kept: a server that dies in between does the round again, and tells it
        # again; the other way round nobody would ever hear of it.
        _tell(figures, number)
        self._grid.end_round(number)
        with events.phase(CHECKPOINT, step=number):
            self._keep(number)
        events.span(ROUND, self._round_start_ns, time.monotonic_ns(), step=number)
        return MetricRecord({**tested})

    def _keep(self, round_number: int) -> None:
        kept = state.State(round_number, self._arrays, self.curve, self._resumed)
        state.save(self._folder, self._config, kept)

    def _say_results(self) -> None:
        events.output("rounds", len(self.curve) - 1)  # those really done, not those asked for
        events.output("test_accuracy", self.curve[-1]["test_accuracy"])
        if self._resumed:
            events.output("resumed_after_rounds", list(self._resumed))
        if foreign := sorted(self._grid.log.foreign_clocks):
            events.output("clocks_not_shared", [client_name(client) for client in foreign])


def _tell(figures: Mapping[str, float], round_number: int) -> None:
    for name, value in figures.items():
        events.metric(name, value, step=round_number)
