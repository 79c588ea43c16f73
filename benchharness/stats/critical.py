"""How many standard errors an interval reaches: Student's t for a sum of two variances.

Usually at the degrees of freedom of Welch and Satterthwaite. Where one side has few values and the
other twice as many or more, those are themselves too uncertain: at 2 against 10 values an interval
of 95 % holds 90 %. There it is the weighted t of Cochran and Cox (Experimental Designs, 2nd ed.,
1957, section 4.14; Cochran 1964): t = Σ v_i t(nu_i) / Σ v_i, which errs on the careful side.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.stats.sample import effective_nu
from benchharness.stats.student import t_factor, two_sided_p

FEW = 5  # values: from so many on Welch's degrees of freedom do
APART = 2.0  # times as many values on the other side
_HALVINGS = 40

Parts = Sequence[tuple[float, float]]  # (variance of the mean, degrees of freedom)


def uneven(parts: Parts) -> bool:
    """Say whether one side has few values and another far more."""
    counts = [nu + 1.0 for _, nu in parts]
    return min(counts) < FEW and max(counts) >= APART * min(counts)


def critical_t(level: float, parts: Parts, known_variance: float = 0.0) -> float:
    """Return t of the two-sided ``level``; ``known_variance`` has infinite degrees of freedom."""
    total = sum(variance for variance, _ in parts) + known_variance
    if total == 0.0 or not uneven(parts):
        return t_factor(level, max(1.0, effective_nu(parts, known_variance)))
    weighted = sum(variance * t_factor(level, nu) for variance, nu in parts)
    return (weighted + known_variance * t_factor(level, float("inf"))) / total


def p_value(t: float, parts: Parts, known_variance: float = 0.0) -> float:
    """Return the two-sided p of ``t``: the level at which the interval just reaches so far."""
    if not uneven(parts):
        return two_sided_p(t, max(1.0, effective_nu(parts, known_variance)))
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if critical_t(1.0 - middle, parts, known_variance) < abs(t):
            high = middle
        else:
            low = middle
    return (low + high) / 2.0
