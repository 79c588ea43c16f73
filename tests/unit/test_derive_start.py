"""Memory and CPU seconds inside a window, and what the start before it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchharness.report.derive import derive_campaign
from benchharness.report.derive_start import NOT_MARKED, NOT_STARTED
from benchharness.report.document import to_document
from tests.unit.derive_store import META, Trial, at, campaign, one

Probes = dict[str, tuple[Sequence[float], Mapping[str, Sequence[float]]]]


def tree(*samples: tuple[float, float], name: str = "main") -> Probes:
    """Return the samples (time, memory) of a tree that uses 0.8 of a core."""
    times = [t for t, _ in samples]
    used = [0.8 * (t + 10.0) for t in times]
    return {f"tree:{name}": (times, {"memory_bytes": [m for _, m in samples], "cpu_s": used})}


def started(at_s: float, **support: float) -> dict[str, Any]:
    """Return the participants: the main program, and others that support it."""
    others = {n: {"role": "support", "started_ns": at(t)} for n, t in support.items()}
    return {"participants": {"main": {"role": "main", "started_ns": at(at_s)}, **others}}


PLENTY = ((-1.0, 900.0), (0.5, 500.0), (10.0, 620.0), (19.0, 610.0), (20.5, 800.0))


def test_memory_in_the_window_is_the_largest_sample_there(tmp_path: Path) -> None:
    trial = one(tmp_path, Trial(marked=True, probes=tree(*PLENTY)))
    assert trial.memory_window_bytes == 620
    assert trial.memory_peak_bytes == 1000
    assert trial.cpu_s == 15.0
    assert trial.cpu_window_s == pytest.approx(16.0)
    assert trial.cpu_percent == pytest.approx(80.0)


def test_own_programs_add_up_and_supporting_ones_are_left_out(tmp_path: Path) -> None:
    probes = {**tree(*PLENTY), **tree(*PLENTY, name="second"), **tree(*PLENTY, name="server")}
    details = started(-1.0, server=-2.0)
    trial = one(tmp_path, Trial(marked=True, probes=probes, details=details))
    assert trial.memory_window_bytes == 2 * 620
    assert trial.cpu_window_s == pytest.approx(32.0)


@pytest.mark.parametrize(
    "samples",
    [((-1.0, 900.0), (20.5, 800.0)), ((-1.0, 9.0), (5.0, float("nan"))), ((5.0, 0.0),)],
    ids=["outside", "unknown", "gone"],
)
def test_a_window_without_a_sample_has_no_memory(
    tmp_path: Path, samples: tuple[tuple[float, float], ...]
) -> None:
    trial = one(tmp_path, Trial(marked=True, probes=tree(*samples)))
    assert trial.memory_window_bytes is None
    assert trial.cpu_window_s is None


def test_a_window_that_is_the_whole_run_has_its_exact_cpu_seconds(tmp_path: Path) -> None:
    assert one(tmp_path, Trial(cpu_s=12.5)).cpu_window_s == 12.5


class Starting(Trial):
    """5 s at 6 W before a window of 20 s at 8 W; rest is 3 W."""

    def power_w(self, t_s: np.ndarray) -> np.ndarray:
        return np.where((t_s >= -2.0) & (t_s < 0.0), 6.0, super().power_w(t_s))


def test_a_start_has_seconds_and_joules_by_the_same_estimators(tmp_path: Path) -> None:
    meta = {**META, "period_s": 0.5, "gain_bound": 0.02}
    trial = one(tmp_path, Starting(marked=True, meta=meta, details=started(-2.0, server=-9.0)))
    start = trial.start
    assert start is not None and start.energy is not None
    assert start.duration_s == pytest.approx(2.0)
    assert start.energy.gross_j.value == pytest.approx(12.0, rel=1e-6)
    assert start.energy.net_j is not None
    assert start.energy.net_j.value == pytest.approx(6.0, rel=1e-6)
    assert start.energy.gross_j.expanded_u is not None
    assert start.energy.gross_j.expanded_u > 12.0 * 0.02
    assert trial.energy is not None
    assert trial.energy.gross_j.value == pytest.approx(160.0)  # of the window alone


@pytest.mark.parametrize(
    ("trial", "duration_s", "why"),
    [
        (Starting(details=started(-2.0)), None, NOT_MARKED),
        (Starting(marked=True), None, NOT_STARTED),
        (Starting(marked=True, meta=None, details=started(-2.0)), 2.0, "no meter was used"),
        (
            Starting(marked=True, details=started(-0.02)),
            0.02,
            "a start of 20.0 ms is too short to be measured",
        ),
        (
            Starting(marked=True, meter_until_s=-5.0, details=started(-2.0)),
            2.0,
            "meter plug-1 gave no reading for 2.0 s of 2.0 s",
        ),
    ],
    ids=["not-marked", "not-started", "no-meter", "short", "silent"],
)
def test_a_start_without_joules_says_why(
    tmp_path: Path, trial: Trial, duration_s: float | None, why: str
) -> None:
    start = one(tmp_path, trial).start
    assert start is not None
    assert start.duration_s == (None if duration_s is None else pytest.approx(duration_s))
    assert (start.energy, start.missing) == (None, why)


def test_a_reason_speaks_of_the_start(tmp_path: Path) -> None:
    start = one(tmp_path, Starting(marked=True, details=started(-0.1))).start
    assert start is not None and start.missing is not None
    assert start.missing.startswith("no reading of meter plug-1 fell into the start of 100")


def test_the_document_has_them(tmp_path: Path) -> None:
    details = started(-2.0)
    good = Starting(marked=True, probes=tree(*PLENTY), details=details)
    with campaign(tmp_path, {"a": [good, replace(good, meta=None)]}) as store:
        first, second = to_document(derive_campaign(store, "last"))["trials"]
    assert first["cpu_window_s"] == pytest.approx(16.0)
    assert first["memory_window_bytes"] == 620
    assert first["start"]["gross_j"]["value"] == pytest.approx(12.0, rel=1e-6)
    assert first["start"]["net_j"]["value"] == pytest.approx(6.0, rel=1e-6)
    assert (first["start"]["class"], first["start"]["missing"]) == ("measured", None)
    assert second["start"] == {
        **dict.fromkeys(("gross_j", "net_j", "method", "meter", "class")),
        "duration_s": pytest.approx(2.0),
        "missing": "no meter was used",
    }
