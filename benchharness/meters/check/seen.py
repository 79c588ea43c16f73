"""What readings show of themselves: period and jitter, step, zeros."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.clock import seconds
from benchharness.model import Reading
from benchharness.stats.steps import Step, common_step


@dataclass(frozen=True, slots=True)
class Intervals:
    """The seconds between readings: median, 95th percentile, longest."""

    median_s: float
    p95_s: float
    longest_s: float


@dataclass(frozen=True, slots=True)
class Powers:
    """The powers read. ``sd_w`` is None for one; ``zeros`` of ``n`` are exactly 0 W."""

    n: int
    mean_w: float
    sd_w: float | None
    zeros: int
    step: Step | None

    @property
    def variation(self) -> float | None:
        """Return the standard deviation over the mean."""
        return None if self.sd_w is None or self.mean_w <= 0.0 else self.sd_w / self.mean_w


@dataclass(frozen=True, slots=True)
class Counts:
    """The counter's readings. ``resets`` is how often it went back."""

    n: int
    step: Step | None
    resets: int
    used_j: float


def intervals(readings: Sequence[Reading]) -> Intervals | None:
    """Return the intervals between readings of one kind, None for fewer than three.

    Some plugs tell power and counter apart, one after the other: those of the kind that comes
    more often are taken.
    """
    powers_ns = [reading.t_ns for reading in readings if reading.power_w is not None]
    counters_ns = [reading.t_ns for reading in readings if reading.energy_j is not None]
    times_ns = max(powers_ns, counters_ns, key=len)
    if len(times_ns) < 3:
        return None
    gaps = sorted(seconds(b - a) for a, b in itertools.pairwise(times_ns))
    high = gaps[min(len(gaps) - 1, math.ceil(0.95 * len(gaps)) - 1)]
    return Intervals(statistics.median(gaps), high, gaps[-1])


def powers(readings: Sequence[Reading]) -> Powers | None:
    """Return what the powers show, None if there are none."""
    values = [reading.power_w for reading in readings if reading.power_w is not None]
    if not values:
        return None
    return Powers(
        n=len(values),
        mean_w=statistics.fmean(values),
        sd_w=statistics.stdev(values) if len(values) > 1 else None,
        zeros=sum(value == 0.0 for value in values),
        step=common_step(values),
    )


def counts(readings: Sequence[Reading]) -> Counts | None:
    """Return what the counter shows, None if there is none."""
    values = [reading.energy_j for reading in readings if reading.energy_j is not None]
    if not values:
        return None
    moves = [b - a for a, b in itertools.pairwise(values)]
    return Counts(
        n=len(values),
        # From the first value on: an arbitrary zero must not cost the digits of the step.
        step=common_step([value - values[0] for value in values]),
        resets=sum(move < 0.0 for move in moves),
        used_j=sum(move for move in moves if move > 0.0),
    )
