"""What a reader must know about an energy figure, with the remedy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchharness.energy.advice import TARGET, window_for
from benchharness.energy.budget import IDLE_DRIFT, IDLE_PREFIX, Budget
from benchharness.energy.counter import COUNTER
from benchharness.energy.crosscheck import disagreement
from benchharness.energy.idle import IdlePower
from benchharness.energy.lag import power_lag
from benchharness.energy.observed import Candidate, Observed
from benchharness.model import Caution, EnergyFigure, MeasurementClass
from benchharness.units import format_duration, format_pm, format_si

_FEW_PERIODS = 10.0
_NOTABLE_GAP = 0.01
_NOTABLE_DRIFT = 0.05
_TARGET_SAID = f"{100 * TARGET:.0f} % besides the meter's gain"
_IDLE_REACHES = 2.0  # so that half of the readings at rest show nothing else


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that is known when the cautions are made."""

    observed: Observed
    best: Candidate
    candidates: Sequence[Candidate]
    idle: IdlePower | None
    figure: EnergyFigure
    net_budget: Budget | None
    shortest_idle_s: float | None = None
    idle_intervals: int = 0

    def longer_s(self) -> float | None:
        """Return the window that the budget asks for; None where no length would do."""
        energy = self.figure.net_j or self.figure.gross_j
        return window_for(
            self.figure.terms_j, self.observed.duration_s, energy.value, self.best.method
        )


def cautions(found: Findings) -> tuple[Caution, ...]:
    """Return the cautions of a figure, the gravest first."""
    return tuple(
        caution
        for check in (
            _disagrees,
            _net_below_zero,
            _net_too_small,
            _no_idle,
            _idle_once,
            _idle_short,
            _drift,
            _short,
            _gaps,
            _floor,
        )
        for caution in check(found)
    )


def _disagrees(found: Findings) -> Iterator[Caution]:
    apart = disagreement(found.candidates)
    if apart is not None:
        yield Caution(
            "counter-disagrees",
            f"counter and powers of meter {found.figure.meter} differ by "
            f"{format_si(apart[0], 'J')}, their uncertainty is {format_si(apart[1], 'J')}",
            "check the meter with 'benchharness meters check'",
        )


def _net_below_zero(found: Findings) -> Iterator[Caution]:
    if found.idle is not None and found.figure.net_missing is not None:
        yield Caution(
            "net-below-zero",
            found.figure.net_missing,
            "end other work on the board, and let it settle longer",
        )


def _net_too_small(found: Findings) -> Iterator[Caution]:
    net = found.figure.net_j
    if net is not None and net.expanded_u is not None and net.value <= net.expanded_u:
        yield Caution(
            "net-below-uncertainty",
            f"net energy {format_pm(net.value, net.expanded_u)} J is below its uncertainty",
            _longer_or_finer(found),
        )


def _longer_or_finer(found: Findings) -> str:
    longer_s = found.longer_s()
    if longer_s is None:
        return "repeat the work inside a longer window, or use a finer meter"
    if longer_s <= found.observed.duration_s:
        # The budget's window leaves the gain out: without it this one would do already.
        return (
            "no longer window helps against the meter's gain: use a meter with a better known one"
        )
    return f"a window of {format_duration(longer_s)} or more would give {_TARGET_SAID}"


def _no_idle(found: Findings) -> Iterator[Caution]:
    if found.idle is None:
        period = format_duration(found.observed.period_s)
        yield Caution(
            "no-idle",
            found.figure.net_missing or "net energy is not known",
            f"set --idle to several times its telemetry interval of {period}",
        )


def _idle_once(found: Findings) -> Iterator[Caution]:
    """Say so where of two intervals at rest one was not read: a drift would not be seen."""
    idle = found.idle
    estimated = found.figure.measurement_class is MeasurementClass.ESTIMATED
    if idle is not None and len(idle.each_w) < found.idle_intervals and not estimated:
        yield Caution(
            "idle-once",
            f"meter {found.figure.meter} was read in {len(idle.each_w)} of "
            f"{found.idle_intervals} intervals at rest: a drift of the idle power is not in the ±",
            "repeat this trial, and check the meter's connection",
        )


