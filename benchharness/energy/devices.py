"""The energy of several devices together, each behind a meter of its own.

The joules add up; of the uncertainties, those of independent instruments add in quadrature (GUM
5.1.2). Three things they share, and their errors add in a row (GUM 5.2.2, correlation 1): the
window's stamps, and the gain of figures that one program makes up for all devices, a model of
watts or an emulator with one setting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchharness.energy.budget import CLOCK, GAIN, Budget, Term
from benchharness.energy.systematic import gross_terms_j
from benchharness.model import (
    EnergyEstimate,
    EnergyFigure,
    MeasurementClass,
    Quantity,
    TrialSummary,
)

ALL_DEVICES = "all devices"  # the target of a sum
SUM = "sum"  # its method
_OF_ONE_PROGRAM = frozenset({MeasurementClass.ESTIMATED, MeasurementClass.EMULATED})


def is_sum(figure: EnergyFigure) -> bool:
    """Say whether a figure is the sum of others, and no meter's own."""
    return figure.method == SUM and figure.target == ALL_DEVICES


def counting(trial: TrialSummary) -> list[EnergyFigure]:
    """Return the meters' own figures that the trial's energy rests on: its parts if it is a sum."""
    if trial.energy is None:
        return []
    if not is_sum(trial.energy):
        return [trial.energy]
    return [figure for figure in trial.other_energy if figure.part_of == ALL_DEVICES]


def as_part(figure: EnergyFigure) -> EnergyFigure:
    """Return the figure of one device as a part of the sum."""
    return replace(figure, part_of=ALL_DEVICES)


def sum_of(figures: Sequence[EnergyFigure]) -> EnergyFigure | str:
    """Return the figure of all devices together, or why there is none, in a sentence.

    Figures of one class, at least one; joules of different classes are not added.
    """
    classes = list(dict.fromkeys(figure.measurement_class for figure in figures))
    if len(classes) > 1:
        which = " and ".join(sorted(each.value for each in classes))
        return f"the devices' joules are {which}, and are not added"
    shared = frozenset({CLOCK} | ({GAIN} if classes[0] in _OF_ONE_PROGRAM else set()))
    gross = _together([(gross_terms_j(f), _gross_nu(f)) for f in figures], shared)
    gross_j = math.fsum(figure.gross_j.value for figure in figures)
    net_j, net_missing, net = None, _net_missing(figures), None
    if net_missing is None:
        net = _together([(f.terms_j, f.nu) for f in figures], shared)
        net_j = net.quantity(math.fsum(f.net_j.value for f in figures if f.net_j is not None))
    counted = net or gross
    known = [figure.coverage for figure in figures if figure.coverage is not None]
    coverage = min(known) if len(known) == len(figures) else None
    estimate = EnergyEstimate(
        SUM,
        gross_j,
        gross.combined,
        gross.as_mapping(),
        sum(_readings(figure) for figure in figures),
        coverage,
        gross.degrees_of_freedom(),
    )
    return EnergyFigure(
        gross_j=gross.quantity(gross_j),
        net_j=net_j,
        method=SUM,
        meter=f"sum of {len(figures)} meters",
        target=ALL_DEVICES,
        measurement_class=classes[0],
        idle_power_w=_idle_power(figures, in_a_row=GAIN in shared),
        dominant_term=counted.dominant,
        terms_j=counted.as_mapping(),
        coverage=coverage,
        estimates=(estimate,),
        nu_eff=counted.nu_eff if math.isfinite(counted.nu_eff) else None,
        gate=_gates(figures),
        nu=counted.degrees_of_freedom(),
        idle_each_w=_idle_each_w(figures),
        net_missing=net_missing,
    )


def _together(
    budgets: Sequence[tuple[Mapping[str, float], Mapping[str, float]]], shared: frozenset[str]
) -> Budget:
    """Return the budget of a sum, from the terms and degrees of freedom of what is summed."""
    terms = []
    for name in dict.fromkeys(name for terms_of, _ in budgets for name in terms_of):
        same = Budget.of(
            Term(name, terms_of[name], nu.get(name, math.inf))
            for terms_of, nu in budgets
            if name in terms_of
        )
        u_j = math.fsum(term.u for term in same.terms) if name in shared else same.combined
        terms.append(Term(name, u_j, same.nu_eff))
    return Budget.of(terms)


def _gross_nu(figure: EnergyFigure) -> Mapping[str, float]:
    return next((e.nu for e in figure.estimates if e.method == figure.method), {})


def _readings(figure: EnergyFigure) -> int:
    return next((e.readings for e in figure.estimates if e.method == figure.method), 0)


def _net_missing(figures: Sequence[EnergyFigure]) -> str | None:
    """Return why there is no net energy of all, None where each has one."""
    for figure in figures:
        if figure.net_j is None:
            return figure.net_missing or f"the net energy of {figure.target} is not known"
    return None


def _idle_power(figures: Sequence[EnergyFigure], *, in_a_row: bool) -> Quantity | None:
    known = [figure.idle_power_w for figure in figures if figure.idle_power_w is not None]
    if len(known) < len(figures):
        return None
    each_u = [idle.expanded_u for idle in known if idle.expanded_u is not None]
    power_w = math.fsum(idle.value for idle in known)
    if len(each_u) < len(known):
        return Quantity(power_w)
    # Expanded ones of nearly the same k; gain is most of it where it is shared.
    u_w = math.fsum(each_u) if in_a_row else math.hypot(*each_u)
    return Quantity(power_w, u_w, max((idle.k for idle in known if idle.k), default=None))


def _idle_each_w(figures: Sequence[EnergyFigure]) -> tuple[float, ...]:
    each = [figure.idle_each_w for figure in figures]
    if len({len(powers) for powers in each}) != 1:
        return ()
    return tuple(math.fsum(powers) for powers in zip(*each, strict=True))


def _gates(figures: Sequence[EnergyFigure]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for figure in figures:
        for name, count in figure.gate.items():
            counts[name] = counts.get(name, 0) + count
    return counts
