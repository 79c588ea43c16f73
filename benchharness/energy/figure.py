"""The energy of one trial by one meter: every estimator, the best of them, gross and net."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from benchharness.energy.budget import GAIN, Budget, bound
from benchharness.energy.cautions import Findings, cautions
from benchharness.energy.counter import COUNTER, counter_difference, with_edges
from benchharness.energy.crosscheck import disagreement
from benchharness.energy.gate import gate
from benchharness.energy.gate_cautions import gate_cautions
from benchharness.energy.hold import hold_and_sum, hold_previous
from benchharness.energy.idle import IdlePower, declared_idle, idle_power
from benchharness.energy.interior import INTERIOR_HOLD, interior_hold
from benchharness.energy.net import below_zero, net_energy, no_reading_at_rest
from benchharness.energy.observed import Candidate, Observed, Unavailable, observe
from benchharness.energy.readings import Readings, Window
from benchharness.energy.silence import silences
from benchharness.energy.steps import counter_step_j
from benchharness.energy.trapezoid import trapezoid
from benchharness.model import (
    Capabilities,
    Caution,
    EnergyFigure,
    MeasurementClass,
    MeterEvent,
    Quantity,
)
from benchharness.units import format_duration

COVERAGE_LIMIT = 0.9

# In order of preference where two are equally certain.
ESTIMATORS = (interior_hold, counter_difference, trapezoid, hold_previous, hold_and_sum)
# A step of power at the window's edges leaves these without bias; the others are kept beside them.
_UNBIASED = (INTERIOR_HOLD, COUNTER)
# Two rounded readings of a counter are wrong by one step at most, √6 times their uncertainty:
# beyond three times it, the powers have missed something.
_CLEARLY = 3.0

_SAID = {"offline": "was offline", "disconnected": "was disconnected"}


class Outcome(NamedTuple):
    """A figure, or the reason in a sentence why there is none; and what to know about it."""

    figure: EnergyFigure | None
    reason: str | None
    cautions: tuple[Caution, ...] = ()


def energy_figure(
    readings: Readings,
    capabilities: Capabilities,
    window: Window,
    *,
    meter: str,
    target: str,
    idle: Sequence[Window] = (),
    events: Sequence[MeterEvent] = (),
    declared_idle_w: float | None = None,
) -> Outcome:
    """Return the energy of ``window``, or why it is not known.

    The readings pass the gate first. Of interior hold and counter difference the one with the
    least expanded uncertainty of its own gives the figure; where they clearly disagree, the
    counter does, since it misses nothing between readings, unless it had to be joined. The gain
    is left out of that choice: it grows with the energy, and would favour the lowest estimate.
    Net energy needs a reading in at least one of the ``idle`` windows; an estimating model may
    declare its idle power instead. Readings must vouch for ``COVERAGE_LIMIT`` of the window.
    """
    gated = gate(readings, capabilities)
    if np.isfinite(readings.power_w).any() and not np.isfinite(gated.readings.power_w).any():
        why = f"the gate rejected every power of meter {meter}"
        return Outcome(None, why, tuple(gate_cautions(gated, meter)))
    readings = gated.readings
    silent = silences(events, readings.t_ns, max(window.end_ns, _last_ns(readings)))
    step_j = counter_step_j(readings.times_since_first_s(), readings.energy_j, capabilities)
    observed = observe(readings, window, capabilities, silent, gated.stitches, step_j)
    if observed.coverage.share < COVERAGE_LIMIT:
        return Outcome(None, _missing(observed, meter), tuple(gate_cautions(gated, meter)))
    results = [estimator(observed) for estimator in _estimators(observed)]
    candidates = [result for result in results if isinstance(result, Candidate)]
    if not candidates and _too_short(observed):
        return Outcome(
            None,
            f"the window of {format_duration(observed.duration_s)} is shorter than the "
            f"{format_duration(observed.counter_lag.reach_s)} by which readings of meter "
            f"{meter} may lag: repeat the work inside a longer window",
        )
    if not candidates:
        return Outcome(
            None,
            f"no reading of meter {meter} fell into the window of "
            f"{format_duration(observed.duration_s)} "
            f"(it gives one every {format_duration(observed.period_s)})",
        )
    best = _best(candidates, joined=_joined_inside(observed))
    if best.method == COUNTER:
        candidates[candidates.index(best)] = best = with_edges(observed, best)
    rest = idle_power(readings, capabilities, idle, silent, gated.stitches, step_j)
    if (
        rest is None
        and declared_idle_w is not None
        and capabilities.measurement_class is MeasurementClass.ESTIMATED
    ):
        rest = declared_idle(declared_idle_w)
    figure, net_budget = _figure(observed, best, candidates, rest, meter, target)
    figure = replace(figure, gate=gated.counts)
    idle_s = min((interval.duration_s for interval in idle), default=None)
    found = Findings(observed, best, candidates, rest, figure, net_budget, idle_s, len(idle))
    return Outcome(figure, None, (*cautions(found), *gate_cautions(gated, meter)))


def _best(candidates: Sequence[Candidate], *, joined: bool) -> Candidate:
    unbiased = [candidate for candidate in candidates if candidate.method in _UNBIASED]
    counter = next((c for c in unbiased if c.method == COUNTER), None)
    if counter is not None and not joined and disagreement(candidates, _CLEARLY) is not None:
        return counter
    return min(unbiased or candidates, key=lambda candidate: candidate.own_expanded_j)


def _joined_inside(observed: Observed) -> bool:
    return any(s.after_s > 0.0 and s.before_s < observed.duration_s for s in observed.stitches)


def _too_short(observed: Observed) -> bool:
    """Say whether powers cannot tell of the window: all read in it may show what was before."""
    return observed.duration_s < observed.counter_lag.reach_s


def _estimators(observed: Observed) -> Sequence[Callable[[Observed], Candidate | Unavailable]]:
    return (counter_difference,) if _too_short(observed) else ESTIMATORS


def _figure(
    observed: Observed,
    best: Candidate,
    candidates: Sequence[Candidate],
    rest: IdlePower | None,
    meter: str,
    target: str,
) -> tuple[EnergyFigure, Budget | None]:
    net: Quantity | None = None
    idle: Quantity | None = None
    net_budget: Budget | None = None
    refused = None if rest is not None else no_reading_at_rest(meter)
    if rest is not None:
        net_j, net_budget = net_energy(best, rest, observed.duration_s, observed.gain_bound)
        net = net_budget.quantity(net_j)
        refused = below_zero(net, rest, meter)
        if refused is not None:
            net, net_budget = None, None
        gain = bound(GAIN, observed.gain_bound * rest.power_w)
        idle = Budget.of([*rest.budget.terms, gain]).quantity(rest.power_w)
    budget = net_budget or best.budget
    share = observed.coverage.share
    figure = EnergyFigure(
        gross_j=best.budget.quantity(best.energy_j),
        net_j=net,
        method=best.method,
        meter=meter,
        target=target,
        measurement_class=observed.capabilities.measurement_class,
        idle_power_w=idle,
        dominant_term=budget.dominant,
        terms_j=budget.as_mapping(),
        coverage=share,
        estimates=tuple(candidate.estimate(share) for candidate in candidates),
        nu_eff=budget.nu_eff if math.isfinite(budget.nu_eff) else None,
        nu=budget.degrees_of_freedom(),
        idle_each_w=() if rest is None else rest.each_w,
        net_missing=refused,
    )
    return figure, net_budget


def _missing(observed: Observed, meter: str) -> str:
    """Return the sentence that says why the readings do not cover the window."""
    total = f"{observed.duration_s:.1f} s"
    if len(observed.power) == 0 and len(observed.counter) == 0:
        silent = [_SAID[kind] for kind in observed.coverage.silent_s]
        because = f": it {silent[0]}" if silent else ""
        return f"meter {meter} gave no reading in the trial{because}"
    # The longest silence is the cause if it explains most of what is missing.
    kind, silent_s = max(
        observed.coverage.silent_s.items(), key=lambda item: item[1], default=("", 0.0)
    )
    if silent_s >= 0.5 * observed.coverage.uncovered_s:
        return f"meter {meter} {_SAID[kind]} for {silent_s:.1f} s of {total}"
    return f"meter {meter} gave no reading for {observed.coverage.uncovered_s:.1f} s of {total}"


def _last_ns(readings: Readings) -> int:
    return int(readings.t_ns[-1]) if len(readings) else 0
