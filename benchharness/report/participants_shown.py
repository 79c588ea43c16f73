"""What pages of several programs share: which runs count, who is shown, units of long runs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from benchharness.model import ParticipantSummary, Status, TrialSummary
from benchharness.report.text import Unit, number
from benchharness.units import JOULES_PER_WATT_HOUR

_TIMES = ((10_800.0, Unit("h", 3600.0)), (1_200.0, Unit("min", 60.0)), (0.0, Unit("s", 1.0)))
_WATT_HOURS = (Unit("kWh", 1e3), Unit("Wh", 1.0), Unit("mWh", 1e-3))


def good_trials(trials: Iterable[TrialSummary]) -> list[TrialSummary]:
    """Return the trials that count."""
    return [trial for trial in trials if trial.status is Status.OK]


def some_of_each(participants: Sequence[ParticipantSummary], most: int) -> list[str]:
    """Return the names of at most so many, in their order: of each kind of device the first ones.

    The kind is the device's title.
    """
    if len(participants) <= most:
        return [p.name for p in participants]
    nth: dict[str | None, int] = {}
    ranked = []
    for place, participant in enumerate(participants):
        turn = nth[participant.device_title] = nth.get(participant.device_title, 0) + 1
        ranked.append((turn, place))
    return [participants[place].name for place in sorted(p for _, p in sorted(ranked)[:most])]


def time_unit(longest_s: float) -> Unit:
    """Return hours for what takes several, minutes for what takes many, else seconds."""
    return next(unit for least_s, unit in _TIMES if longest_s >= least_s)


def watt_hours(energy_j: float) -> str:
    """Return joules as ``0.41 Wh``, ``227 Wh``; kilowatt-hours only from 1000 Wh on."""
    wh = energy_j / JOULES_PER_WATT_HOUR
    if wh >= 1000.0:
        return f"{number(wh / 1000.0, 3)} kWh"
    return f"{number(wh, 3)} Wh" if wh >= 0.1 else f"{number(1000.0 * wh, 3)} mWh"


def watt_hour_unit(joules: Sequence[float]) -> Unit:
    """Choose the unit of a column; kilowatt-hours only where all of it is large."""
    middle = statistics.median(joules) / JOULES_PER_WATT_HOUR
    return next(unit for unit in _WATT_HOURS if middle >= unit.factor or unit.factor < 1.0)
