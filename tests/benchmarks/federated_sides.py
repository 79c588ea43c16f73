"""The same small training by this project's engines and by Flower's simulation on Ray.

A softmax regression on numbers that the seed gives, trained with NumPy: little work, so that what
is measured is what carries the messages. Every side averages with Flower's FedAvg, its evaluation
by the clients left out. A program for each part, for Ray may be in another environment::

    python -m tests.benchmarks.federated_sides ray|server|client CONFIG SHARED [INDEX]

Each server writes when every round was over, and the curve, as JSON into SHARED/result.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

from benchharness.federated.config import TaskConfig
from benchharness.federated.task import Arrays, Metrics, boot_id
from benchharness.wire.frames import Tensor

ROOT = Path(__file__).parents[2]
PIXELS, CLASSES, EXAMPLES = 64, 10, 40
_RATE = np.float32(0.1)


def examples_of(seed: int, client: int) -> tuple[Tensor, Tensor]:
    """Return a client's images and classes; client 0 has those of the test."""
    centres = np.random.default_rng(seed).normal(size=(CLASSES, PIXELS))
    chance = np.random.default_rng([seed, client])
    y = chance.integers(0, CLASSES, EXAMPLES + 5 * client)
    x = centres[y] + chance.normal(scale=2.0, size=(len(y), PIXELS))
    return x.astype(np.float32), y


