"""Coverage where variants have unequal numbers of runs: some failed, or were added to one only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from benchharness.conformance.coverage import each, sample_of
from benchharness.stats.interval import LEVEL
from benchharness.stats.ratio import Ratio
from benchharness.stats.simultaneous import all_pairs, joint_level, ratio_between

COUNTS = ((10, 2), (10, 3), (20, 3), (20, 5))
SPREADS = ((0.02, 0.02), (0.01, 0.1), (0.1, 0.01))
FAMILIES = ((10, 10, 10, 2), (10, 10, 10, 3), (20, 20, 3, 3))


def uneven_coverage(
    counts: tuple[int, int],
    variations: tuple[float, float],
    campaigns: int,
    *,
    comparisons: int = 1,
    seed: int = 1,
) -> float:
    """Return how often the interval of the ratio of two variants, in truth 1.5, is not wrong.

    ``variations`` are standard deviations relative to the means, in the order of ``counts``.
    """
    level = joint_level(comparisons, LEVEL)
    held = 0
    for rng in each(campaigns, seed, *counts, *(round(1e6 * v) for v in variations)):
        above, below = (
            sample_of(rng.normal(1.0, variation, n), mean)
            for n, variation, mean in zip(counts, variations, (3.0, 2.0), strict=True)
        )
        ratio = ratio_between(above, below, level)
        held += not _is_wrong(ratio, 1.5)
    return held / campaigns


def uneven_family(
    counts: Sequence[int], campaigns: int, variation: float = 0.02, seed: int = 1
) -> float:
    """Return in what share of campaigns no interval of any pair of equal variants is wrong."""
    right = 0
    pairs = list(itertools.combinations(range(len(counts)), 2))
    for rng in each(campaigns, seed, *counts):
        found = all_pairs([sample_of(rng.normal(1.0, variation, n), 1.0) for n in counts])
        right += not any(_is_wrong(found.get(pair), 1.0) for pair in pairs)
    return right / campaigns


def _is_wrong(ratio: Ratio | None, truth: float) -> bool:
    if ratio is None or ratio.low is None or ratio.high is None:
        return False
    return not ratio.low <= truth <= ratio.high
