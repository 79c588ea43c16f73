"""What learning costs beside the plain PyTorch loop, and being watched beside not being watched.

Pairs in turns, because the machine is shared: a slow minute falls on both of a pair. The ratio is
the geometric mean of the pairs' ratios with its 95 % interval. One thread, so that the CPU time
of a step is the step's own and no waiting for another core; the CPU time tells even on a busy
machine, the time on the clock only on a quiet one.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchharness import events
from benchharness.learning import data, models
from benchharness.learning.training import train
from benchharness.stats.interval import mean_interval
from benchharness.trial.sampling import Sampler

if TYPE_CHECKING:
    import torch

pytestmark = [pytest.mark.slow, pytest.mark.alone]

PAIRS = 40
MOST_OVER_THE_PLAIN_LOOP = 1.02
MOST_UNDER_WATCH = 1.01
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.05, 0.9, 5e-4


@dataclass(frozen=True)
class Case:
    """A model, and the steps of one turn: short turns, so that a pair sees the same machine."""

    depth: int
    width: int
    batch: int
    steps: int

    def parts(self) -> tuple[torch.nn.Module, data.Dataset]:
        """Return the model and as many examples as the steps take."""
        images = data.load("synthetic", seed=1, examples=self.batch * self.steps, test_examples=1)
        model = models.build(
            "wide-resnet", depth=self.depth, width=self.width, classes=images.classes, seed=1
        )
        return model, images


FULL = Case(depth=4, width=10, batch=16, steps=2)
SMALL = Case(depth=1, width=1, batch=16, steps=20)
SMOKE = Case(depth=1, width=1, batch=4, steps=2)


@dataclass(frozen=True)
class Took:
    """The clock's and the processor's seconds of one turn."""

    time_s: float
    cpu_s: float


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def ours(case: Case, model: torch.nn.Module, images: data.Dataset) -> None:
    """Train as the workloads do."""
    train(
        model,
        images.train_x,
        images.train_y,
        epochs=1,
        batch=case.batch,
        learning_rate=LEARNING_RATE,
        momentum=MOMENTUM,
        weight_decay=WEIGHT_DECAY,
        seed=1,
        compute="cpu",
    )


def plain(case: Case, model: torch.nn.Module, images: data.Dataset) -> None:
    """Train as PyTorch's own introduction does: a loader, an optimiser, five lines."""
    import torch
    from torch.nn.functional import cross_entropy
    from torch.utils.data import DataLoader, TensorDataset

    examples = TensorDataset(torch.from_numpy(images.train_x), torch.from_numpy(images.train_y))
    loader = DataLoader(examples, batch_size=case.batch, shuffle=True)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
    )
    model.train()
    running = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item()
    assert math.isfinite(running)


def took(work: Callable[[], None]) -> Took:
    start_ns, start_cpu_s = time.monotonic_ns(), time.process_time()
    work()
    cpu_s = time.process_time() - start_cpu_s
    return Took((time.monotonic_ns() - start_ns) / 1e9, cpu_s)


def in_turns(
    pairs: int, first: Callable[[], Took], second: Callable[[], Took]
) -> list[tuple[Took, Took]]:
    """Run A B, B A, A B ... after one of each that does not count."""
    first(), second()
    found = []
    for pair in range(pairs):
        if pair % 2:
            after = second()
            found.append((first(), after))
        else:
            before = first()
            found.append((before, second()))
    return found


def note(benchmark: BenchmarkFixture, name: str, pairs: list[tuple[float, float]]) -> float:
    """Store the mean ratio of pairs with its interval, and the median ratio; return that."""
    found = mean_interval([math.log(a / b) for a, b in pairs])
    mean, low, high = (math.exp(x or 0.0) for x in (found.mean, found.low, found.high))
    benchmark.extra_info[f"{name}_ratio"] = f"{mean:.4f} ({low:.4f} to {high:.4f})"
    median = statistics.median(a / b for a, b in pairs)
    benchmark.extra_info[f"{name}_ratio_median"] = round(median, 4)
    return median


def compare(
    benchmark: BenchmarkFixture, steps: int, first: Callable[[], Took], second: Callable[[], Took]
) -> float:
    """Note both ratios and the length of a step; return the median ratio on the clock."""
    count = PAIRS if benchmark.enabled else 2
    pairs = benchmark.pedantic(
        in_turns, args=(count, first, second), rounds=1, iterations=1, warmup_rounds=0
    )
    step_s = statistics.median(b.time_s for _, b in pairs) / steps
    benchmark.extra_info["step_ms"] = round(1000 * step_s, 2)
    note(benchmark, "cpu", [(a.cpu_s, b.cpu_s) for a, b in pairs])
    return note(benchmark, "time", [(a.time_s, b.time_s) for a, b in pairs])


@pytest.mark.parametrize("case", [FULL, SMALL], ids=["full", "small"])
def test_a_step_against_the_plain_loop(benchmark: BenchmarkFixture, case: Case) -> None:
    case = case if benchmark.enabled else SMOKE
    model, images = case.parts()
    ratio = compare(
        benchmark,
        case.steps,
        lambda: took(lambda: ours(case, model, images)),
        lambda: took(lambda: plain(case, model, images)),
    )
    if benchmark.enabled and case is FULL:
        assert ratio <= MOST_OVER_THE_PLAIN_LOOP


@contextmanager
def watched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sample this process ten times a second, and write events, as in a trial."""
    with ExitStack() as stack, monkeypatch.context() as patch:
        sampler = stack.enter_context(Sampler(10))
        sampler.add_tree("main", os.getpid(), None, "benchmark")
        patch.setenv(events.ENVIRONMENT_VARIABLE, str(folder / "events.jsonl"))
        yield


@pytest.mark.parametrize("case", [FULL, SMALL], ids=["full", "small"])
def test_being_watched_against_not_being_watched(
    benchmark: BenchmarkFixture, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phase and two metrics a turn, as a client has them in a round."""
    case = case if benchmark.enabled else SMOKE
    model, images = case.parts()

    def turn() -> None:
        with events.phase("train", step=1):
            ours(case, model, images)
        events.metric("train_loss", 1.0, step=1, participant="client-1")
        events.metric("train_accuracy", 0.5, step=1, participant="client-1")

    def within(watch: AbstractContextManager[None]) -> Took:
        with watch:
            return took(turn)

    ratio = compare(
        benchmark,
        case.steps,
        lambda: within(watched(tmp_path, monkeypatch)),
        lambda: within(nullcontext()),
    )
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert len(lines) == 4 * ((PAIRS if benchmark.enabled else 2) + 1)
    if benchmark.enabled and case is FULL:  # turns of the small one are short: ± 3 % of noise
        assert ratio <= MOST_UNDER_WATCH
