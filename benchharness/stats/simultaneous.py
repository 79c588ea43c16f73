"""Intervals that hold together: of many ratios, all are right with 95 %.

Bonferroni (Dunn 1961): each of c intervals is made at 1 - 0.05/c. That is a little wide, and holds
for any dependence between the ratios and for unequal variances, which Dunnett's and Tukey's do
not. A variant that is compared because it turned out to be the lowest was chosen from the data:
then c counts all pairs, since any of them might have been compared. A baseline that was named
beforehand is compared with each of the others, which are fewer.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.stats.interval import LEVEL
from benchharness.stats.ratio import Ratio, ratio_of_means
from benchharness.stats.sample import Sample, Spread, spread


def joint_level(comparisons: int, level: float = LEVEL) -> float:
    """Return the level of each of so many intervals that makes all of them right with ``level``."""
    return 1.0 - (1.0 - level) / max(1, comparisons)


def pairs_of(count: int) -> int:
    """Return how many pairs so many variants have."""
    return count * (count - 1) // 2


def ratio_between(above: Sample, below: Sample, level: float) -> Ratio | None:
    """Return above/below with its interval at ``level``, without one where a spread is missing.

    None without a value, or where the mean below is not above 0: no multiple of it says anything.
    """
    own, other = spread(above), spread(below)
    if own is not None and other is not None:
        return ratio_of_means(own, other, level) if other.mean > 0.0 else None
    if not above.values or not below.values:
        return None
    mean = _mean(below)
    return Ratio(_mean(above) / mean, None, None) if mean > 0.0 else None


def all_pairs(samples: Sequence[Sample]) -> dict[tuple[int, int], Ratio]:
    """Return the ratio of every sample to every other, by their places, all intervals joint.

    The ratio of a pair is there both ways round; the two say the same.
    """
    spreads: dict[int, Spread] = {
        place: found
        for place, sample in enumerate(samples)
        if (found := spread(sample)) is not None
    }
    level = joint_level(pairs_of(len(spreads)))
    ratios: dict[tuple[int, int], Ratio] = {}
    for i, above in spreads.items():
        for j, below in spreads.items():
            if i != j and below.mean > 0.0:
                ratio = ratio_of_means(above, below, level)
                if ratio is not None:
                    ratios[i, j] = ratio
    return ratios


def _mean(sample: Sample) -> float:
    return sum(sample.values) / len(sample.values)
