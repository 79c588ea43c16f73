"""Which variant is the least, and which the measurement cannot tell from it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample, spread
from benchharness.stats.simultaneous import joint_level, pairs_of, ratio_between

SIGNIFICANCE = 0.05


@dataclass(frozen=True, slots=True)
class Ranking:
    """Places into the samples. ``order`` has those with a value, least mean first.

    ``ratios[i]`` is sample i over the best, with an interval where both have a spread; None
    without a value. ``tied`` are those that cannot be told from the best, the best not among
    them. ``decided`` is False while some variant has no spread.
    """

    order: tuple[int, ...]
    ratios: tuple[Ratio | None, ...]
    tied: tuple[int, ...]
    decided: bool

    @property
    def best(self) -> int | None:
        """Return the place of the least mean."""
        return self.order[0] if self.order else None


def rank(samples: Sequence[Sample], questions: int = 1) -> Ranking:
    """Compare every sample with the one of the least mean.

    The intervals of the ratios hold together with those of all pairs, since which one is the
    least is known from the same values, and with those of so many ``questions``. A sample is told
    from the best if its interval is above 1.
    """
    means = {i: statistics.fmean(s.values) for i, s in enumerate(samples) if s.values}
    order = tuple(sorted(means, key=lambda i: (means[i], i)))
    if not order:
        return Ranking((), (None,) * len(samples), (), False)
    best, others = order[0], order[1:]
    level = joint_level(questions * pairs_of(len(order)))
    ratios = tuple(
        Ratio(1.0, None, None) if i == best else ratio_between(samples[i], samples[best], level)
        for i in range(len(samples))
    )
    if any(spread(samples[i]) is None for i in order):
        return Ranking(order, ratios, others, False)
    tied = tuple(i for i in others if not _above(ratios[i]))
    return Ranking(order, ratios, tied, True)


def _above(ratio: Ratio | None) -> bool:
    return ratio is not None and ratio.low is not None and ratio.low > 1.0
