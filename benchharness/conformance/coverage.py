"""Whether intervals hold the truth as often as they say.

Pure simulation of campaigns whose truth is known, put through the code that reports use. Every
figure has a seed and a number of campaigns; its standard error is √(p (1 - p)/campaigns).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchharness.stats.interval import LEVEL, mean_interval
from benchharness.stats.log_ratio import log_ratio
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample
from benchharness.stats.simultaneous import all_pairs, ratio_between

FloatArray = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], FloatArray]

REPETITIONS = (3, 5, 10, 30)
SIGMAS = (0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Held:
    """``of_bounded``: how many intervals hold the truth of those that have bounds.

    ``unbounded`` is the share that has no upper end, ``of_all`` how many hold the truth of all,
    those without an upper end included.
    """

    of_bounded: float
    unbounded: float
    of_all: float


@dataclass(frozen=True, slots=True)
class Shape:
    """A distribution with the mean 1, and how it is called."""

    name: str
    draw: Draw


def normal(variation: float) -> Shape:
    """Return normal values with this standard deviation."""
    return Shape(f"normal, cv {100 * variation:g} %", lambda rng, n: rng.normal(1.0, variation, n))


def lognormal(sigma: float) -> Shape:
    """Return lognormal values with this standard deviation of the logarithm, and the mean 1."""
    shift = -sigma * sigma / 2.0
    return Shape(f"lognormal, sigma {sigma:g}", lambda rng, n: rng.lognormal(shift, sigma, n))


def dependent(variation: float, memory: float) -> Shape:
    """Return normal values, each with this share of how far the last is from the mean."""

    def draw(rng: np.random.Generator, n: int) -> FloatArray:
        off = rng.normal(0.0, variation, n)
        for i in range(1, n):
            off[i] = memory * off[i - 1] + (1.0 - memory**2) ** 0.5 * off[i]
        return 1.0 + off

    return Shape(f"normal, cv {100 * variation:g} %, each {memory:g} of the last", draw)


SHAPES = (normal(0.05), *(lognormal(sigma) for sigma in SIGMAS))


def mean_coverage(shape: Shape, n: int, campaigns: int, seed: int = 1) -> float:
    """Return how often the t interval of the mean of n values holds the true mean."""
    held = 0
    for rng in each(campaigns, seed, n):
        found = mean_interval(shape.draw(rng, n).tolist())
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.0 <= found.high
    return held / campaigns


def ratio_coverage(shape: Shape, n: int, campaigns: int, seed: int = 1) -> Held:
    """Judge Fieller's interval of the ratio of two variants, in truth 1.5."""
    found = []
    for rng in each(campaigns, seed, n):
        above, below = (sample_of(shape.draw(rng, n), mean) for mean in (3.0, 2.0))
        found.append(ratio_between(above, below, LEVEL))
    return _held(found, 1.5)


def log_ratio_coverage(shape: Shape, n: int, campaigns: int, seed: int = 1) -> float:
    """Return how often the ratio by logarithms holds the true ratio, 1.5."""
    held = 0
    for rng in each(campaigns, seed, n):
        above, below = shape.draw(rng, n), shape.draw(rng, n)
        held += bool(_holds(log_ratio((3.0 * above).tolist(), (2.0 * below).tolist()), 1.5))
    return held / campaigns


def shared_coverage(
    shared_u: float, n: int, campaigns: int, variation: float = 0.01, seed: int = 1
) -> Held:
    """Judge Fieller's interval where each variant has an error that all its trials share.

    ``shared_u`` is relative to the mean; normal noise with ``variation`` comes on top.
    """
    found = []
    for rng in each(campaigns, seed, n):
        above, below = (
            sample_of(rng.normal(1.0, variation, n) + rng.normal(0.0, shared_u), mean, shared_u)
            for mean in (3.0, 2.0)
        )
        found.append(ratio_between(above, below, LEVEL))
    return _held(found, 1.5)


@dataclass(frozen=True, slots=True)
class Family:
    """Shares of campaigns without a wrong interval: joint ones, and ones of 95 % each.

    ``unbounded`` is the share of the joint intervals that have no upper end.
    """

    joint: float
    single: float
    unbounded: float


def family_coverage(
    shape: Shape, n: int, campaigns: int, variants: int = 4, seed: int = 1
) -> Family:
    """Judge the intervals of all pairs of variants at once."""
    means = [1.0 + 0.1 * i for i in range(variants)]
    pairs = list(itertools.combinations(range(variants), 2))
    joint = single = unbounded = 0
    for rng in each(campaigns, seed, n):
        samples = [sample_of(shape.draw(rng, n), mean) for mean in means]
        found = all_pairs(samples)
        together = [_holds(found.get((i, j)), means[i] / means[j]) for i, j in pairs]
        alone = [
            _holds(ratio_between(samples[i], samples[j], LEVEL), means[i] / means[j])
            for i, j in pairs
        ]
        joint += False not in together
        single += False not in alone
        unbounded += together.count(None)
    return Family(joint / campaigns, single / campaigns, unbounded / campaigns / len(pairs))


def each(campaigns: int, seed: int, *cell: int) -> Iterator[np.random.Generator]:
    """Return one generator as often as there are campaigns, another for each cell of a table."""
    return itertools.repeat(np.random.default_rng([seed, *cell]), campaigns)


def sample_of(values: FloatArray, mean: float, shared_u: float = 0.0) -> Sample:
    """Return a variant with this true mean; ``shared_u`` is relative to it."""
    return Sample("", tuple((mean * values).tolist()), common_u=mean * shared_u)


def _holds(ratio: Ratio | None, truth: float) -> bool | None:
    """Say whether an interval holds the truth, None for one without an upper end."""
    if ratio is None or ratio.low is None or ratio.high is None or not ratio.is_bounded:
        return None
    return ratio.low <= truth <= ratio.high


def _held(found: Sequence[Ratio | None], truth: float) -> Held:
    bounded = [held for ratio in found if (held := _holds(ratio, truth)) is not None]
    of_bounded = sum(bounded) / len(bounded) if bounded else 0.0
    of_all = sum(_covers(ratio, truth) for ratio in found) / len(found)
    return Held(of_bounded, 1.0 - len(bounded) / len(found), of_all)


def _covers(ratio: Ratio | None, truth: float) -> bool:
    if ratio is None or ratio.low is None or ratio.high is None:
        return True  # nothing is said
    return ratio.low <= truth <= ratio.high
