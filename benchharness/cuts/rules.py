"""Another rule than the joint objective: each device by itself, as in the public code of ARES."""

from __future__ import annotations

import numpy as np

from benchharness.cuts.costs import estimate
from benchharness.cuts.optimise import choice_of, usable_cuts, weights
from benchharness.cuts.records import BoolArray, Choice, Costs, FloatArray, check_alpha


def per_device(
    costs: Costs, alpha: float, *, normalise: bool = True, allowed: BoolArray | None = None
) -> Choice:
    """Return each device's argmin over its cuts of alpha * T / |T| + (1 - alpha) * E / |E|.

    |T| and |E| are the Euclidean norms over the device's allowed cuts. Nobody looks at who is
    slowest, nor at what waiting costs. The objective that is returned is the joint one, so that
    both rules can be compared (``normalise`` as for ``best_cuts``). Raises UsageError as that does.
    """
    check_alpha(alpha)
    usable = usable_cuts(costs, allowed)
    time = _relative(costs.duration_s, usable)
    energy = _relative(costs.energy_j, usable)
    score = np.where(usable, alpha * time + (1.0 - alpha) * energy, np.inf)
    per_s, per_j = weights(costs, alpha, normalise=normalise)
    return choice_of(estimate(costs, score.argmin(axis=1).tolist()), per_s, per_j)


def _relative(values: FloatArray, usable: BoolArray) -> FloatArray:
    """Return each row divided by its Euclidean norm, 0 where it is not usable."""
    kept = np.where(usable, values, 0.0)
    norm = np.sqrt((kept * kept).sum(axis=1, keepdims=True))
    relative: FloatArray = np.divide(kept, norm, out=np.zeros_like(kept), where=norm > 0.0)
    return relative
