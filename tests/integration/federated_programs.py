"""A server and clients of the process engine as real programs with a model of seven numbers.

    federated_programs.py server --shared FOLDER [--kill-at N] [--kill-keep N] [--option VALUE ...]
    federated_programs.py client --shared FOLDER --index I [--fault KIND@ROUND] [...]

The clients import neither PyTorch nor Flower, so that a test of faults takes seconds. A fault
happens once: a program that is started again is a good one. ``expected`` is what the rounds must
give, in float64 and without any of the code that is tested.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchharness.errors import BenchharnessError, UsageError
from benchharness.federated import config as task_config
from benchharness.federated.config import TaskConfig

Floats = npt.NDArray[Any]
START = {"w": np.arange(6.0).reshape(2, 3) / 7, "b": np.array(0.25)}


def examples(index: int) -> int:
    return 10 * index + 1


def step(index: int, round_number: int, start: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return what client ``index`` makes of the weights; of the type that they have."""
    return {
        "w": start["w"] * start["w"].dtype.type(0.5) + start["w"].dtype.type(index / 3),
        "b": start["b"] * start["b"].dtype.type(0.9) - start["b"].dtype.type(round_number / 7),
    }


def figures(arrays: Mapping[str, Floats]) -> dict[str, float]:
    loss = float(np.mean(np.abs(arrays["w"])) + abs(float(arrays["b"])))
    return {"test_loss": loss, "test_accuracy": 1.0 / (1.0 + loss)}


def expected(rounds: int, present: Callable[[int], Collection[int]]) -> list[float]:
    """Return the test loss before the first round and after each, averaged in float64."""
    arrays: dict[str, Floats] = {name: np.asarray(array) for name, array in START.items()}
    curve = [figures(arrays)["test_loss"]]
    for number in range(1, rounds + 1):
        clients = sorted(present(number))
        total = sum(examples(client) for client in clients)
        made = {client: step(client, number, arrays) for client in clients}
        arrays = {
            name: np.asarray(
                sum(made[client][name] * (examples(client) / total) for client in made)
            )
            for name in arrays
        }
        curve.append(figures(arrays)["test_loss"])
    return curve


class Server:
    """The server's work, which may kill its own process in the midst of a round, once."""

    def __init__(self, shared: Path, kill_at: int | None) -> None:
        self._mark, self._kill_at = shared / "server-killed", kill_at

    def check(self) -> None:
        pass

    def initial_arrays(self) -> dict[str, Floats]:
        return {name: array.astype(np.float32) for name, array in START.items()}

    def evaluate(self, round_number: int, arrays: Mapping[str, Floats]) -> dict[str, float]:
        if round_number == self._kill_at and not self._mark.exists():
            self._mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return figures(arrays)

    def outputs(self) -> dict[str, object]:
        return {"engine": "process"}


_SLOWNESS_S = {"hang": 60.0, "late": 2.6, "slow": 1.2}


class Client:
    """A client's work with a fault: nan, shape, hang, late, slow, wait, fail or kill at a round.

    "late" takes 2.6 s more, "slow" 1.2 s, "wait" waits for the file "go".
    """

    def __init__(self, shared: Path, index: int, fault: str) -> None:
        self.index = index
        self._kind, _, at = fault.partition("@")
        self._at = int(at or 0)
        self._mark = shared / f"client-{index}-{self._kind}"
        self._go = shared / "go"
        (shared / f"client-{index}-up").touch()

    def train(
        self, arrays: dict[str, Floats], round_number: int
    ) -> tuple[dict[str, Floats], dict[str, int | float | str]]:
        from benchharness.federated.task import boot_id

        begin_ns = time.monotonic_ns()
        new = step(self.index, round_number, arrays)
        if round_number == self._at and not self._mark.exists():
            self._mark.touch()
            new = self._go_wrong(new)
        metrics: dict[str, int | float | str] = {
            "num-examples": examples(self.index),
            "train_loss": 1.0 / self.index,
            "train_accuracy": 0.5,
            "samples": 2 * examples(self.index),
            "begin_ns": begin_ns,
            "end_ns": time.monotonic_ns(),
            "cpu_s": self.index / 8,
            "boot_id": boot_id(),
            "client": self.index,
        }
        return new, metrics

    def evaluate(self, arrays: dict[str, Floats], round_number: int) -> dict[str, Any]:
        _, metrics = self.train(arrays, round_number)
        return {**metrics, "local_loss": 0.5, "local_accuracy": 0.75}

    def _go_wrong(self, new: dict[str, Floats]) -> dict[str, Floats]:
        if self._kind == "nan":
            new["w"][0, 1] = np.nan
        elif self._kind == "shape":
            new["w"] = new["w"].reshape(3, 2)
        elif self._kind == "fail":
            raise UsageError("does not want to")
        elif self._kind in _SLOWNESS_S:
            time.sleep(_SLOWNESS_S[self._kind])
        elif self._kind == "wait":
            while not self._go.exists():
                time.sleep(0.01)
        elif self._kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return new


