"""A training that needs no PyTorch, with Flower's real programs and processes around it.

Client i adds i to every weight and says that it has 10 i examples, so that the average is known:
after r rounds with the clients C every weight is r * sum(i * i) / sum(i) over C. As a program it
is one participant: ``python -m tests.integration.flower_party server|I CONFIG SHARED [FAULT]``
where FAULT is WHAT:ROUND[:MARK] and WHAT is hang, exit, raise or nan; with a MARK, the name of a
file in SHARED, only the first time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchharness.errors import BenchharnessError, GateError
from benchharness.federated.config import TaskConfig
from benchharness.federated.task import Arrays, Metrics, boot_id
from benchharness.wire.frames import Tensor

APP = Path(__file__).with_name("flower_party_app")
ROOT = Path(__file__).parents[2]


class AddingWork:
    """What client ``index`` does; in a round of its ``fault`` something else."""

    def __init__(self, index: int, shared: Path, fault: str = "") -> None:
        self._index, self._shared = index, shared
        self._what, self._round, self._mark = (*fault.split(":"), "", "")[:3]

    def train(self, arrays: dict[str, Tensor], round_number: int) -> tuple[Arrays, Metrics]:
        """Add the client's number."""
        begin_ns = time.monotonic_ns()
        new = {name: np.asarray(a + np.float32(self._index)) for name, a in arrays.items()}
        if self._what and round_number >= int(self._round) and self._is_first_time():
            self._fail(new)
        numbers = {"train_loss": 1.0, "train_accuracy": 0.5, "samples": 10 * self._index}
        return new, self._stamped({**numbers}, begin_ns)

    def evaluate(self, arrays: dict[str, Tensor], _round_number: int) -> Metrics:
        """Say what the first weight is."""
        begin_ns = time.monotonic_ns()
        first = float(arrays["w"].flat[0])
        return self._stamped({"local_loss": first, "local_accuracy": 0.5}, begin_ns)

    def _stamped(self, metrics: Metrics, begin_ns: int) -> Metrics:
        return {
            "num-examples": 10 * self._index,
            **metrics,
            "begin_ns": begin_ns,
            "end_ns": time.monotonic_ns(),
            "boot_id": boot_id(),
            "client": self._index,
        }

    def _is_first_time(self) -> bool:
        if not self._mark:
            return True
        try:
            (self._shared / self._mark).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _fail(self, new: Arrays) -> None:
        if self._what == "hang":
            time.sleep(3600.0)
        if self._what == "exit":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._what == "raise":
            raise GateError("the data are gone")
        new["w"][0] = np.nan


class PlainServerWork:
    """What the server does: weights of 0, and a test that says what the first weight is."""

    def __init__(self, size: int = 1000) -> None:
        self._size = size

    def check(self) -> None:
        """Find nothing wrong."""

    def initial_arrays(self) -> Mapping[str, Tensor]:
        """Return the weights before training."""
        return {"w": np.zeros(self._size, np.float32), "b": np.zeros((2, 3), np.float32)}

    def evaluate(self, _round_number: int, arrays: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the first weight as the loss."""
        return {"test_loss": float(arrays["w"].flat[0]), "test_accuracy": 0.5}

    def outputs(self) -> dict[str, object]:
        """Return what the trial says of itself."""
        return {"engine": "as configured"}


def expected(rounds: Sequence[Sequence[int]]) -> list[float]:
    """Return the first weight before and after each round, of which the clients are given."""
    found = [0.0]
    for clients in rounds:
        found.append(found[-1] + sum(i * i for i in clients) / sum(clients))
    return found


@dataclass
class Party:
    """Server and clients as processes; leaving it ends them."""

    config: TaskConfig
    shared: Path
    faults: Mapping[int, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def __enter__(self) -> Party:
        self.start("server")
        for index in range(1, self.config.clients + 1):
            self.start(str(index), self.faults.get(index, ""))
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self.processes.values():
            process.kill()
            process.communicate()

    def start(self, who: str, *fault: str) -> None:
        """Start a participant, also in place of one that has ended."""
        self.shared.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "BENCHHARNESS_PARTY": str(self.shared)}
        if who == "server":
            environment["BENCHHARNESS_EVENTS"] = str(self.shared / "events.jsonl")
        if (earlier := self.processes.get(who)) is not None:
            earlier.communicate()
        self.processes[who] = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.integration.flower_party"),
                *(who, self.config.to_json(), str(self.shared), *fault),
            ],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, who: str, timeout_s: float) -> tuple[int, str]:
        """Wait for a participant; return its exit code and what it said on standard error."""
        _, said = self.processes[who].communicate(timeout=timeout_s)
        return self.processes[who].returncode, said

    def events(self, event: str, **wanted: Any) -> list[dict[str, Any]]:
        """Return the server's events of a kind that have these fields."""
        try:
            lines = (self.shared / "events.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        found = [json.loads(line) for line in lines]
        return [
            each
            for each in found
            if each["event"] == event and all(each.get(k) == v for k, v in wanted.items())
        ]

    def curve(self) -> list[float]:
        """Return the test loss before and after each round."""
        return [each["value"] for each in self.events("metric", name="test_loss")]

    def wait_for_round(self, number: int, timeout_s: float) -> None:
        """Wait until a round is done. Raises AssertionError when it is not in that time."""
        until = time.monotonic() + timeout_s
        while len(self.curve()) <= number:
            assert time.monotonic() < until, f"round {number} is not done: {self.curve()}"
            time.sleep(0.05)

    def left_over(self) -> list[str]:
        """Return the command lines of processes of this party that still live."""
        own = {process.pid for process in self.processes.values()}
        mark = f"BENCHHARNESS_PARTY={self.shared}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal() or int(folder.name) in own:
                continue
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found


def main(arguments: Sequence[str]) -> int:
    """Be one participant."""
    who, config, shared = arguments[0], TaskConfig.from_json(arguments[1]), Path(arguments[2])
    try:
        if who == "server":
            _serve(config, shared)
        else:
            _take_part(AddingWork(int(who), shared, *arguments[3:]), config, int(who), shared)
    except BenchharnessError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _serve(config: TaskConfig, shared: Path) -> None:
    if config.engine == "grpc":
        from benchharness.federated import flower_grpc

        flower_grpc.conduct(PlainServerWork(), config, shared)
    elif config.engine == "deployment":
        from benchharness.federated import flower_deployment

        flower_deployment.conduct(config, shared, APP)
    else:
        from benchharness.federated.process_grid import ProcessGrid
        from benchharness.federated.rounds import run_rounds

        with ProcessGrid(config, shared) as grid:
            run_rounds(grid, PlainServerWork(), config, shared / "state")


def _take_part(work: AddingWork, config: TaskConfig, index: int, shared: Path) -> None:
    if config.engine == "grpc":
        from benchharness.federated.flower_grpc import attend
    elif config.engine == "deployment":
        from benchharness.federated.flower_node import attend
    else:
        from benchharness.federated.process_client import attend
    attend(work, config, index, shared)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
