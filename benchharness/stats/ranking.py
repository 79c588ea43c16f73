"""Which variant is the least, and which the measurement cannot tell from it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.stats.ratio import Ratio, ratio_of_means
from benchharness.stats.sample import Sample, Spread, spread
from benchharness.stats.welch import holm, welch_p

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


def rank(samples: Sequence[Sample]) -> Ranking:
    """Compare every sample with the one of the least mean.

    Whether two differ is Welch's test at 5 %, corrected by Holm for the number of comparisons;
    the intervals of the ratios are Fieller's, each at 95 %.
    """
    means = {i: statistics.fmean(s.values) for i, s in enumerate(samples) if s.values}
    order = tuple(sorted(means, key=lambda i: (means[i], i)))
    spreads = [spread(sample) for sample in samples]
    if not order:
        return Ranking((), (None,) * len(samples), (), False)
    best, others = order[0], order[1:]
    ratios = tuple(
        _ratio(means.get(i), means[best], spreads[i], spreads[best], i == best)
        for i in range(len(samples))
    )
    known = [(i, s) for i in others if (s := spreads[i]) is not None]
    least = spreads[best]
    if least is None or len(known) < len(others):
        return Ranking(order, ratios, others, False)
    p_values = holm([welch_p(s, least) for _, s in known])
    tied = tuple(i for (i, _), p in zip(known, p_values, strict=True) if p > SIGNIFICANCE)
    return Ranking(order, ratios, tied, True)


def _ratio(
    mean: float | None, best: float, own: Spread | None, least: Spread | None, is_best: bool
) -> Ratio | None:
    if mean is None:
        return None
    if is_best:
        return Ratio(1.0, None, None)
    if best <= 0.0:  # such as a net energy below its uncertainty: no multiple of it says anything
        return None
    if own is not None and least is not None:
        return ratio_of_means(own, least)
    return Ratio(mean / best, None, None)
