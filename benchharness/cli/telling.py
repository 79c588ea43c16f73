"""Which differences a number of repetitions will leave undecided, before anything is measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchharness.model import MeasurementClass
from benchharness.stats.interval import LEVEL
from benchharness.stats.least_difference import least_difference
from benchharness.stats.power import repetitions_to_tell
from benchharness.stats.saying import listed
from benchharness.stats.simultaneous import joint_level
from benchharness.stats.student import t_factor
from benchharness.units import format_duration

if TYPE_CHECKING:
    from benchharness.cli.earlier import Known
    from benchharness.meters.base import Instrument, Meter
    from benchharness.model import Capabilities

_ENERGIES = ("energy", "energy_net_j", "energy_gross_j")
_WINDOWS_S = (10.0, 60.0, 600.0)  # where no window is known
_ASSUMED_W, _ASSUMED_IDLE_W = 5.0, 3.0  # a small board that works, and at rest
_ROUND = (0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005)
_CLEARLY_LESS = 0.75  # what is worth more repetitions


@dataclass(frozen=True, slots=True)
class Telling:
    """For one meter and window: the least difference that is told with 80 % chance.

    ``meter`` None: of time, memory or CPU time. ``difference`` None: none is told. ``better`` is a
    smaller difference and the repetitions that tell it, None where none do. ``assumed`` are the
    figures that nobody has measured, in words; ``lasting`` is the largest term of the meter's
    budget that repetitions do not average out.
    """

    what: str
    meter: str | None
    window_s: float | None
    repetitions: int
    difference: float | None
    better: tuple[float, int] | None
    shared_rel: float
    spread_rel: float
    assumed: tuple[str, ...]
    estimated: bool = False
    lasting: str | None = None
    power_w: tuple[float, float | None] | None = None  # while it works, and at rest
    option: str | None = None  # what --meter takes for this meter

    @property
    def width(self) -> float | None:
        """Return the full relative width that the interval of one mean will have about."""
        if self.repetitions < 2:
            return None
        between = t_factor(LEVEL, self.repetitions - 1) * self.spread_rel
        common = t_factor(LEVEL, math.inf) * self.shared_rel
        return 2.0 * math.hypot(between / math.sqrt(self.repetitions), common)


@dataclass(frozen=True, slots=True)
class _Case:
    """What one line of the answer is for."""

    what: str
    meter: str | None
    window_s: float | None
    shared_rel: float
    spread_rel: float
    assumed: tuple[str, ...]
    estimated: bool = False
    lasting: str | None = None
    power_w: tuple[float, float | None] | None = None
    option: str | None = None


def telling_of(
    metric: str,
    meters: Sequence[Meter],
    known: Mapping[int, Known],
    idle_s: float,
    repetitions: int,
    comparisons: int,
) -> list[Telling]:
    """Return what can be told of energy, for each meter and window that counts, and of time.

    What the campaign is about comes first.
    """
    level = joint_level(max(1, comparisons))
    cases = [
        replace(case, option=_option(meter.instrument))
        for meter in meters
        for case in _energy_cases(meter, metric, known, idle_s)
    ]
    cases.append(_time_case(known))
    if metric not in _ENERGIES:
        cases = cases[::-1]
    return [_told(case, repetitions, level) for case in cases]


def _option(instrument: Instrument) -> str:
    from benchharness.meters.instrument import instrument_files

    return instrument.name if instrument.name in instrument_files() else instrument.where


def _told(case: _Case, repetitions: int, level: float) -> Telling:
    difference = least_difference(case.spread_rel, repetitions, case.shared_rel, level)
    return Telling(
        case.what,
        case.meter,
        case.window_s,
        repetitions,
        difference,
        _better(case, difference, level),
        case.shared_rel,
        case.spread_rel,
        case.assumed,
        case.estimated,
        case.lasting,
        case.power_w,
        case.option,
    )


def _better(case: _Case, difference: float | None, level: float) -> tuple[float, int] | None:
    """Return the largest round difference that is clearly smaller, with its repetitions."""
    from benchharness.energy.design import MOST

    limit = math.inf if difference is None else _CLEARLY_LESS * difference
    wished = next((each for each in _ROUND if each <= limit), None)
    if wished is None:
        return None
    n = repetitions_to_tell(wished, case.spread_rel, case.shared_rel, level)
    return None if n is None or n > MOST else (wished, n)


def _time_case(known: Mapping[int, Known]) -> _Case:
    from benchharness.energy.design import BETWEEN_TRIALS

    spread = _pooled([each.spread_time for each in known.values()])
    window_s = min((each.window_s for each in known.values()), default=None)
    if spread is not None:
        return _Case("time", None, window_s, 0.0, spread, ())
    return _Case("time", None, window_s, 0.0, BETWEEN_TRIALS, (_assumed_spread(BETWEEN_TRIALS),))


def _energy_cases(
    meter: Meter, metric: str, known: Mapping[int, Known], idle_s: float
) -> list[_Case]:
    """Return the variant with the least energy, the hardest to tell; else some windows."""
    name = meter.instrument.name
    seen = [each for each in known.values() if each.energy_j is not None and each.meter == name]
    asked = meter.instrument.options.get("poll_s") != 0
    can, gross = meter.capabilities(), metric == "energy_gross_j"
    if seen:
        hardest = min(seen, key=lambda each: each.energy_j or 0.0)
        power_w = (hardest.energy_j or 0.0) / hardest.window_s
        idle_w = None if gross else hardest.idle_w
        spread = _pooled([each.spread_energy for each in seen])
        case = _case(name, can, (power_w, idle_w), hardest.window_s, idle_s, asked, spread)
        return [] if case is None else [case]
    windows_s = [min(each.window_s for each in known.values())] if known else list(_WINDOWS_S)
    if can.measurement_class is MeasurementClass.ESTIMATED:
        windows_s = windows_s[:1]  # a longer one is no better known
    power = (_ASSUMED_W, None if gross or idle_s <= 0.0 else _ASSUMED_IDLE_W)
    lengths = () if known else (_windows_text(windows_s),)
    said = f"{_ASSUMED_W:g} W while it works"
    said += "" if power[1] is None else f", {_ASSUMED_IDLE_W:g} W at rest"
    cases = [
        _case(name, can, power, window_s, idle_s, asked, None, (*lengths, said))
        for window_s in windows_s
    ]
    return [case for case in cases if case is not None]


def _windows_text(windows_s: Sequence[float]) -> str:
    return f"windows of {listed([format_duration(each) for each in windows_s])}"


def _case(
    name: str,
    can: Capabilities,
    power_w: tuple[float, float | None],
    window_s: float,
    idle_s: float,
    asked: bool,
    spread: float | None,
    assumed: tuple[str, ...] = (),
) -> _Case | None:
    """Return the budget of such a window, None where the meter would give no energy for it."""
    from benchharness.energy.design import BETWEEN_TRIALS
    from benchharness.energy.forecast import Demand, forecast

    works_w, idle_w = power_w
    if idle_w is not None and idle_w >= works_w:
        idle_w = None
    found = forecast(can, Demand(works_w, idle_w), window_s, idle_s, asked=asked)
    if found is None or found.energy_j <= 0.0:
        return None
    if spread is None:  # what was measured has the instrument's part in it
        assumed = (*assumed, _assumed_spread(BETWEEN_TRIALS))
        spread = math.hypot(BETWEEN_TRIALS, found.random_rel)
    what = "gross energy" if idle_w is None else "net energy"
    estimated, lasting = found.keeps_gain, found.lasting
    return _Case(
        *(what, name, window_s, found.shared_rel, spread, assumed, estimated, lasting),
        power_w=(works_w, idle_w),
    )


def _assumed_spread(spread: float) -> str:
    return f"equal trials that vary by {100.0 * spread:g} %"


def _pooled(spreads: Sequence[float | None]) -> float | None:
    """Return the root mean square of the spreads that are known."""
    squares = [each * each for each in spreads if each is not None]
    return math.sqrt(sum(squares) / len(squares)) if squares else None
