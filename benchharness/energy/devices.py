"""The energy of several devices together, each behind a meter of its own.

The joules add up; of the uncertainties, those of independent instruments add in quadrature (GUM
5.1.2). What they share adds in a row (GUM 5.2.2, correlation 1): the window's stamps; the gain of
figures that one program makes up for all devices, a model of watts or an emulator with one setting;
and of meters of one make, as long as none was calibrated by itself, the gain and what the chip does
alike in each: how late it is, what it cuts off, what it does not see. Eight plugs of one batch are
no eight opinions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchharness.energy.budget import (
    CLOCK,
    FLOOR,
    GAIN,
    IDLE_PREFIX,
    LATENCY,
    TRUNCATION,
    Budget,
    Term,
)
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
_OF_THE_CHIP = frozenset(
    prefix + name for name in (LATENCY, TRUNCATION, FLOOR) for prefix in ("", IDLE_PREFIX)
)


@dataclass(frozen=True, slots=True)
class Make:
    """What a meter is, as far as its errors are those of others of its make.

    ``gain_alone``: its gain was calibrated, and ``delay_alone``: so was its delay.
    """

    driver: str | None = None
    gain_alone: bool = False
    delay_alone: bool = False


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


def sum_of(figures: Sequence[EnergyFigure], makes: Sequence[Make] = ()) -> EnergyFigure | str:
    """Return the figure of all devices together, or why there is none, in a sentence.

    Figures of one class, at least one; joules of different classes are not added. ``makes`` are
    those of the meters, in order; a meter of no known driver is taken to be independent.
    """
    classes = list(dict.fromkeys(figure.measurement_class for figure in figures))
    if len(classes) > 1:
        which = " and ".join(sorted(each.value for each in classes))
        return f"the devices' joules are {which}, and are not added"
    shared = _Shared(makes or [Make()] * len(figures), classes[0] in _OF_ONE_PROGRAM)
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
        idle_power_w=_idle_power(figures, shared),
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


@dataclass(frozen=True, slots=True)
class _Shared:
    makes: Sequence[Make]
    one_program: bool

    def groups(self, name: str) -> list[str]:
        """Return with which others each meter shares the error of a term, by a name in common."""
        if name == CLOCK or (name == GAIN and self.one_program):
            return [name] * len(self.makes)
        return [self._group(name, place, make) for place, make in enumerate(self.makes)]

    @staticmethod
    def _group(name: str, place: int, make: Make) -> str:
        alone = make.gain_alone if name == GAIN else make.delay_alone
        if make.driver is None or alone or name not in _OF_THE_CHIP | {GAIN}:
            return f"{place}"
        return f"driver {make.driver}"

    def together(self, name: str, each_u: Sequence[float]) -> float:
        """Return the uncertainty of a sum: in a row within a group, groups in quadrature."""
        in_a_row: dict[str, float] = {}
        for group, u in zip(self.groups(name), each_u, strict=True):
            in_a_row[group] = in_a_row.get(group, 0.0) + u
        return math.hypot(*in_a_row.values())


def _together(
    budgets: Sequence[tuple[Mapping[str, float], Mapping[str, float]]], shared: _Shared
) -> Budget:
    """Return the budget of a sum, from the terms and degrees of freedom of what is summed."""
    terms = []
    for name in dict.fromkeys(name for terms_of, _ in budgets for name in terms_of):
        same = Budget.of(
            Term(name, terms_of[name], nu.get(name, math.inf))
            for terms_of, nu in budgets
            if name in terms_of
        )
        u_j = shared.together(name, [terms_of.get(name, 0.0) for terms_of, _ in budgets])
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


def _idle_power(figures: Sequence[EnergyFigure], shared: _Shared) -> Quantity | None:
    known = [figure.idle_power_w for figure in figures if figure.idle_power_w is not None]
    if len(known) < len(figures):
        return None
    each_u = [idle.expanded_u for idle in known if idle.expanded_u is not None]
    power_w = math.fsum(idle.value for idle in known)
    if len(each_u) < len(known):
        return Quantity(power_w)
    # Expanded ones of nearly the same k; gain is most of it where it is shared.
    u_w = shared.together(GAIN, each_u)
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