def _idle_short(found: Findings) -> Iterator[Caution]:
    """Say so where rest is shorter than readings look back, and that is what limits the figure."""
    idle, rest_s = found.idle, found.shortest_idle_s
    term = found.figure.dominant_term or ""
    limits = term.startswith(IDLE_PREFIX) and term != IDLE_DRIFT
    if idle is None or rest_s is None or not limits:
        return
    reach_s = power_lag(found.observed.capabilities, idle.power_w).reach_s
    if rest_s < _IDLE_REACHES * reach_s:
        yield Caution(
            "idle-short",
            f"rest of {format_duration(rest_s)} is short beside the {format_duration(reach_s)} "
            f"that readings of meter {found.figure.meter} may look back",
            f"set --idle {math.ceil(_IDLE_REACHES * reach_s)}, or leave it to be chosen",
        )


def _drift(found: Findings) -> Iterator[Caution]:
    idle = found.idle
    if idle is None or idle.drift_w is None or not idle.drift_is_clear:
        return
    if abs(idle.drift_w) > _NOTABLE_DRIFT * abs(idle.power_w):
        yield Caution(
            "idle-drift",
            f"idle power moved from {format_si(idle.each_w[0], 'W')} before the window to "
            f"{format_si(idle.each_w[-1], 'W')} after it",
            "let the board settle longer, and end other work on it",
        )


def _short(found: Findings) -> Iterator[Caution]:
    observed = found.observed
    if found.best.method != COUNTER and observed.duration_s < _FEW_PERIODS * observed.period_s:
        yield Caution(
            "short-window",
            f"the window of {format_duration(observed.duration_s)} holds "
            f"{_readings(len(observed.inside))} of meter {found.figure.meter}",
            _enough(found),
        )


def _enough(found: Findings) -> str:
    """Return what ends the caution: ten intervals, and more where the budget asks for more.

    The budget alone may be content with less than was measured: few readings that happen to be
    alike have a small spread, and this caution is about their number.
    """
    period_s, longer_s = found.observed.period_s, found.longer_s()
    least_s = _FEW_PERIODS * period_s
    spans = f"or more would span ten of its intervals of {format_duration(period_s)}"
    if longer_s is None:
        least = format_duration(least_s)
        return f"a window of {least} {spans}; only a finer meter would give {_TARGET_SAID}"
    wanted = format_duration(max(least_s, longer_s))
    return f"a window of {wanted} {spans} and give {_TARGET_SAID}"


def _gaps(found: Findings) -> Iterator[Caution]:
    covered = found.observed.coverage
    if 1.0 - covered.share > _NOTABLE_GAP:
        yield Caution(
            "low-coverage",
            f"meter {found.figure.meter} vouches for {100 * covered.share:.0f} % of the window: "
            f"{covered.uncovered_s:.1f} s are without a reading",
            "check its connection",
        )


def _floor(found: Findings) -> Iterator[Caution]:
    floor_w = found.observed.floor_w
    if not floor_w:
        return
    lowest_w = found.best.energy_j / found.observed.duration_s
    what = "power in the window"
    if found.idle is not None and found.idle.power_w < lowest_w:
        lowest_w, what = found.idle.power_w, "idle power"
    if lowest_w < floor_w:
        yield Caution(
            "below-floor",
            f"the {what} of {format_si(lowest_w, 'W')} is below the floor of meter "
            f"{found.figure.meter}, {format_si(floor_w, 'W')}, where its readings are doubtful",
            "add a known constant load to the same plug",
        )


def _readings(count: int) -> str:
    return "1 reading" if count == 1 else f"{count} readings"
