"""The Pareto front: what time costs in energy, over alpha."""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.cuts.optimise import best_cuts
from benchharness.cuts.records import BoolArray, Choice, Costs


def front(
    costs: Costs,
    alphas: Sequence[float],
    *,
    normalise: bool = True,
    allowed: BoolArray | None = None,
) -> list[Choice]:
    """Return the choices over ``alphas`` that no other one beats, the quickest first.

    Each seconds-and-joules point is there once. A weighted sum finds the corners of the front's
    convex hull only: what lies in a dent between two of them is best for no alpha. Raises
    UsageError as ``best_cuts`` does.
    """
    found = [best_cuts(costs, alpha, normalise=normalise, allowed=allowed) for alpha in alphas]
    kept: list[Choice] = []
    for choice in sorted(found, key=lambda each: (each.round_s, each.energy_j)):
        if not kept or choice.energy_j < kept[-1].energy_j:
            kept.append(choice)
    return kept
