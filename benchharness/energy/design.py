"""The design of a comparison: windows, repetitions and the time that both cost together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchharness.energy.forecast import Forecast
from benchharness.stats.interval import LEVEL
from benchharness.stats.power import CHANCE, repetitions_to_tell

# From the shortest that a plug can see to what fits into an hour or two of measuring.
WINDOWS_S = (10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0)
BETWEEN_TRIALS = 0.02  # relative standard deviation of the energy of equal trials, if not known
FEWEST = 3  # two values hardly know their own spread
MOST = 200  # a comparison of more repetitions is not practical
_VARIANTS = 2
_SETTLINGS_S = 4.5  # three of 1.5 s: before idle, before and after the window

Forecaster = Callable[[float], "Forecast | None"]


@dataclass(frozen=True, slots=True)
class Question:
    """Which relative difference is to be told apart, how surely, and how equal trials are.

    ``between_trials`` is the relative standard deviation that the programs themselves have.
    """

    difference: float
    between_trials: float = BETWEEN_TRIALS
    level: float = LEVEL
    chance: float = CHANCE


@dataclass(frozen=True, slots=True)
class Row:
    """One length of window. ``repetitions`` None: no number of them tells the difference."""

    window_s: float
    repetitions: int | None
    total_s: float | None
    forecast: Forecast

    @property
    def practical(self) -> bool:
        """Say whether anybody would repeat it that often."""
        return self.repetitions is not None and self.repetitions <= MOST


def rows(
    question: Question,
    forecaster: Forecaster,
    idle_s: float,
    windows_s: Iterable[float] = WINDOWS_S,
) -> list[Row]:
    """Return what each window needs; windows without an energy are left out.

    The total is that of two variants with idle before and after each trial.
    """
    found = []
    for window_s in windows_s:
        forecast = forecaster(window_s)
        if forecast is None or forecast.energy_j <= 0.0:
            continue
        n = repetitions(question, forecast)
        each_s = window_s + 2.0 * idle_s + _SETTLINGS_S
        total_s = None if n is None else _VARIANTS * n * each_s
        found.append(Row(window_s, n, total_s, forecast))
    return found


def repetitions(question: Question, forecast: Forecast) -> int | None:
    """Return how many trials of each variant tell the difference apart, None if none do.

    What the instrument adds at random is spread like that of the programs; what it adds alike in
    every trial of one variant stays, however often it is repeated.
    """
    n = repetitions_to_tell(
        question.difference,
        math.hypot(question.between_trials, forecast.random_rel),
        forecast.shared_rel,
        question.level,
        question.chance,
    )
    return None if n is None else max(FEWEST, n)


def best(found: Sequence[Row]) -> Row | None:
    """Return the practical row of the least total time, None if there is none."""
    practical = [row for row in found if row.practical and row.total_s is not None]
    return min(practical, key=lambda row: row.total_s or 0.0, default=None)
