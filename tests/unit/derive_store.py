"""Stores with invented campaigns whose every figure is known, for the tests of the derivation."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchharness.model import CampaignSummary, Caution, Channel, Factors, Status, TrialSummary
from benchharness.report.derive import derive_campaign
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, EventRecord, TrialPlan, TrialResult

SECOND_NS = 1_000_000_000
START_NS = 5_000 * SECOND_NS
IDLE_S, SETTLE_S = 10.0, 2.0
POWER_CHANNELS = (Channel("power_w", "W"), Channel("energy_j", "J"))
META: Mapping[str, Any] = {
    "target": "board",
    "class": "measured",
    "driver": "tasmota",
    "where": "meters/plug-1.toml",
    "has_power": True,
    "has_counter": False,
    "period_s": 0.5,
    "power_resolution_w": None,
    "energy_resolution_j": None,
    "floor_w": None,
    "gain_bound": 0.02,
    "latency_bound_s": None,
}


def at(t_s: float, start_ns: int = START_NS) -> int:
    """Return the time in ns of seconds since the start of the (only) window."""
    return start_ns + round(t_s * SECOND_NS)


@dataclass
class Trial:
    """What one trial is made of; the window is [0, duration_s] after ``START_NS``.

    ``others`` are further meters by name, with their meta and the share of the power they see.
    """

    duration_s: float = 20.0
    idle_w: float = 3.0
    busy_w: float = 8.0
    status: Status = Status.OK
    reason: str | None = None
    cpu_s: float | None = 15.0
    marked: bool = False
    meta: Mapping[str, Any] | None = field(default_factory=lambda: META)
    meter_until_s: float = 1e9
    others: Mapping[str, tuple[Mapping[str, Any], float]] = field(default_factory=dict)
    events: Sequence[EventRecord] = ()
    cautions: Sequence[Caution] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    probes: Mapping[str, tuple[Sequence[float], Mapping[str, Sequence[float]]]] = field(
        default_factory=dict
    )

    def power_w(self, t_s: np.ndarray) -> np.ndarray:
        return np.where((t_s >= 0) & (t_s < self.duration_s), self.busy_w, self.idle_w)

    def stages(self) -> Iterator[EventRecord]:
        end = self.duration_s
        for name, start_s, end_s in (
            ("idle_before", -IDLE_S - SETTLE_S, -SETTLE_S),
            ("window", 0.0, end),
            ("idle_after", end + SETTLE_S, end + SETTLE_S + IDLE_S),
        ):
            yield EventRecord(at(start_s), "harness", "stage", edge="start", name=name)
            yield EventRecord(at(end_s), "harness", "stage", edge="end", name=name)

    def result(self) -> TrialResult:
        return TrialResult(
            self.status,
            reason=self.reason,
            exit_code=0,
            window_start_ns=at(0.0),
            window_end_ns=at(self.duration_s),
            cpu_s=self.cpu_s,
            memory_peak_bytes=1000,
            outputs={"checksum": "f00d"},
            methods={"cpu": "cgroup v2"},
            cautions=self.cautions,
            details={"window_marked": self.marked, **self.details},
        )


def campaign(
    path: Path,
    variants: Mapping[str, Sequence[Trial | None]],
    overhead: Mapping[str, Any] | None = None,
    factors: Mapping[str, Factors] | None = None,
    workloads: Mapping[str, str] | None = None,
    environment: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Store:
    """Store a campaign of trials by the label of their variant; None is a trial not yet run.

    ``workloads`` are by label too; without them all are of one, ``matrix``.
    """
    store = Store.open(path / "results.db")
    listed: list[dict[str, Any]] = [
        {"index": i, "label": label, "factors": (factors or {}).get(label, {"runtime": label})}
        for i, label in enumerate(variants)
    ]
    for variant in listed:
        if workloads:
            variant["workload"] = workloads[variant["label"]]
    full = {"variants": listed, "quick": False, "seed": 7, **spec}
    store.add_campaign(
        CampaignRecord(
            "0badcafe",
            "2026-01-01T00:00:00+00:00",
            START_NS,
            0,
            "boot",
            "a title",
            "benchharness run matrix",
            full,
            environment or {"cpu": "Cortex-A72"},
            overhead=overhead,
        )
    )
    rows = [
        (i, repetition, trial)
        for i, trials in enumerate(variants.values())
        for repetition, trial in enumerate(trials)
    ]
    store.plan_trials(
        "0badcafe",
        [
            TrialPlan(
                index,
                variant,
                repetition,
                listed[variant].get("workload", "matrix"),
                listed[variant]["factors"],
            )
            for index, (variant, repetition, _) in enumerate(rows)
        ],
    )
    for record, (_, _, trial) in zip(store.trials("0badcafe"), rows, strict=True):
        if trial is not None:
            _run(store, record.trial_id, trial)
    done = all(trial is not None for _, _, trial in rows)
    store.finish_campaign("0badcafe", "done" if done else "interrupted", overhead or {})
    return store


def _run(store: Store, trial_id: int, trial: Trial) -> None:
    store.start_trial(trial_id)
    meters = {} if trial.meta is None else {"plug-1": (trial.meta, 1.0)}
    for name, (meta, share) in {**meters, **trial.others}.items():
        t_s = np.arange(-IDLE_S - SETTLE_S, trial.duration_s + SETTLE_S + IDLE_S, 0.5) + 0.25
        t_s = t_s[t_s < trial.meter_until_s]
        stream = store.add_stream(trial_id, "meter", name, POWER_CHANNELS, meta)
        power = share * trial.power_w(t_s)
        _append(store, stream, t_s, [power, np.full(power.size, np.nan)])
    for name, (times, columns) in trial.probes.items():
        channels = [Channel(channel, "1") for channel in columns]
        stream = store.add_stream(trial_id, "probe", name, channels)
        _append(store, stream, np.asarray(times), [np.asarray(c) for c in columns.values()])
    for event in [*trial.stages(), *trial.events]:
        store.add_event(trial_id, event)
    store.finish_trial(trial_id, trial.result())


def _append(store: Store, stream: int, t_s: np.ndarray, columns: Sequence[np.ndarray]) -> None:
    store.append(
        stream,
        array("q", [at(t) for t in t_s.tolist()]),
        [array("d", column.astype(np.float64).tolist()) for column in columns],
    )


def derive(path: Path, **variants: Sequence[Trial | None]) -> CampaignSummary:
    with campaign(path, variants) as store:
        return derive_campaign(store, "0bad")


def one(path: Path, trial: Trial) -> TrialSummary:
    return derive(path, only=[trial]).trials[0]


def codes(cautions: Sequence[Caution]) -> set[str]:
    return {caution.code for caution in cautions}


def said(kind: str, t_s: float, participant: str = "main", **fields: object) -> EventRecord:
    return EventRecord(at(t_s), participant, kind, **fields)  # type: ignore[arg-type]


def phase(name: str, start_s: float, end_s: float, participant: str = "main") -> list[EventRecord]:
    return [
        said("phase", start_s, participant, edge="start", name=name),
        said("phase", end_s, participant, edge="end", name=name),
    ]


def repeated(busy_w: float, n: int = 5, **changes: object) -> list[Trial]:
    """Return trials whose power and time differ a little, the same way each time."""
    steps = np.linspace(-0.01, 0.01, n) if n > 1 else [0.0]
    base = Trial(busy_w=busy_w, **changes)  # type: ignore[arg-type]
    return [
        replace(base, duration_s=20.0 * (1 + s), busy_w=3.0 + (busy_w - 3.0) * (1 + s))
        for s in steps
    ]