def probabilities(arrays: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Return the softmax of the model's scores."""
    scores = x @ arrays["w"] + arrays["b"]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def loss_and_accuracy(arrays: Mapping[str, Tensor], x: Tensor, y: Tensor) -> tuple[float, float]:
    """Return the cross-entropy in nats and the share of right answers."""
    found = probabilities(arrays, x)
    loss = -np.log(found[np.arange(len(y)), y] + 1e-12).mean()
    return float(loss), float((found.argmax(axis=1) == y).mean())


class SoftmaxClient:
    """One pass over a client's own examples, one step for each batch of 8."""

    def __init__(self, config: TaskConfig, index: int) -> None:
        self._index = index
        self._x, self._y = examples_of(config.seed, index)

    def train(self, arrays: Mapping[str, Tensor], _round_number: int) -> tuple[Arrays, Metrics]:
        """Train from ``arrays``."""
        begin_ns = time.monotonic_ns()
        new = {name: array.copy() for name, array in arrays.items()}
        for start in range(0, len(self._y), 8):
            x, y = self._x[start : start + 8], self._y[start : start + 8]
            error = probabilities(new, x)
            error[np.arange(len(y)), y] -= 1.0
            new["w"] -= _RATE * (x.T @ error / len(y))
            new["b"] -= _RATE * error.mean(axis=0)
        loss, accuracy = loss_and_accuracy(new, self._x, self._y)
        metrics: Metrics = {
            "num-examples": len(self._y),
            "train_loss": loss,
            "train_accuracy": accuracy,
            "samples": len(self._y),
            "begin_ns": begin_ns,
            "end_ns": time.monotonic_ns(),
            "boot_id": boot_id(),
            "client": self._index,
        }
        return new, metrics

    def evaluate(self, arrays: Mapping[str, Tensor], _round_number: int) -> Metrics:
        """Refuse: no side asks for it."""
        raise NotImplementedError


class SoftmaxServer:
    """The first weights and the test; it writes when each was asked for, and the curve."""

    def __init__(self, config: TaskConfig, shared: Path) -> None:
        self._x, self._y = examples_of(config.seed, 0)
        self._shared = shared
        self.times_s: list[float] = []
        self.curve: list[tuple[float, float]] = []

    def check(self) -> None:
        """Find nothing wrong."""

    def initial_arrays(self) -> Mapping[str, Tensor]:
        """Return the weights before training."""
        return {
            "w": np.zeros((PIXELS, CLASSES), np.float32),
            "b": np.zeros(CLASSES, np.float32),
        }

    def evaluate(self, _round_number: int, arrays: Mapping[str, Tensor]) -> dict[str, float]:
        """Test; this is the end of a round."""
        self.times_s.append(time.monotonic())
        self.curve.append(loss_and_accuracy(arrays, self._x, self._y))
        text = json.dumps({"times_s": self.times_s, "curve": self.curve})
        (self._shared / "result").write_text(text, encoding="utf-8")
        loss, accuracy = self.curve[-1]
        return {"test_loss": loss, "test_accuracy": accuracy}

    def outputs(self) -> dict[str, object]:
        """Return nothing."""
        return {}


@dataclass(frozen=True)
class Side:
    """What one side did: rounds in a second, without the first, and the curve of loss, accuracy."""

    rounds_per_s: float
    curve: list[list[float]]

    @classmethod
    def read(cls, shared: Path) -> Side:
        """Read what a server wrote: its second time is the end of the first round."""
        found = json.loads((shared / "result").read_text(encoding="utf-8"))
        times = found["times_s"]
        return cls((len(times) - 2) / (times[-1] - times[1]), found["curve"])


def run_engine(config: TaskConfig, shared: Path) -> Side:
    """Train with an engine of this project, one process a client."""
    shared.mkdir(parents=True)
    text = config.to_json()
    server = _start(sys.executable, "server", text, str(shared))
    clients = [
        _start(sys.executable, "client", text, str(shared), str(index))
        for index in range(1, config.clients + 1)
    ]
    try:
        if server.wait(timeout=600) != 0:
            raise RuntimeError(f"the engine {config.engine} failed")
        return Side.read(shared)
    finally:
        for program in (server, *clients):
            program.terminate()
            program.wait()


def run_ray(python: str, config: TaskConfig, shared: Path) -> Side:
    """Train with Flower's simulation under an interpreter that has Ray."""
    shared.mkdir(parents=True)
    program = _start(python, "ray", config.to_json(), str(shared))
    try:
        if program.wait(timeout=600) != 0:
            raise RuntimeError("Flower's simulation failed")
        return Side.read(shared)
    finally:
        program.terminate()
        program.wait()


def has_ray(python: str) -> bool:
    """Return whether an interpreter has Flower and Ray."""
    found = subprocess.run([python, "-c", "import flwr, ray"], capture_output=True, check=False)
    return found.returncode == 0


def _start(python: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [python, "-W", "ignore", "-m", "tests.benchmarks.federated_sides", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
    )


def _serve(config: TaskConfig, shared: Path) -> None:
    work = SoftmaxServer(config, shared)
    if config.engine == "deployment":
        from benchharness.federated import flower_deployment

        flower_deployment.conduct(config, shared, Path(__file__).with_name("federated_sides_app"))
        return
    if config.engine == "grpc":
        from benchharness.federated import flower_grpc

        flower_grpc.conduct(work, config, shared)
    else:
        from benchharness.federated.process_grid import ProcessGrid
        from benchharness.federated.rounds import run_rounds

        with ProcessGrid(config, shared) as grid:
            run_rounds(grid, work, config, shared / "state")


def _take_part(config: TaskConfig, shared: Path, index: int) -> None:
    work: Any = SoftmaxClient(config, index)
    if config.engine == "deployment":
        from benchharness.federated.flower_node import attend
    elif config.engine == "grpc":
        from benchharness.federated.flower_grpc import attend
    else:
        from benchharness.federated.process_client import attend
    attend(work, config, index, shared)


def _simulate(config: TaskConfig, shared: Path) -> None:
    """Be Flower's simulation: its FedAvg, its grid, its clients on Ray with the same work."""
    import logging

    from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
    from flwr.clientapp import ClientApp
    from flwr.serverapp import Grid, ServerApp
    from flwr.serverapp.strategy import FedAvg
    from flwr.simulation import run_simulation

    logging.getLogger("flwr").setLevel(logging.ERROR)
    client_app, server_app = ClientApp(), ServerApp()

    def record(arrays: Mapping[str, Tensor]) -> ArrayRecord:
        return ArrayRecord({name: Array(np.asarray(array)) for name, array in arrays.items()})

    def plain(record: ArrayRecord) -> dict[str, Tensor]:
        return {name: array.numpy() for name, array in record.items()}

    @client_app.train()
    def train(message: Message, context: Context) -> Message:
        work = SoftmaxClient(config, int(context.node_config["partition-id"]) + 1)
        new, metrics = work.train(plain(message.content.array_records["arrays"]), 0)
        numbers = {k: v for k, v in metrics.items() if not isinstance(v, str)}
        content = RecordDict({"arrays": record(new), "metrics": MetricRecord(numbers)})  # type: ignore[arg-type]
        return Message(content, reply_to=message)

    @server_app.main()
    def main(grid: Grid, context: Context) -> None:
        work = SoftmaxServer(config, shared)

        def evaluate(number: int, arrays: ArrayRecord) -> None:
            work.evaluate(number, plain(arrays))

        strategy = FedAvg(
            fraction_evaluate=0.0,
            min_train_nodes=config.clients,
            min_available_nodes=config.clients,
        )
        strategy.start(
            grid, record(work.initial_arrays()), num_rounds=config.rounds, evaluate_fn=evaluate
        )

    run_simulation(
        server_app,
        client_app,
        num_supernodes=config.clients,
        backend_config={"client_resources": {"num_cpus": 1, "num_gpus": 0.0}},
    )


def main(arguments: Sequence[str]) -> None:
    """Be a part of a side."""
    what, config, shared = arguments[0], TaskConfig.from_json(arguments[1]), Path(arguments[2])
    if what == "ray":
        _simulate(config, shared)
    elif what == "server":
        _serve(config, shared)
    else:
        _take_part(config, shared, int(arguments[3]))


if __name__ == "__main__":
    main(sys.argv[1:])
