"""How far two variants lie apart in units of their spread: Hedges' g with its interval.

g is the difference of the means over the pooled standard deviation, times a correction for few
values (Hedges, Journal of Educational Statistics 6, 1981, equations 4 and 6e). The interval is
that of the difference in units of the true standard deviation: the noncentralities for which
Student's t is as far out as the one found (Steiger and Fouladi, in What If There Were No
Significance Tests?, 1997, chapter 9). It assumes normal values of equal spread; a ratio with
Fieller's interval does not, so g goes beside a ratio and never in its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from benchharness.stats.interval import LEVEL, mean_interval
from benchharness.stats.power import noncentral_t_below

_NORMAL = NormalDist()
_STEPS = 60
_PRECISE = 1e-9  # in units of the noncentrality's own uncertainty


@dataclass(frozen=True, slots=True)
class EffectSize:
    """``g`` is above 0 where the first mean is the higher; ``low`` and ``high`` bound the truth."""

    g: float
    low: float
    high: float


def hedges_g(
    first: Sequence[float], second: Sequence[float], level: float = LEVEL
) -> EffectSize | None:
    """Return g of two variants, None with one value of either or without any spread."""
    a, b = mean_interval(first), mean_interval(second)
    if a.mean is None or b.mean is None or a.sd is None or b.sd is None:
        return None
    nu = a.n + b.n - 2
    pooled = math.sqrt(((a.n - 1) * a.sd**2 + (b.n - 1) * b.sd**2) / nu)
    if pooled <= 0.0:
        return None
    d = (a.mean - b.mean) / pooled
    scale = math.sqrt(1.0 / a.n + 1.0 / b.n)
    tail = (1.0 - level) / 2.0
    low = scale * _shift_for(d / scale, nu, 1.0 - tail)
    high = scale * _shift_for(d / scale, nu, tail)
    return EffectSize(correction(nu) * d, low, high)


def correction(nu: float) -> float:
    """Return what makes g unbiased, Γ(nu/2) / (√(nu/2) Γ((nu-1)/2)): 0.923 for two fives.

    Raises ValueError for nu < 2: two values of each have 2.
    """
    if nu < 2.0:
        raise ValueError(f"degrees of freedom must be 2 or more, not {nu}")
    return math.exp(math.lgamma(nu / 2.0) - math.lgamma((nu - 1.0) / 2.0)) / math.sqrt(nu / 2.0)


def _shift_for(t: float, nu: float, p: float) -> float:
    """Return the noncentrality for which P(T <= t) = ``p``.

    The normal quantile of that probability is nearly a line in the noncentrality, so chords find
    the root in a few steps.
    """
    width = math.sqrt(1.0 + t * t / (2.0 * nu))
    wanted = _NORMAL.inv_cdf(p)
    old = t - width * wanted
    excess = _quantile(t, nu, old) - wanted
    new = old + width * excess
    for _ in range(_STEPS):
        if abs(new - old) <= _PRECISE * width:
            break
        found = _quantile(t, nu, new) - wanted
        slope = (found - excess) / (new - old)
        step = -found / slope if slope < 0.0 else width * found
        old, excess = new, found
        new = old + max(-3.0 * width, min(3.0 * width, step))
    return new


def _quantile(t: float, nu: float, shift: float) -> float:
    below = noncentral_t_below(t, nu, shift)
    return _NORMAL.inv_cdf(min(1.0 - 1e-12, max(1e-12, below)))
