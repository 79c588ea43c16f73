"""Which replies may be averaged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchharness.federated.checks import (
    EVALUATE_METRICS,
    TRAIN_METRICS,
    arrays_fault,
    metrics_fault,
    stamps,
)
from benchharness.federated.timeline import Work

GOOD: dict[str, Any] = {
    "num-examples": 12,
    "train_loss": 0.5,
    "train_accuracy": 1.0,
    "samples": 24,
}


def test_a_good_reply_has_no_fault() -> None:
    assert metrics_fault(GOOD, TRAIN_METRICS) is None
    arrays = {"w": np.zeros((2, 3), dtype=np.float32)}
    assert arrays_fault(arrays, {"w": (2, 3)}) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"train_loss": float("nan")}, "its train_loss is nan, not a finite number"),
        ({"train_loss": float("inf")}, "its train_loss is inf, not a finite number"),
        ({"samples": "many"}, "its samples is 'many', not a finite number"),
        ({"samples": True}, "its samples is True, not a finite number"),
        ({"samples": [1]}, "its samples is [1], not a finite number"),
        ({"num-examples": 0}, "its num-examples is 0: it has no weight in the average"),
        ({"num-examples": -3}, "its num-examples is -3: it has no weight in the average"),
    ],
)
def test_numbers_that_cannot_be_averaged_are_named(change: dict[str, Any], says: str) -> None:
    assert metrics_fault({**GOOD, **change}, TRAIN_METRICS) == says


def test_a_number_that_is_missing_is_named() -> None:
    found = {name: value for name, value in GOOD.items() if name != "train_loss"}
    assert metrics_fault(found, TRAIN_METRICS) == "its train_loss is missing or not finite"
    assert metrics_fault(GOOD, EVALUATE_METRICS) == "its local_loss is missing or not finite"


@pytest.mark.parametrize(
    "metrics",
    [
        {},
        {"begin_ns": 1},
        {"begin_ns": 2, "end_ns": 1},
        {"begin_ns": -1, "end_ns": 1},
        {"begin_ns": 1.0, "end_ns": 2.0},
        {"begin_ns": True, "end_ns": 2},
    ],
)
def test_times_that_make_no_sense_are_none(metrics: dict[str, Any]) -> None:
    assert stamps(metrics) is None


def test_times_with_their_clock() -> None:
    assert stamps({"begin_ns": 1, "end_ns": 1, "boot_id": "b"}) == Work(1, 1, "b")
    assert stamps({"begin_ns": 1, "end_ns": 2}) == Work(1, 2, "")
    assert stamps({"begin_ns": 1, "end_ns": 2, "cpu_s": 0.5}) == Work(1, 2, "", 0.5)
    assert stamps({"begin_ns": 1, "end_ns": 2, "cpu_s": 0}) == Work(1, 2, "", 0.0)


@pytest.mark.parametrize("cpu_s", [-0.1, float("nan"), float("inf"), "0.5", True, None])
def test_cpu_seconds_that_make_no_sense_are_not_known(cpu_s: object) -> None:
    assert stamps({"begin_ns": 1, "end_ns": 2, "cpu_s": cpu_s}) == Work(1, 2, "")
