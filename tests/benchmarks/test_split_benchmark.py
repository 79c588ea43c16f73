"""What a cut costs in time: a device and a server over loopback beside the step in one piece.

Two programs with a thread each and a real TCP connection without shaping; the whole step is the
device's own, in turns with the split one, because the machine is shared: a slow second falls on
both of a pair. The ratio is the median of the pairs' ratios, with the 10th and the 90th percentile;
that of the CPU time of both programs tells even on a busy machine.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchharness.split.codec import pack, unpack
from benchharness.split.memory import keep_freed
from benchharness.split.network import network
from benchharness.split.parts import DevicePart, Floats, Labels
from benchharness.split.sgd import Sgd
from benchharness.split.whole_step import WholePart
from benchharness.wire.connection import Connection, keep_alive

pytestmark = [pytest.mark.slow, pytest.mark.alone]

ROOT = Path(__file__).parents[2]
MOST = 1.25
PAIRS, STEPS, WARM_UP = 30, 2, 3
CUT, BATCH, CLASSES, SEED = 1, 100, 10, 1


class Split:
    """The device's side of a step, with the connection to the server's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.server_cpu_s = 0.0
        self._part = DevicePart(network(CLASSES, seed=SEED), CUT, Sgd())

    def step(self, x: Floats, labels: Labels) -> float:
        """Return the loss that the server tells."""
        up = pack(self._part.forward(x), "float32", "up")
        self._connection.send("activations", {}, {**up, "labels": labels})
        frame = self._connection.receive()
        self._part.backward(unpack(frame.tensors, "down"))
        self.server_cpu_s = float(frame.fields["cpu_s"])
        return float(frame.fields["loss"])


class Whole:
    """The step in one piece."""

    server_cpu_s = 0.0

    def __init__(self) -> None:
        self._part = WholePart(network(CLASSES, seed=SEED), Sgd())

    def step(self, x: Floats, labels: Labels) -> float:
        """Return the loss."""
        return self._part.step(x, labels).loss


@contextmanager
def server() -> Iterator[Connection]:
    """Start the other program; yield a connection to it."""
    command = [sys.executable, "-m", "tests.benchmarks.split_server", str(CUT), str(SEED)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            sock = socket.create_connection(("127.0.0.1", int(program.stdout.readline())))
            keep_alive(sock)
            with Connection(sock) as connection:
                yield connection
            assert program.wait(10) == 0
        finally:
            program.kill()


@dataclass(frozen=True)
class Took:
    """The seconds of a turn by the clock and by the processors, and the losses of its steps."""

    time_s: float
    cpu_s: float
    losses: list[float]


def turn(side: Split | Whole, x: Floats, labels: Labels) -> Took:
    """Take a few steps of one side."""
    start_s, start_cpu_s = time.monotonic(), time.process_time() + side.server_cpu_s
    losses = [side.step(x, labels) for _ in range(STEPS)]
    cpu_s = time.process_time() + side.server_cpu_s - start_cpu_s
    return Took(time.monotonic() - start_s, cpu_s, losses)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    keep_freed()  # for both sides; it stays so, which harms no other test
    yield
    torch.set_num_threads(before)


def test_a_split_step_over_loopback_beside_the_whole_one(benchmark: BenchmarkFixture) -> None:
    chance = np.random.default_rng(SEED)
    size = BATCH if benchmark.enabled else 4
    x = chance.normal(size=(size, 3, 32, 32)).astype(np.float32)
    labels = chance.integers(0, CLASSES, size)

    def in_turns(split: Split, whole: Whole) -> list[tuple[Took, Took]]:
        pairs = []
        for pair in range(WARM_UP + (PAIRS if benchmark.enabled else 1)):
            if pair % 2:
                after = turn(whole, x, labels)
                pairs.append((turn(split, x, labels), after))
            else:
                before = turn(split, x, labels)
                pairs.append((before, turn(whole, x, labels)))
        return pairs

    with server() as connection:
        pairs = benchmark.pedantic(
            in_turns, args=(Split(connection), Whole()), rounds=1, iterations=1, warmup_rounds=0
        )
    # Over many steps a difference in the last digit grows; at first the two are the same.
    for ours, plain in pairs[:2]:
        assert ours.losses == pytest.approx(plain.losses, abs=1e-5)
    counted = pairs[WARM_UP:]
    ratio = note(benchmark, "time", [(a.time_s, b.time_s) for a, b in counted])
    note(benchmark, "cpu", [(a.cpu_s, b.cpu_s) for a, b in counted])
    if benchmark.enabled:
        assert ratio <= MOST


def note(benchmark: BenchmarkFixture, name: str, pairs: list[tuple[float, float]]) -> float:
    """Store the median ratio with its spread and both steps' milliseconds; return the ratio."""
    ratios = sorted(ours / plain for ours, plain in pairs)
    ratio, tenth = statistics.median(ratios), len(ratios) // 10
    low, high = ratios[tenth], ratios[-1 - tenth]
    benchmark.extra_info[f"{name}_ratio"] = f"{ratio:.3f} ({low:.3f} to {high:.3f})"
    steps_ms = [1000 * statistics.median(each) / STEPS for each in zip(*pairs, strict=True)]
    benchmark.extra_info[f"{name}_step_ms"] = [round(each, 1) for each in steps_ms]
    return ratio
