"""Student's t distribution with real degrees of freedom, without scipy at run time.

The distribution function is the regularised incomplete beta function by its continued fraction
(Abramowitz and Stegun 26.5.8, 26.7.1; modified Lentz evaluation); the quantile inverts it by
Newton steps kept inside a bracket. Beyond 1000 degrees of freedom the asymptotic expansion of
Abramowitz and Stegun 26.7.5 is more accurate than the difference of two large log-gammas.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
_ASYMPTOTIC_FROM = 1000.0
_TINY = 1e-300
_EXPANDS_FROM = 2.0
_LAST_STEP = 1e-5


@lru_cache(maxsize=1024)
def t_quantile(p: float, nu: float) -> float:
    """Return t with P(T <= t) = ``p``, to about 1e-10 relative.

    ``nu`` may be any positive real, also infinity. Raises ValueError outside 0 < p < 1, nu > 0.
    """
    if not 0.0 < p < 1.0:
        raise ValueError(f"a probability must lie between 0 and 1, not {p}")
    if not nu > 0.0:
        raise ValueError(f"degrees of freedom must be positive, not {nu}")
    if p < 0.5:
        return -t_quantile(1.0 - p, nu)
    if p == 0.5:
        return 0.0
    if nu >= _ASYMPTOTIC_FROM:
        return _expansion(_NORMAL.inv_cdf(p), nu)
    return _invert(1.0 - p, nu)


def t_factor(level: float, nu: float) -> float:
    """Return k so that ±k standard errors hold with probability ``level`` (GUM G.3.2)."""
    return t_quantile(0.5 + level / 2.0, nu)


def two_sided_p(t: float, nu: float) -> float:
    """Return P(|T| >= |t|): how often chance alone gives a value as far out."""
    if math.isinf(t):
        return 0.0
    if math.isinf(nu):
        return math.erfc(abs(t) / math.sqrt(2.0))
    return 2.0 * _upper_tail(abs(t), nu)


def _upper_tail(t: float, nu: float) -> float:
    """Return P(T >= t) for t >= 0."""
    square = t * t
    if math.isinf(square):
        return 0.0
    return 0.5 * _incomplete_beta(nu / 2.0, 0.5, nu / (nu + square), square / (nu + square))


def _invert(tail: float, nu: float) -> float:
    """Return t with P(T >= t) = ``tail``: Newton steps from the expansion, kept in a bracket."""
    t = _start(tail, nu)
    low, high = 0.0, math.inf
    log_scale = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(nu * math.pi)
    for _ in range(200):
        excess = _upper_tail(t, nu) - tail
        low, high = (t, high) if excess > 0 else (low, t)
        density = math.exp(log_scale - (nu + 1) / 2 * math.log1p(t * t / nu))
        step = math.inf
        if density > 0:
            newton = excess / density
            # Halley's, with the slope of the logarithm of the density, while it stays near.
            bend = 0.5 * newton * (nu + 1) * t / (nu + t * t)
            step = t + newton / (1.0 - bend if abs(bend) < 0.5 else 1.0)
        # Each step takes the error to its third power: after one of 1e-5 nothing is left of it.
        if abs(step - t) <= _LAST_STEP * t:
            return step
        t = step if low < step < high else _between(low, high)
    return t


def _start(tail: float, nu: float) -> float:
    """Return where to begin: near the answer where the expansion holds, else below it."""
    if nu < _EXPANDS_FROM:
        return 0.5
    return _expansion(_NORMAL.inv_cdf(1.0 - tail), nu)


def _between(low: float, high: float) -> float:
    return 2.0 * low if math.isinf(high) else 0.5 * (low + high)


def _incomplete_beta(a: float, b: float, x: float, y: float) -> float:
    """Return I_x(a, b) with y = 1 - x given apart, so that neither loses its digits."""
    if x <= 0.0:
        return 0.0
    if y <= 0.0:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y)
    )
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _continued_fraction(a, b, x) / a
    return 1.0 - front * _continued_fraction(b, a, y) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1.0))
    result = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        change = 1.0
        for term in (even, odd):
            d = 1.0 + term * d
            c = 1.0 + term / c
            # As _not_zero, of which a trial would need four hundred calls.
            d = 1.0 / (d if d > _TINY or d < -_TINY else _TINY)
            if -_TINY <= c <= _TINY:
                c = _TINY
            change = c * d
            result *= change
        if abs(change - 1.0) < 1e-16:
            break
    return result


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _expansion(z: float, nu: float) -> float:
    if math.isinf(nu):
        return z
    s = z * z
    g1 = z * (s + 1) / 4
    g2 = z * ((5 * s + 16) * s + 3) / 96
    g3 = z * (((3 * s + 19) * s + 17) * s - 15) / 384
    g4 = z * ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945) / 92160
    return z + (g1 + (g2 + (g3 + g4 / nu) / nu) / nu) / nu
