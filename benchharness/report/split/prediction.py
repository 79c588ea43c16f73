"""What was predicted of each device and round, against what was measured: the points, the errors.

An error is (predicted - measured) / measured. A round whose joules the meter cannot tell has no
error of joules, and is counted.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchharness.model import TrialSummary
from benchharness.report.split.rounds import DeviceRound, device_rounds, main_values

SECONDS, JOULES = "s", "J"


@dataclass(frozen=True, slots=True)
class Pair:
    """One prediction with its measurement, ``u`` the expanded uncertainty of that if known."""

    name: str  # of the device
    predicted: float
    measured: float
    u: float | None = None

    @property
    def error(self) -> float:
        """Return the relative error of the prediction."""
        return (self.predicted - self.measured) / self.measured


@dataclass(frozen=True, slots=True)
class Errors:
    """How far predictions were off: sizes of the relative errors, and which way most of them."""

    count: int
    left_out: int  # predictions that nothing was measured for
    middle: float  # the median of the errors with their sign
    median: float  # of their sizes
    largest: float  # of their sizes
    u: float | None  # the median relative U of what was measured


def pairs(trials: Iterable[TrialSummary], unit: str) -> tuple[list[Pair], int]:
    """Return predictions of seconds or joules by device and round, and how many stand alone."""
    found, left_out = [], 0
    for trial in trials:
        for each in device_rounds(trial):
            pair = _pair(each, unit)
            if pair is not None:
                found.append(pair)
            elif each.value(f"predicted_{unit.lower()}") is not None:
                left_out += 1
    return found, left_out


def round_pairs(trials: Iterable[TrialSummary]) -> list[Pair]:
    """Return what was predicted of whole rounds, in seconds: the slowest device decides."""
    found = []
    for trial in trials:
        measured = main_values(trial, "round_s")
        for step, predicted in main_values(trial, "predicted_round_s").items():
            if measured.get(step, 0.0) > 0.0:
                found.append(Pair("round", predicted, measured[step]))
    return found


def errors(found: Sequence[Pair], left_out: int = 0) -> Errors | None:
    """Return how far predictions were off, None where nothing can be told."""
    if not found:
        return None
    each = [pair.error for pair in found]
    sizes = [abs(error) for error in each]
    known = [pair.u / abs(pair.measured) for pair in found if pair.u is not None]
    return Errors(
        count=len(found),
        left_out=left_out,
        middle=statistics.median(each),
        median=statistics.median(sizes),
        largest=max(sizes),
        u=statistics.median(known) if known else None,
    )


def _pair(each: DeviceRound, unit: str) -> Pair | None:
    if unit == SECONDS:
        predicted, measured, u = each.value("predicted_s"), each.value("busy_s"), None
    else:
        joules = each.measured_j
        predicted = each.value("predicted_j")
        measured, u = (None, None) if joules is None else (joules.value, joules.expanded_u)
    if predicted is None or measured is None or measured <= 0.0:
        return None
    return Pair(each.name, predicted, measured, u)
