"""Which regression closes a gate, before it is measured.

The gate closes where T = (A - l B) / √(v_A + l² v_B) is beyond Student's t at the estimated degrees
of freedom, with A and B the means of candidate and baseline and l = 1 + limit (Fieller 1954, as
stats.ratio has it). A candidate that uses R times as much scatters R times as much. Of n values on
either side the two estimated variances share a chi² variable of 2 (n - 1) degrees of freedom in the
parts b and 1 - b, with b from a beta distribution that does not depend on it. Given b the degrees
of freedom of Welch and Satterthwaite are known and T is noncentral t: the chance is a mean over b.
What repeating does not average out counts as a known variance, as in the comparison itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from benchharness.stats.gate import gate_level
from benchharness.stats.power import CHANCE, noncentral_t_below
from benchharness.stats.sample import Sample, effective_nu, spread
from benchharness.stats.student import t_factor

_LARGEST = 10.0  # a regression beyond ten times the baseline is one that is never seen
_NODES = 8
_REACH = 4.0  # standard deviations of the angle that are integrated over
_ENOUGH = 1e-4  # of the chance in normal quantiles
_MOST_STEPS = 60
_NORMAL = NormalDist()


def chance_to_close(
    ratio: float, limit: float, sd: float, n: int, common_u: float = 0.0, comparisons: int = 1
) -> float:
    """Return how probable it is that a gate closes on a candidate of ``ratio`` times the baseline.

    ``sd`` between runs and ``common_u`` of a mean are relative, the same on either side. Raises
    ValueError for n < 2.
    """
    if n < 2:
        raise ValueError("one value has no spread: at least two are compared")
    bound = 1.0 + limit
    trial = (ratio * ratio * sd * sd / n, bound * bound * sd * sd / n)
    common = common_u * common_u * (ratio * ratio + bound * bound)
    true = sum(trial) + common
    if true == 0.0:
        return 1.0 if ratio > bound else 0.0
    shift = (ratio - bound) / math.sqrt(true)
    total = weights = 0.0
    for share, weight in _shares(n - 1):
        found = 2.0 * (share * trial[0] + (1.0 - share) * trial[1])
        parts = [(2.0 * part * sd * sd / n, n - 1.0) for part in (share, 1.0 - share)]
        nu = effective_nu(parts, 2.0 * common_u * common_u)
        limit_t = t_factor(gate_level(comparisons), max(1.0, nu))
        scale = math.sqrt((found + common) / true)
        nu_of_both = effective_nu([(found, 2.0 * (n - 1.0))], common)
        total += weight * (1.0 - noncentral_t_below(limit_t * scale, nu_of_both, shift))
        weights += weight
    return total / weights


def _shares(nu: int) -> list[tuple[float, float]]:
    """Return places b = sin² of an angle, evenly apart, with the density of the angle there."""
    width = _REACH / (2.0 * math.sqrt(nu))
    half = min(math.pi / 4.0, width)
    angles = [math.pi / 4.0 + half * (2.0 * (i + 0.5) / _NODES - 1.0) for i in range(_NODES)]
    return [(math.sin(a) ** 2, math.sin(2.0 * a) ** (nu - 1)) for a in angles]


def least_regression(
    baseline: Sample, limit: float, n: int, comparisons: int = 1, chance: float = CHANCE
) -> float | None:
    """Return the least regression that closes a gate with ``chance``, n runs on either side.

    The baseline's spread is taken for the true one, and for the candidate's, relative to the mean.
    None where the baseline has no spread, or no regression is seen so.
    """
    found = spread(baseline)
    if found is None or found.mean <= 0.0 or n < 2:
        return None
    sd = math.sqrt(found.trial_variance * len(baseline.values)) / found.mean
    common_u = baseline.common_u / found.mean
    if sd == 0.0 and common_u == 0.0:
        return limit

    def beyond(excess: float) -> float:
        close = chance_to_close(1.0 + limit + excess, limit, sd, n, common_u, comparisons)
        return _quantile(close) - _quantile(chance)

    high = 3.0 * math.hypot(sd / math.sqrt(n), common_u)
    while beyond(high) < 0.0:
        high *= 2.0
        if high > _LARGEST:
            return None
    return limit + _root(beyond, 0.0, high)


def _quantile(chance: float) -> float:
    return _NORMAL.inv_cdf(min(1.0 - 1e-12, max(1e-12, chance)))


def _root(rises: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising, nearly straight function is 0, by false position (Illinois)."""
    at_low, at_high = rises(low), rises(high)
    middle = high
    for _ in range(_MOST_STEPS):
        middle = high - at_high * (high - low) / (at_high - at_low)
        found = rises(middle)
        if abs(found) < _ENOUGH:
            break
        if found > 0.0:
            high, at_high, at_low = middle, found, at_low / 2.0
        else:
            low, at_low, at_high = middle, found, at_high / 2.0
    return middle
