"""Stores with an invented federated campaign: a server and clients on devices, each with a plug.

Every figure is known: in each round of ``round_s`` a client trains for its share and then waits.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchharness.model import CampaignSummary, Channel, Status, TrialSummary
from benchharness.report.derive import derive_campaign
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, EventRecord, TrialPlan, TrialResult
from benchharness.testbed.document import testbed_document
from benchharness.testbed.records import Device, Testbed
from tests.unit.derive_store import META, POWER_CHANNELS, START_NS, at, said

REST_S, SETTLE_S = 20.0, 2.0
TREE_CHANNELS = (Channel("cpu_s", "s"), Channel("memory_bytes", "B"))
PLUG: Mapping[str, Any] = {
    **META,
    "class": "emulated",
    "period_s": 1.0,
    "gain_bound": 0.05,
    "driver": "tasmota",
}


@dataclass(frozen=True)
class Board:
    """A client's device: how long it trains of each round, what it draws, its cores."""

    name: str
    train_s: float
    idle_w: float = 2.0
    busy_w: float = 7.0
    cores: float = 0.5


BOARDS = (Board("orin", 3.0, 8.0, 15.0, 1.0), Board("nano", 12.0), Board("pi", 18.0, 3.0, 6.0, 0.3))


@dataclass
class Federated:
    """One trial; times are in seconds since the window's start."""

    boards: Sequence[Board] = BOARDS
    rounds: int = 6
    round_s: float = 20.0
    poll_s: float = 1.0
    metered: Sequence[str] | None = None  # devices with a plug; None for all
    until_s: Mapping[str, float] = field(default_factory=dict)  # when a plug falls silent
    meta: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # more of a plug, by device
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by participant
    events: Sequence[EventRecord] = ()
    sampled_until_s: Mapping[str, float] = field(default_factory=dict)  # probes, by participant
    cpu_share: Mapping[str, float] = field(default_factory=dict)  # of its cores, by device
    tells_cpu: bool = False  # whether clients tell the CPU seconds of their training
    scale: float = 1.0  # of every power
    status: Status = Status.OK

    @property
    def duration_s(self) -> float:
        return self.rounds * self.round_s

    def busy(self, board: Board, t_s: np.ndarray) -> np.ndarray:
        inside = (t_s >= 0.0) & (t_s < self.duration_s)
        found: np.ndarray = inside & (t_s % self.round_s < board.train_s)
        return found

    def power_w(self, board: Board, t_s: np.ndarray) -> np.ndarray:
        watts: np.ndarray = np.where(self.busy(board, t_s), board.busy_w, board.idle_w)
        return self.scale * watts

    def cpu_s(self, board: Board, t_s: np.ndarray) -> np.ndarray:
        whole = np.floor(t_s / self.round_s) * board.train_s
        trained = np.clip(whole + np.minimum(t_s % self.round_s, board.train_s), 0.0, None)
        cores = board.cores * self.cpu_share.get(board.name, 1.0)
        found: np.ndarray = cores * np.where(t_s > 0.0, trained, 0.0)
        return found

    def all_events(self) -> list[EventRecord]:
        found = [*self._stages()]
        for number in range(self.rounds):
            start, step = number * self.round_s, number + 1
            found += _span("round", start, start + self.round_s, step)
            for place, board in enumerate(self.boards):
                name, done = f"client-{place + 1}", start + board.train_s
                own_s = board.cores * board.train_s if self.tells_cpu else None
                found += _span("train", start, done, step, name, own_s)
                found += _span("wait", done, start + self.round_s, step, name)
                found.append(said("metric", done, name, name="samples", value=100.0, step=step))
            accuracy = 0.1 + 0.05 * step
            end = start + self.round_s
            found.append(
                said("metric", end, name="test_accuracy", value=accuracy, unit="1", step=step)
            )
        return [*found, *self.events]

    def _stages(self) -> list[EventRecord]:
        end = self.duration_s
        return [
            EventRecord(at(t_s), "harness", "stage", edge=edge, name=name)
            for name, start_s, end_s in (
                ("idle_before", -REST_S - SETTLE_S, -SETTLE_S),
                ("window", -1.0, end),
                ("idle_after", end + SETTLE_S, end + SETTLE_S + REST_S),
            )
            for edge, t_s in (("start", start_s), ("end", end_s))
        ]

    def result(self) -> TrialResult:
        uses: dict[str, dict[str, Any]] = {"main": _use(None)}
        for place, board in enumerate(self.boards):
            uses[f"client-{place + 1}"] = _use(board)
        for name, more in self.details.items():
            uses[name] = {**uses.get(name, {}), **more}
        return TrialResult(
            self.status,
            exit_code=0,
            window_start_ns=at(0.0),
            window_end_ns=at(self.duration_s),
            cpu_s=100.0,
            memory_peak_bytes=1000,
            methods={"cpu": "cgroup v2"},
            details={"window_marked": True, "participants": uses},
        )


