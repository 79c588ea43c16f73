"""Campaigns made through the Store with known values: a step, another kernel, a bad campaign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchharness.model import Status
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, TrialPlan, TrialResult

SECOND_NS = 1_000_000_000
ENVIRONMENT = {"machine": "5e9f01c2", "board": "Raspberry Pi 5", "kernel": "6.6.31"}


def campaign_id(number: int) -> str:
    return f"{0xC0DE00 + number:08x}"


def add_campaign(
    store: Store,
    number: int,
    seconds: Mapping[str, Sequence[float]],
    *,
    spec: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    status: Status = Status.OK,
    title: str = "nightly",
) -> str:
    """Add a finished campaign: the durations of the runs of each variant, in seconds."""
    name = campaign_id(number)
    variants = [
        {"index": i, "label": label, "factors": {"runtime": label}, "workload": "matrix"}
        for i, label in enumerate(seconds)
    ]
    created = f"2026-{1 + number // 28:02}-{1 + number % 28:02}T10:00:00+00:00"
    known = {**ENVIRONMENT, "commit": f"{number:07x}", **(environment or {})}
    record = CampaignRecord(
        name, created, 0, 0, "boot", title, "run", {"variants": variants, **(spec or {})}, known
    )
    store.add_campaign(record)
    ended: list[tuple[TrialPlan, TrialResult]] = []
    for i, (label, values) in enumerate(seconds.items()):
        for repetition, value in enumerate(values):
            plan = TrialPlan(len(ended), i, repetition, "matrix", {"runtime": label})
            result = TrialResult(
                status,
                exit_code=0,
                window_start_ns=10 * SECOND_NS,
                window_end_ns=10 * SECOND_NS + round(value * SECOND_NS),
                cpu_s=value,
                memory_peak_bytes=50_000_000,
            )
            ended.append((plan, result))
    store.add_ended_trials(name, ended)
    store.finish_campaign(name, "done", None)
    return name


def write_history(
    path: Path,
    count: int,
    mean_s: Callable[[int], float],
    environment: Callable[[int], Mapping[str, Any]] = lambda _: {},
    *,
    runs: int = 5,
    cv: float = 0.005,
) -> Path:
    """Write ``count`` campaigns of two variants: one steady, one with the given means."""
    rng = np.random.default_rng(12)
    with Store.open(path) as store:
        store._connection.execute("PRAGMA synchronous = OFF")
        for number in range(count):
            seconds = {
                "steady": (1.0 + cv * rng.standard_normal(runs)).tolist(),
                "native": (mean_s(number) * (1.0 + cv * rng.standard_normal(runs))).tolist(),
            }
            add_campaign(store, number, seconds, environment=environment(number))
    return path
