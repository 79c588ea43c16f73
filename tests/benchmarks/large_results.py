"""Results files as large as they get, written through the Store, for the benchmarks of reading.

Every number follows from its trial's place, so that two runs make the same file.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchharness.model import Channel, Status
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, EventRecord, TrialPlan, TrialResult

SECOND_NS = 1_000_000_000
IDLE_W, BUSY_W = 3.0, 8.0
METER: Mapping[str, Any] = {
    "target": "board",
    "class": "measured",
    "driver": "shelly",
    "where": "meters/plug-1.toml",
    "has_power": True,
    "has_counter": True,
    "power_resolution_w": 0.1,
    "energy_resolution_j": 1.0,
    "floor_w": None,
    "gain_bound": 0.02,
    "latency_bound_s": 0.5,
}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """How large a campaign is. Eight channels in four streams: meter, board, system and tree."""

    trials: int
    variants: int = 10
    window_s: float = 10.0
    idle_s: float = 5.0
    meter_hz: float = 1.0
    probe_hz: float = 10.0

    @property
    def length_s(self) -> float:
        """Return how long one trial is observed."""
        return self.window_s + 2 * self.idle_s


DAY = Shape(trials=1, variants=1, window_s=22 * 3600 - 120.0, idle_s=60.0, meter_hz=10.0)
DAY_IN_PARTS = Shape(trials=200, variants=4, window_s=376.0, idle_s=10.0, meter_hz=10.0)
MANY_TRIALS = Shape(trials=10_000, variants=20)


def write_results(path: Path, shape: Shape, campaigns: int = 1) -> Path:
    """Write a results file with the shape's trials divided among ``campaigns``."""
    with Store.open(path) as store:
        # A power cut during a benchmark costs nothing, and waiting for a disk is not measured.
        store._connection.execute("PRAGMA synchronous = OFF")
        for number in range(campaigns):
            _campaign(store, shape, number, shape.trials // campaigns)
    return path


def campaign_id(number: int) -> str:
    """Return the id of the n-th campaign of a file."""
    return f"{number:08x}"


def _campaign(store: Store, shape: Shape, number: int, trials: int) -> None:
    factors: list[dict[str, str | int]] = [
        {"runtime": f"r{v // 2}", "size": v % 2 + 1} for v in range(shape.variants)
    ]
    variants = [
        {
            "index": index,
            "label": f"r{index // 2} {index % 2 + 1}",
            "factors": each,
            "workload": "matrix",
        }
        for index, each in enumerate(factors)
    ]
    name = campaign_id(number)
    spec = {"variants": variants, "quick": False, "seed": 7}
    created = f"2026-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}T00:00:00+00:00"
    store.add_campaign(
        CampaignRecord(name, created, 0, 0, "boot", "large", "run", spec, {"cpu": "Cortex-A72"})
    )
    plans = [
        TrialPlan(i, i % shape.variants, i // shape.variants, "matrix", factors[i % shape.variants])
        for i in range(trials)
    ]
    store.plan_trials(name, plans)
    for record in store.trials(name):
        _trial(store, shape, record.trial_id, record.index, record.variant, number)
    store.finish_campaign(name, "done", {"ticks": 10, "missed_ticks": 0})


def _trial(
    store: Store, shape: Shape, trial_id: int, index: int, variant: int, number: int
) -> None:
    random = np.random.default_rng([number, index])
    start_ns = 1_000 * SECOND_NS + round(index * (shape.length_s + 1.0) * SECOND_NS)
    window_s = shape.window_s * (1.0 + 0.01 * variant) * (1.0 - 0.02 * random.random())
    window_s = min(window_s, shape.length_s - shape.idle_s - 1.0)
    window_ns = start_ns + round(shape.idle_s * SECOND_NS)
    end_ns = window_ns + round(window_s * SECOND_NS)
    busy_w = (BUSY_W + 0.1 * variant) * (1.0 + 0.01 * random.standard_normal())
    store.start_trial(trial_id, start_ns)
    _meter(store, shape, trial_id, random, busy_w, (start_ns, window_ns, end_ns))
    _probes(store, shape, trial_id, random, (start_ns, window_ns, end_ns))
    last_ns = start_ns + round(shape.length_s * SECOND_NS)
    for stage, from_ns, to_ns in (
        ("idle_before", start_ns, window_ns),
        ("window", window_ns, end_ns),
        ("idle_after", end_ns, last_ns),
    ):
        store.add_event(trial_id, EventRecord(from_ns, "harness", "stage", "start", stage))
        store.add_event(trial_id, EventRecord(to_ns, "harness", "stage", "end", stage))
    store.add_event(trial_id, EventRecord(end_ns - 1, "main", "metric", name="loss", value=0.5))
    main = {"role": "main", "exit_code": 0, "started_ns": window_ns, "cpu_s": window_s * 0.9}
    store.finish_trial(
        trial_id,
        TrialResult(
            Status.OK,
            exit_code=0,
            window_start_ns=window_ns,
            window_end_ns=end_ns,
            cpu_s=window_s * 0.9,
            memory_peak_bytes=50_000_000 + 1000 * index,
            outputs={"checksum": "f00d"},
            methods={"cpu": "cgroup v2", "memory": "cgroup v2 peak", "window": "marked"},
            details={
                "window_marked": True,
                "participants": {"main": main},
                "stdout_tail": "",
                "sampler": {"ticks": round(shape.length_s * 10), "missed_ticks": 0},
            },
        ),
    )


def _meter(
    store: Store,
    shape: Shape,
    trial_id: int,
    random: np.random.Generator,
    busy_w: float,
    marks_ns: tuple[int, int, int],
) -> None:
    """Write powers of one decimal and a counter of whole joules."""
    times_ns = _times_ns(shape, shape.meter_hz, marks_ns[0], random)
    inside = (times_ns >= marks_ns[1]) & (times_ns < marks_ns[2])
    watts = np.where(inside, busy_w, IDLE_W) + 0.2 * random.standard_normal(times_ns.size)
    joules = np.floor(np.cumsum(watts) / shape.meter_hz)
    channels = [Channel("power_w", "W"), Channel("energy_j", "J")]
    meta = {**METER, "period_s": 1.0 / shape.meter_hz}
    stream = store.add_stream(trial_id, "meter", "plug-1", channels, meta)
    _append(store, stream, times_ns, [np.round(watts, 1), joules])


def _probes(
    store: Store,
    shape: Shape,
    trial_id: int,
    random: np.random.Generator,
    marks_ns: tuple[int, int, int],
) -> None:
    times_ns = _times_ns(shape, shape.probe_hz, marks_ns[0], random)
    cpu_s = np.cumsum(0.5 + 0.5 * random.random(times_ns.size)) / shape.probe_hz
    core_s = np.floor(100.0 * cpu_s) / 100.0
    memory = np.floor(4e7 + 1e6 * random.random(times_ns.size) / 4096) * 4096
    for name, columns in (
        ("system", {"cpu_s": core_s, "cpu0_s": core_s / 2, "cpu1_s": core_s / 2}),
        ("board", {"memory_used_bytes": memory}),
        ("tree:main", {"cpu_s": cpu_s, "memory_bytes": memory}),
    ):
        channels = [Channel(each, "1") for each in columns]
        meta = {"memory": "the sum of proportional shares"}
        stream = store.add_stream(trial_id, "probe", name, channels, meta)
        _append(store, stream, times_ns, list(columns.values()))


def _times_ns(
    shape: Shape, rate_hz: float, start_ns: int, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return the times of samples, int64[n]; ticks are late, never early."""
    samples = round(shape.length_s * rate_hz)
    due = start_ns + np.round(np.arange(samples) * (SECOND_NS / rate_hz)).astype(np.int64)
    return due + random.exponential(60_000.0, samples).astype(np.int64)


def _append(
    store: Store, stream: int, times_ns: npt.NDArray[np.int64], columns: Sequence[Floats]
) -> None:
    """Write in parts of a minute or so, as the harness does: a part is packed on its own."""
    for start in range(0, times_ns.size, 600):
        part = slice(start, start + 600)
        store.append(
            stream,
            array("q", times_ns[part].tobytes()),
            [array("d", column[part].astype(np.float64).tobytes()) for column in columns],
        )
        if times_ns.size > start + 600:
            store.commit()
