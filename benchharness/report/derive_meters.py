"""Several meters in one trial: do those of one target agree, and do parts exceed the whole?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from benchharness.energy.budget import Budget, Term
from benchharness.energy.devices import is_sum
from benchharness.energy.targets import addable, supply_losses
from benchharness.model import Caution, EnergyFigure, MeasurementClass, Quantity
from benchharness.units import format_si

_SEVERAL = 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two meters of one target over one window: second minus first, in joules.

    The instruments are two, so that no part of their uncertainties cancels.
    """

    first: EnergyFigure
    second: EnergyFigure
    difference_j: Quantity

    @property
    def agree(self) -> bool:
        """Say whether the difference is within its expanded uncertainty."""
        return abs(self.difference_j.value) <= (self.difference_j.expanded_u or 0.0)


@dataclass(frozen=True, slots=True)
class Total:
    """The joules of several targets together, and why a meter's are not in them."""

    energy_j: Quantity
    measurement_class: MeasurementClass
    meters: tuple[str, ...]
    left_out: tuple[str, ...]


def agreements(figures: Sequence[EnergyFigure]) -> list[Agreement]:
    """Compare every two figures of one target and one class."""
    return [
        Agreement(one, other, _difference(one, other))
        for one, other in combinations(figures, _SEVERAL)
        if (one.target, one.measurement_class) == (other.target, other.measurement_class)
    ]


def total(figures: Sequence[EnergyFigure]) -> Total | None:
    """Return the gross energy of all targets that have no joule in common.

    None if fewer than two may be added: then there is nothing to sum up; nor is there where the
    devices have been summed already.
    """
    if any(is_sum(figure) for figure in figures):
        return None
    added, reasons = addable(figures)
    if len(added) < _SEVERAL:
        return None
    terms = [Term(figure.meter, standard_u_j(figure.gross_j), _nu(figure)) for figure in added]
    energy_j = Budget.of(terms).quantity(math.fsum(f.gross_j.value for f in added))
    names = tuple(figure.meter for figure in added)
    return Total(energy_j, added[0].measurement_class, names, tuple(reasons))


def meters_cautions(figures: Sequence[EnergyFigure]) -> Iterator[Caution]:
    """Yield what several figures of one trial say of each other."""
    for pair in agreements(figures):
        # A model of watts is no instrument: that it differs is no news.
        if not pair.agree and pair.first.measurement_class is not MeasurementClass.ESTIMATED:
            yield Caution(
                "meters-disagree",
                f"meters {pair.first.meter} and {pair.second.meter} of target {pair.first.target} "
                f"differ by {_pm(pair.difference_j)}",
                "calibrate them against one load; if one lies behind a supply, "
                "state target and part_of in its file",
            )
    for loss in supply_losses(figures):
        if loss.impossible:
            parts = " and ".join(figure.meter for figure in loss.inner)
            yield Caution(
                "parts-exceed-whole",
                f"{parts} used more than {loss.outer.meter}, of which {_they(loss.inner)} part: "
                f"by {_pm(Quantity(-loss.loss_j.value, loss.loss_j.expanded_u))}",
                "check the wiring, the gains, and part_of in their files",
            )


def standard_u_j(energy_j: Quantity) -> float:
    """Return the standard uncertainty behind a quantity, 0 where none is known."""
    if energy_j.expanded_u is None or not energy_j.k:
        return 0.0
    return energy_j.expanded_u / energy_j.k


def _difference(one: EnergyFigure, other: EnergyFigure) -> Quantity:
    terms = [Term(f.meter, standard_u_j(f.gross_j), _nu(f)) for f in (one, other)]
    return Budget.of(terms).quantity(other.gross_j.value - one.gross_j.value)


def _nu(figure: EnergyFigure) -> float:
    return math.inf if figure.nu_eff is None else figure.nu_eff


def _pm(energy_j: Quantity) -> str:
    text = format_si(energy_j.value, "J")
    return f"{text} ± {format_si(energy_j.expanded_u, 'J', 2)}" if energy_j.expanded_u else text


def _they(parts: Sequence[EnergyFigure]) -> str:
    return "it is" if len(parts) == 1 else "they are"
