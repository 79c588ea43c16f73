"""Several meters at once: what their joules may be added to, and what a supply loses.

A wall plug sees everything that the rails behind it draw: ``part_of`` of a figure names the
target that contains its own. Adding a part to what contains it counts the same joule twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchharness.energy.budget import Budget, Term
from benchharness.energy.devices import is_sum
from benchharness.energy.systematic import gross_terms_j
from benchharness.model import EnergyFigure, Quantity


@dataclass(frozen=True, slots=True)
class SupplyLoss:
    """What one meter saw of a target and the meters of its parts did not, over one window.

    ``loss_j`` is gross energy, ``share`` is relative to ``outer`` (None if that is not positive).
    ``inner`` holds the parts that are nearest to ``outer``; several are added, since none of them
    contains another. With one part that carries everything, it is the loss of the supply.
    """

    outer: EnergyFigure
    inner: tuple[EnergyFigure, ...]
    loss_j: Quantity
    share: Quantity | None

    @property
    def impossible(self) -> bool:
        """Say whether the parts used clearly more than the whole: a gain or a wiring is wrong."""
        return self.loss_j.value + (self.loss_j.expanded_u or 0.0) < 0.0


def supply_losses(figures: Sequence[EnergyFigure]) -> list[SupplyLoss]:
    """Return the losses between every target and the parts of it that were metered as well.

    Two instruments have two gains, so that nothing cancels: u² is the sum of the squares. Figures
    of different classes are not subtracted from one another; of two meters on one target the
    first one counts. The sum of devices is no instrument, and loses nothing.
    """
    containers = _containers(figures)
    unique = _one_per_target([figure for figure in figures if not is_sum(figure)])
    losses = []
    for outer in unique:
        inner = tuple(
            figure
            for figure in unique
            if figure.measurement_class is outer.measurement_class
            and _nearest(figure, containers, unique) == outer.target
        )
        if inner:
            losses.append(_loss(outer, inner))
    return losses


def addable(figures: Sequence[EnergyFigure]) -> tuple[list[EnergyFigure], list[str]]:
    """Return the figures whose joules may be added, and why each other one may not.

    Left out is what another figure contains, a second meter on one target, and another class of
    measurement than that of the first figure.
    """
    containers = _containers(figures)
    added: list[EnergyFigure] = []
    reasons: list[str] = []
    for figure in figures:
        reason = _why_not(figure, figures, added, containers)
        if reason is None:
            added.append(figure)
        else:
            reasons.append(f"meter {figure.meter} is not added: {reason}")
    return added, reasons


def disjoint(one: EnergyFigure, other: EnergyFigure, figures: Sequence[EnergyFigure] = ()) -> bool:
    """Say whether two figures have no joule in common, as far as ``part_of`` tells.

    ``figures`` may know of targets between the two.
    """
    containers = _containers([one, other, *figures])
    return (
        one.target != other.target
        and one.target not in _outward(other.target, containers)
        and other.target not in _outward(one.target, containers)
    )


def _why_not(
    figure: EnergyFigure,
    figures: Sequence[EnergyFigure],
    added: Sequence[EnergyFigure],
    containers: dict[str, str],
) -> str | None:
    outward = set(_outward(figure.target, containers)) - {figure.target}
    for other in figures:
        if other.target in outward:
            return f"target {other.target} of meter {other.meter} contains {figure.target}"
    for other in added:
        if other.target == figure.target:
            return f"meter {other.meter} measures the same target, {figure.target}"
        if other.measurement_class is not figure.measurement_class:
            return (
                f"it is {figure.measurement_class.value}, meter {other.meter} is "
                f"{other.measurement_class.value}"
            )
    return None


def _containers(figures: Sequence[EnergyFigure]) -> dict[str, str]:
    """Return the containing target by target, the first statement of each."""
    found: dict[str, str] = {}
    for figure in figures:
        if figure.part_of is not None and figure.part_of != figure.target:
            found.setdefault(figure.target, figure.part_of)
    return found


def _outward(target: str, containers: dict[str, str]) -> Iterator[str]:
    """Yield what contains ``target``, from the nearest outwards; a circle is gone round once."""
    seen = {target}
    while target in containers:
        target = containers[target]
        if target in seen:
            return
        seen.add(target)
        yield target


def _nearest(
    figure: EnergyFigure, containers: dict[str, str], figures: Sequence[EnergyFigure]
) -> str | None:
    metered = {other.target for other in figures}
    outward = _outward(figure.target, containers)
    return next((target for target in outward if target in metered), None)


def _one_per_target(figures: Sequence[EnergyFigure]) -> list[EnergyFigure]:
    first: dict[str, EnergyFigure] = {}
    for figure in figures:
        first.setdefault(figure.target, figure)
    return list(first.values())


def _loss(outer: EnergyFigure, inner: tuple[EnergyFigure, ...]) -> SupplyLoss:
    whole_j, parts_j = outer.gross_j.value, sum(figure.gross_j.value for figure in inner)
    of_whole, of_parts = _term(outer), [_term(figure) for figure in inner]
    loss_j = Budget.of([of_whole, *of_parts]).quantity(whole_j - parts_j)
    if whole_j <= 0.0:
        return SupplyLoss(outer, inner, loss_j, None)
    # share = 1 - parts / whole: sensitivities 1 / whole and parts / whole².
    terms = [term.scaled(1.0 / whole_j) for term in of_parts]
    terms.append(of_whole.scaled(parts_j / whole_j**2))
    share = Budget.of(terms).quantity(1.0 - parts_j / whole_j)
    return SupplyLoss(outer, inner, loss_j, share)


def _term(figure: EnergyFigure) -> Term:
    """Return the standard uncertainty of the gross energy with its degrees of freedom."""
    estimate = next((e for e in figure.estimates if e.method == figure.method), None)
    budget = Budget.from_mappings(gross_terms_j(figure), estimate.nu if estimate else {})
    expanded_u, k = figure.gross_j.expanded_u, figure.gross_j.k
    u_j = expanded_u / k if expanded_u is not None and k else budget.combined
    return Term(figure.meter, u_j, budget.nu_eff if budget.terms else math.inf)
