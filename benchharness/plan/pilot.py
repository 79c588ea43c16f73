"""From a pilot to the repetitions that an interval of a wished width needs. Pure.

The levels are those of Kalibera and Jones (Rigorous Benchmarking in Reasonable Time, ISMM 2013):
the trial, which starts the program anew, and below it what the program repeats itself
(:mod:`benchharness.stats.kalibera_jones`). The number of trials takes Student's t, whose factor
itself depends on that number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchharness.stats.interval import LEVEL, mean_interval
from benchharness.stats.kalibera_jones import optimal_counts, variances
from benchharness.stats.student import t_factor

MOST = 10_000


@dataclass(frozen=True, slots=True)
class Iterations:
    """What a program repeats in each trial: seconds of each, and what a trial costs beside them."""

    name: str
    seconds: Sequence[Sequence[float]]  # a list for each trial
    trial_s: float  # of a whole trial, with its rest

    @property
    def count(self) -> int:
        """Return how often every trial repeats it at least."""
        return min((len(each) for each in self.seconds), default=0)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one variant needs. ``variation`` is sd/mean; None where there is no spread.

    ``best_iterations`` is how often the program should repeat within a trial, None where it
    repeats nothing; 0 where the trials differ no more than their iterations explain: then as
    often as it can.
    """

    label: str
    trials: int
    variation: float | None
    repetitions: int | None
    iterations: int | None = None
    best_iterations: int | None = None
    iteration: str | None = None


def propose(
    values: Mapping[str, Sequence[float]],
    iterations: Mapping[str, Iterations],
    width: float,
) -> list[Proposal]:
    """Return a proposal for each variant, by label, for a full relative ``width``."""
    return [_proposal(label, each, iterations.get(label), width) for label, each in values.items()]


def repetitions_for_width(variation: float, width: float, level: float = LEVEL) -> int | None:
    """Return the least n >= 2 with 2 t(n - 1) cv/√n <= ``width``, None above ``MOST``.

    Raises ValueError for a width that is not above 0.
    """
    if width <= 0.0:
        raise ValueError(f"the width of an interval must be positive, not {width}")

    def wide(n: int) -> bool:
        return 2.0 * t_factor(level, n - 1) * variation / math.sqrt(n) > width

    if wide(MOST):
        return None
    low, high = 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wide(middle) else (low, middle)
    return high


def _proposal(
    label: str, values: Sequence[float], iterations: Iterations | None, width: float
) -> Proposal:
    interval = mean_interval(values)
    variation = None
    if interval.sd is not None and interval.mean is not None and interval.mean > 0.0:
        variation = interval.sd / interval.mean
    needed = None if variation is None else repetitions_for_width(variation, width)
    proposal = Proposal(label, interval.n, variation, needed)
    if iterations is None or iterations.count < 2 or len(iterations.seconds) < 2:
        return proposal
    count = iterations.count
    best = _best_iterations(iterations)
    return Proposal(label, interval.n, variation, needed, count, best, iterations.name)


def _best_iterations(iterations: Iterations) -> int:
    """Return the best count within a trial; 0 for as many as possible."""
    count = iterations.count
    pilot = [list(each[:count]) for each in iterations.seconds]
    each_s = math.fsum(math.fsum(trial) for trial in pilot) / (count * len(pilot))
    start_s = max(iterations.trial_s - count * each_s, each_s)
    if each_s <= 0.0:
        return 0
    (best,) = optimal_counts(variances(pilot), [each_s, start_s])
    return best or 0
