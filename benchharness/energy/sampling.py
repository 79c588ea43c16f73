"""How far a sum of snapshots may lie from the integral, from the spread of the snapshots.

Successive second differences are the spread that a line through the neighbours does not explain
(von Neumann 1941; Wolter 1984 recommends them for systematic samples): constant and linear power
give 0, and independent snapshots give their variance. Power that goes on from where it was (steps,
drifts, slow swings) is better known between two readings than snapshots are: there the line through
them is wrong by a quarter of that variance. Power that swings in time with the telemetry cannot be
seen in the readings; dithered starts and the counter are the remedies.
"""

from __future__ import annotations

import math

import numpy as np

from benchharness.energy.arrays import diff
from benchharness.energy.budget import SAMPLING, Term
from benchharness.energy.observed import Observed
from benchharness.energy.readings import FloatArray, Samples

ENOUGH = 3  # readings that have a second difference


def hold_weights(t_s: FloatArray, duration_s: float) -> FloatArray:
    """Return the seconds each of float64[n] readings stands for, n >= 1; they sum to the window.

    Trapezoids between the readings; the first and the last held out to the window's edges.
    """
    middles = 0.5 * (t_s[1:] + t_s[:-1])
    edges = np.concatenate([[0.0], middles, [duration_s]])
    weights: FloatArray = diff(edges)
    # Between readings a trapezoid gives each half of the interval, which is what middles do.
    return weights


def sampling_term(observed: Observed, used: Samples) -> Term:
    """Return the sampling term in joules of the readings ``used`` (at least one)."""
    if used is not observed.inside:
        return _sampling_term(observed, used)
    return observed.once(SAMPLING, lambda: _sampling_term(observed, used))


def _sampling_term(observed: Observed, used: Samples) -> Term:
    samples = fresh(used, observed.lag.reach_s)
    if len(samples) < ENOUGH:
        return _from_range(observed, used)
    weights_s = hold_weights(samples.t_s, observed.duration_s)
    variance = local_variance(samples)
    share = _unexplained(samples, weights_s, variance)
    u_j = math.sqrt(share * float((weights_s**2 * variance).sum()))
    return Term(SAMPLING, u_j, _degrees_of_freedom(len(samples)))


def fresh(samples: Samples, latency_s: float | None) -> Samples:
    """Leave out repeats of a value within the instrument's latency: it had nothing newer to say."""
    if not latency_s or len(samples) < 2:
        return samples
    changed = np.concatenate([[True], diff(samples.value) != 0.0])
    since_change_s = samples.t_s - samples.t_s[changed][np.cumsum(changed) - 1]
    span = np.floor(since_change_s / latency_s)
    kept = changed | np.concatenate([[True], diff(span) > 0.0])
    return Samples(samples.t_s[kept], samples.value[kept])


def local_variance(samples: Samples) -> FloatArray:
    """Return a variance for each reading, float64[n], from it and its two neighbours."""
    t, p = samples.t_s, samples.value
    share = (t[1:-1] - t[:-2]) / (t[2:] - t[:-2])
    residual = p[1:-1] - ((1.0 - share) * p[:-2] + share * p[2:])
    variance = residual**2 / (1.0 + share**2 + (1.0 - share) ** 2)
    return np.concatenate([variance[:1], variance, variance[-1:]])


def _unexplained(samples: Samples, weights_s: FloatArray, variance: FloatArray) -> float:
    """Return which part of the readings' variance the energy keeps, 1/4 to 1.

    Let readings be s² of independent noise and a walk that gains σ² from one to the next. Second
    differences estimate V2 = s² + σ²/3, first ones V1 = s² + σ²/2, and the trapezoid over each
    interval is wrong by s² + σ²/12 = 2.5 V2 - 1.5 V1 (a bridge of Brownian motion, and a step at
    any time between two readings alike). V2/V1 scatters by 1/(2 √n) for independent noise, so that
    twice that is added before anything is taken off.
    """
    first = 0.5 * diff(samples.value) ** 2
    weighed = weights_s[1:-1] ** 2
    walk = float((weighed * 0.5 * (first[1:] + first[:-1])).sum())
    ratio = float((weighed * variance[1:-1]).sum()) / walk if walk > 0.0 else 1.0
    ratio += 1.0 / math.sqrt(len(samples))
    return min(1.0, max(0.25, 2.5 - 1.5 / ratio))


def _degrees_of_freedom(n: int) -> float:
    """Return those of n - 2 overlapping second differences of independent readings."""
    return max(1.0, 18.0 * (n - 2) ** 2 / (35.0 * n - 88.0))


def _from_range(observed: Observed, used: Samples) -> Term:
    """Return a bound for one or two readings: the power lay within the range seen around them."""
    neighbours = (
        observed.power.before(0.0, observed.gap_limit_s),
        observed.power.after(observed.duration_s, observed.gap_limit_s),
    )
    seen = [*used.value.tolist(), *(n[1] for n in neighbours if n is not None)]
    range_w = max(seen) - min(seen) if len(seen) > 1 else abs(seen[0])
    return Term(SAMPLING, observed.duration_s * range_w / math.sqrt(12.0))