def _use(board: Board | None) -> dict[str, Any]:
    return {
        "role": "main",
        "started_ns": at(-1.0),
        "cpu_s": 30.0,
        "memory_peak_bytes": 5000,
        "device": None if board is None else board.name,
        "cores": None if board is None else board.cores,
        "restarts": 0,
        "left": None,
    }


def _span(
    name: str,
    start_s: float,
    end_s: float,
    step: int,
    participant: str = "main",
    cpu_s: float | None = None,
) -> list[EventRecord]:
    start = said("phase", start_s, participant, edge="start", name=name, step=step)
    end = said("phase", end_s, participant, edge="end", name=name, step=step)
    return [start, end if cpu_s is None else replace(end, value=cpu_s, unit="s")]


def campaign(path: Path, trials: Sequence[Federated]) -> Store:
    """Store a campaign of one variant with a testbed."""
    store = Store.open(path / "federated.db")
    factors = {"engine": "process"}
    boards = trials[0].boards
    devices = tuple(Device(b.name, f"Board {b.name}", b.cores, b.idle_w, b.busy_w) for b in boards)
    cores = {board.name: board.cores for board in boards}
    testbed = testbed_document(Testbed("twin", "a twin", devices), cores)
    variants = [{"index": 0, "label": "engine=process", "factors": factors, "workload": "fl"}]
    spec = {"variants": variants, "quick": False, "seed": 7, "testbed": testbed}
    store.add_campaign(
        CampaignRecord(
            "fade0000", "2026-01-01T00:00:00+00:00", START_NS, 0, "boot", "federated",
            "benchharness run fl", spec, {"cpu": "x"},
        )
    )  # fmt: skip
    plans = [TrialPlan(place, 0, place, "fl", factors) for place in range(len(trials))]
    store.plan_trials("fade0000", plans)
    for record, trial in zip(store.trials("fade0000"), trials, strict=True):
        _run(store, record.trial_id, trial)
    store.finish_campaign("fade0000", "done", {})
    return store


def _run(store: Store, trial_id: int, trial: Federated) -> None:
    store.start_trial(trial_id)
    end_s = trial.duration_s + SETTLE_S + REST_S
    t_s = np.arange(-REST_S - SETTLE_S, end_s, trial.poll_s) + 0.3 * trial.poll_s
    sampled_s = np.arange(-0.95, trial.duration_s + 1.0, 0.1)
    for place, board in enumerate(trial.boards):
        if trial.metered is None or board.name in trial.metered:
            meta = {
                **PLUG, "period_s": trial.poll_s, "target": board.name,
                **trial.meta.get(board.name, {}),
            }  # fmt: skip
            seen_s = t_s[t_s < trial.until_s.get(board.name, 1e9)]
            stream = store.add_stream(trial_id, "meter", board.name, POWER_CHANNELS, meta)
            power = trial.power_w(board, seen_s)
            _append(store, stream, seen_s, [power, np.full(power.size, np.nan)])
        stream = store.add_stream(trial_id, "probe", f"tree:client-{place + 1}", TREE_CHANNELS)
        probed_s = sampled_s[sampled_s < trial.sampled_until_s.get(f"client-{place + 1}", 1e9)]
        memory = np.where(trial.busy(board, probed_s), 4.0e6, 1.0e6)
        _append(store, stream, probed_s, [trial.cpu_s(board, probed_s), memory])
    for event in trial.all_events():
        store.add_event(trial_id, event)
    store.finish_trial(trial_id, trial.result())


def _append(store: Store, stream: int, t_s: np.ndarray, columns: Sequence[np.ndarray]) -> None:
    store.append(
        stream,
        array("q", [at(t) for t in t_s.tolist()]),
        [array("d", column.astype(np.float64).tolist()) for column in columns],
    )


def derived(path: Path, *trials: Federated) -> CampaignSummary:
    with campaign(path, trials) as store:
        return derive_campaign(store, "fade")


def one(path: Path, trial: Federated) -> TrialSummary:
    return derived(path, trial).trials[0]