class Launched:
    """The programs of one training; leaving it kills those that still run."""

    def __init__(self, shared: Path, **options: object) -> None:
        self.shared = shared
        self._options = [
            part
            for name, value in options.items()
            for part in (f"--{name.replace('_', '-')}", str(value))
        ]
        self.programs: dict[str, subprocess.Popen[str]] = {}
        self._started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Launched:
        return self

    def __exit__(self, *_error: object) -> None:
        for program in self._started:
            if program.poll() is None:
                program.kill()
            program.communicate()

    def server(self, *arguments: str) -> subprocess.Popen[str]:
        return self._start("server", "server", *arguments)

    def client(self, index: int, *arguments: str) -> subprocess.Popen[str]:
        return self._start(f"client-{index}", "client", "--index", str(index), *arguments)

    def events(self, kind: str, **wanted: object) -> list[dict[str, Any]]:
        """Return the events of a kind whose fields are as wanted."""
        lines = (self.shared / "events").read_text().splitlines()
        found = [json.loads(line) for line in lines]
        return [
            event
            for event in found
            if event["event"] == kind and all(event.get(k) == v for k, v in wanted.items())
        ]

    def curve(self, name: str = "test_loss") -> list[float]:
        """Return a metric of the server's by round."""
        of_round = {event["step"]: event["value"] for event in self.events("metric", name=name)}
        return [of_round[number] for number in sorted(of_round)]

    def phases(self, participant: str) -> list[tuple[str, int, int, int]]:
        """Return the phases of a client in the order of time: name, round, start and end in ns."""
        edges = self.events("phase", participant=participant)
        starts = [edge for edge in edges if edge["edge"] == "start"]
        ends = [edge for edge in edges if edge["edge"] == "end"]
        return sorted(
            (
                (a["name"], a["step"], a["t_ns"], b["t_ns"])
                for a, b in zip(starts, ends, strict=True)
            ),
            key=lambda phase: phase[2:],
        )

    def left_out(self) -> dict[tuple[int, str], str]:
        """Return why somebody was left out, by round and name."""
        return {(e["step"], e["participant"]): e["text"] for e in self.events("left_out")}

    def _start(self, name: str, role: str, *arguments: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.shared),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        if role == "server":
            environment["BENCHHARNESS_EVENTS"] = str(self.shared / "events")
        command = [sys.executable, __file__, role, "--shared", str(self.shared)]
        self.programs[name] = subprocess.Popen(
            [*command, *self._options, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(self.programs[name])
        return self.programs[name]


def _kill_when_keeping(round_number: int, shared: Path) -> None:
    """Let this server die when it is about to keep a round, once."""
    from benchharness.federated import state

    save, mark = state.save, shared / "server-killed"

    def dying(folder: Path, config: TaskConfig, kept: state.State) -> None:
        if kept.round_number == round_number and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        save(folder, config, kept)

    state.save = dying  # type: ignore[assignment]


def _serve(config: TaskConfig, shared: Path, kill_at: int | None, kill_keep: int | None) -> None:
    from benchharness.federated.process_grid import ProcessGrid
    from benchharness.federated.rounds import run_rounds

    if kill_keep is not None:
        _kill_when_keeping(kill_keep, shared)
    with ProcessGrid(config, shared) as grid:
        run_rounds(grid, Server(shared, kill_at), config, shared / "state")


def main() -> int:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("role", choices=("server", "client"))
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--index", type=int, default=0)
    parser.add_argument("--fault", default="")
    parser.add_argument("--kill-at", type=int)
    parser.add_argument("--kill-keep", type=int)
    parser.add_argument("--patience-s", type=float, default=30.0)
    task_config.add_arguments(parser)
    options = parser.parse_args()
    config = task_config.from_arguments(options)
    try:
        if options.role == "server":
            _serve(config, options.shared, options.kill_at, options.kill_keep)
        else:
            from benchharness.federated.process_client import attend

            work = Client(options.shared, options.index, options.fault)
            attend(work, config, options.index, options.shared, options.patience_s)
    except BenchharnessError as error:
        sys.stderr.write(f"{options.role}: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
