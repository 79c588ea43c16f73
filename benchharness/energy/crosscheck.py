"""Counter against integral: two ways to one energy, on one instrument."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchharness.energy.counter import COUNTER
from benchharness.energy.interior import INTERIOR_HOLD
from benchharness.energy.observed import Candidate


def disagreement(
    candidates: Sequence[Candidate], factor: float = 2.0
) -> tuple[float, float] | None:
    """Return (difference, its expanded uncertainty) in joules if they disagree, else None.

    The difference is counter minus interior hold; the gain is common to both and cancels.
    ``factor`` is that of the expanded uncertainty.
    """
    by_method = {candidate.method: candidate for candidate in candidates}
    counter, integral = by_method.get(COUNTER), by_method.get(INTERIOR_HOLD)
    if counter is None or integral is None:
        return None
    difference_j = counter.energy_j - integral.energy_j
    expanded_j = factor * math.hypot(counter.own_u_j, integral.own_u_j)
    return (difference_j, expanded_j) if abs(difference_j) > expanded_j else None
