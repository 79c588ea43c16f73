"""A stored trial of 22 h at 10 Hz with 8 channels: its size, and the time of a summary."""

from __future__ import annotations

import itertools
from array import array
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchharness.model import Channel, Status
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, TrialPlan, TrialResult

pytestmark = pytest.mark.slow

HOURS = 22
HZ = 10
CHANNELS = 8
SAMPLES = HOURS * 3600 * HZ
SIZE_LIMIT_BYTES = 60_000_000

Summary = dict[str, tuple[float, float, float, float]]


def power_like(rng: np.random.Generator, digits: int | None) -> npt.NDArray[np.float64]:
    """Return a slow drift with noise, as a meter's, in watts; all 52 bits, or ``digits`` decimals.

    It has the spread of a plug or a rail: 5 W, wandering by about a watt, noise of 0.3 W.
    """
    drift = np.cumsum(rng.normal(0.0, 0.001, SAMPLES))
    watts = 5.0 + drift + rng.normal(0.0, 0.3, SAMPLES)
    return watts if digits is None else np.round(watts, digits)


@pytest.fixture(scope="module", params=["3 decimals", "full float64"])
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int, Summary]:
    """Write the trial second by second, as the harness does; return file, stream and truth."""
    rng = np.random.default_rng(22)
    digits = 3 if request.param == "3 decimals" else None
    due = np.arange(SAMPLES, dtype=np.int64) * (1_000_000_000 // HZ) + 5_000_000_000
    times = due + rng.exponential(60_000.0, SAMPLES).astype(np.int64)  # ticks are late, never early
    columns = [power_like(rng, digits) for _ in range(CHANNELS)]
    path = tmp_path_factory.mktemp("store") / "results.db"
    with Store.open(path) as store:
        store.add_campaign(
            CampaignRecord("0badcafe", "2026-01-01T00:00:00Z", 0, 0, "boot", "22 h", "", {}, {})
        )
        store.plan_trials("0badcafe", [TrialPlan(0, 0, 0, "noop", {})])
        (trial,) = store.trials("0badcafe")
        names = [Channel(f"power{number}_w", "W") for number in range(CHANNELS)]
        stream = store.add_stream(trial.trial_id, "meter", "bench", names)
        # One commit a minute packs the same rows as one a second, without 79 200 waits for a disk.
        for start, end in itertools.pairwise(range(0, SAMPLES + 1, 60 * HZ)):
            store.append(
                stream,
                array("q", times[start:end].tobytes()),
                [array("d", column[start:end].tobytes()) for column in columns],
            )
            store.commit()
        store.finish_trial(trial.trial_id, TrialResult(Status.OK))
    seconds = times / 1e9
    truth = {
        channel.name: (
            float(np.mean(column)),
            float(np.min(column)),
            float(np.max(column)),
            float(np.sum((column[1:] + column[:-1]) * np.diff(seconds)) / 2),
        )
        for channel, column in zip(names, columns, strict=True)
    }
    return path, stream, truth


def summarise(path: Path, stream: int) -> Summary:
    """Return mean, least, greatest and integral over time of every channel."""
    with Store.open(path, read_only=True) as store:
        times, columns = store.read_stream(stream)
    step_s = np.diff(times) / 1e9
    return {
        name: (
            float(values.mean()),
            float(values.min()),
            float(values.max()),
            float(np.dot(values[1:] + values[:-1], step_s) / 2),
        )
        for name, values in columns.items()
    }


@pytest.mark.slow
def test_22_hours_at_10_hz(benchmark: BenchmarkFixture, stored: tuple[Path, int, Summary]) -> None:
    path, stream, truth = stored
    size_bytes = path.stat().st_size
    benchmark.extra_info["file_mb"] = round(size_bytes / 1e6, 1)
    summary = benchmark(summarise, path, stream)
    assert size_bytes < SIZE_LIMIT_BYTES
    for name, values in truth.items():
        assert summary[name] == pytest.approx(values, rel=1e-9)
