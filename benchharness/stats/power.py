"""Whether repetitions will tell a difference apart: the power of Welch's test, before it is made.

Two means of n values each, with standard deviation ``sd`` from value to value and an uncertainty
``common_u`` of each mean that repeating does not average out: the variance of their difference is
2 (sd²/n + common_u²), its degrees of freedom are Welch and Satterthwaite's with the common part
known (stats.sample.effective_nu, as the comparison itself has it), and the test statistic is
noncentral t (Cohen, Statistical Power Analysis, 1988, section 2.5).
"""

from __future__ import annotations

import math
from statistics import NormalDist

from benchharness.stats.interval import LEVEL
from benchharness.stats.sample import effective_nu
from benchharness.stats.student import t_factor

CHANCE = 0.8
MOST = 10_000
_NORMAL = NormalDist()
_STEPS = 400  # of Simpson's rule; errors below 1e-6 from 1 degree of freedom on, for any t
_REACH = 9.0  # standard deviations of the chi distribution that are integrated over
_NORMAL_FROM = 1e5


def noncentral_t_below(t: float, nu: float, shift: float) -> float:
    """Return P(T <= t) of Student's t with ``nu`` degrees of freedom and noncentrality ``shift``.

    T = (Z + shift) / S with S² = chi²/nu, so P is the mean of Phi(t s - shift) over S. Raises
    ValueError for nu < 1.
    """
    if not nu >= 1.0:
        raise ValueError(f"degrees of freedom must be 1 or more, not {nu}")
    if nu >= _NORMAL_FROM:
        return _NORMAL.cdf(t - shift)
    if t < 0.0:
        return 1.0 - noncentral_t_below(-t, nu, -shift)
    width = 1.0 / math.sqrt(2.0 * nu)
    low, high = max(0.0, 1.0 - _REACH * width), 1.0 + _REACH * width
    # Where t is large, Phi rises from 0 to 1 in a narrow part of that range: each part by itself.
    begin, end = low, high
    if t > 0.0:
        begin = min(max(low, (shift - _REACH) / t), high)
        end = max(begin, min(high, (shift + _REACH) / t))
    found = _mean_below(t, nu, shift, begin, end) + _mean_below(t, nu, shift, end, high)
    return min(1.0, max(0.0, found))


def _mean_below(t: float, nu: float, shift: float, s_low: float, s_high: float) -> float:
    """Return the integral of Phi(t s - shift) times the density of S, by Simpson's rule."""
    # The density of S: its logarithm, since gamma functions overflow at 350 degrees of freedom.
    log_scale = math.log(2.0) + nu / 2.0 * math.log(nu / 2.0) - math.lgamma(nu / 2.0)
    # Over v = √s: the density begins with s to the power nu - 1, which has no slope at 0 as it is.
    low, high = math.sqrt(s_low), math.sqrt(s_high)
    if high <= low:
        return 0.0
    step = (high - low) / _STEPS
    total = 0.0
    for i in range(_STEPS + 1):
        v = low + i * step
        if v <= 0.0:
            continue  # for nu >= 1 the integrand is 0 there
        s = v * v
        density = 2.0 * v * math.exp(log_scale + (nu - 1.0) * math.log(s) - nu * s * s / 2.0)
        weight = 1.0 if i in (0, _STEPS) else 4.0 if i % 2 else 2.0
        total += weight * density * _NORMAL.cdf(t * s - shift)
    return total * step / 3.0


def chance_to_tell(
    difference: float, sd: float, n: int, common_u: float = 0.0, level: float = LEVEL
) -> float:
    """Return how probable it is that two means that differ are found to, either way round.

    ``difference``, ``sd`` and ``common_u`` are in one unit. Raises ValueError for n < 2.
    """
    if n < 2:
        raise ValueError("one value has no spread: at least two are compared")
    trial = sd * sd / n
    variance = 2.0 * (trial + common_u * common_u)
    if variance == 0.0:
        return 1.0 if difference else 0.0
    parts = [(trial, n - 1.0), (trial, n - 1.0)]
    nu = max(1.0, effective_nu(parts, 2.0 * common_u * common_u))
    shift = abs(difference) / math.sqrt(variance)
    limit = t_factor(level, nu)
    return 1.0 - noncentral_t_below(limit, nu, shift) + noncentral_t_below(-limit, nu, shift)


def repetitions_to_tell(
    difference: float,
    sd: float,
    common_u: float = 0.0,
    level: float = LEVEL,
    chance: float = CHANCE,
) -> int | None:
    """Return the least n of each at which :func:`chance_to_tell` reaches ``chance``.

    At least 2; None if no number does: then ``common_u`` is too large for the difference.
    """
    if difference == 0.0 or not _enough(difference, common_u, level, chance):
        return None
    low, high = 1, 2
    while chance_to_tell(difference, sd, high, common_u, level) < chance:
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if chance_to_tell(difference, sd, middle, common_u, level) < chance:
            low = middle
        else:
            high = middle
    return high


def _enough(difference: float, common_u: float, level: float, chance: float) -> bool:
    """Say whether infinitely many repetitions would do."""
    if common_u == 0.0:
        return True
    shift = abs(difference) / (math.sqrt(2.0) * common_u)
    limit = _NORMAL.inv_cdf(0.5 + level / 2.0)
    return 1.0 - _NORMAL.cdf(limit - shift) + _NORMAL.cdf(-limit - shift) > chance
