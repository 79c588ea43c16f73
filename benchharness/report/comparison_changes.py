"""The changes of pairs of variants: every metric, with intervals that hold together."""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.model import MetricSummary
from benchharness.report.comparison_records import Change, Pair, Side
from benchharness.report.derive_standings import (
    ONE_RUN,
    bears_no_ratio,
    not_from_0,
    possible,
    why_open,
)
from benchharness.report.derive_variants import VariantTrials
from benchharness.report.metrics import metric_of
from benchharness.report.timed_out import why_not_compared
from benchharness.standing import Standing, Word
from benchharness.stats.decision import judge
from benchharness.stats.needed import needed
from benchharness.stats.sample import Sample, spread
from benchharness.stats.simultaneous import joint_level, ratio_between
from benchharness.stats.welch import holm, welch_p

COMPARED = ("energy_net_j", "energy_gross_j", "duration_s", "memory_peak_bytes", "cpu_s")
NOT_POSITIVE = "the mean is not above 0"

Sides = tuple[str, Side, Side]  # what the pair is of, A, B
_Values = tuple[Sample, Sample]  # of A, of B


def pairs_with_changes(sides: Sequence[Sides], margin: float = 0.0) -> tuple[Pair, ...]:
    """Compare each pair in each metric; of a metric all intervals hold together.

    ``sides`` are of one workload, since nothing is decided across workloads.
    """
    trials = _Trials()
    by_pair: list[list[Change]] = [[] for _ in sides]
    for metric in COMPARED:
        values = [trials.values(a, b, metric) for _, a, b in sides]
        p_values = _p_values(values)
        level = joint_level(len(p_values))
        for place, (_, a, b) in enumerate(sides):
            means = metric_of(a.variant, metric), metric_of(b.variant, metric)
            if means[0] is None or means[1] is None:
                continue
            both = means[0], means[1]
            cut = why_not_compared(b.variant.label, trials.of(b).trials, metric)
            standing = Standing(Word.NOT_COMPARABLE, a.variant.index, reason=cut)
            if cut is None:
                standing = _standing(a, trials.of(a), metric, both, values[place], level, margin)
            by_pair[place].append(Change(metric, *both, standing, p_values.get(place)))
    return tuple(
        Pair(label, a, b, tuple(changes))
        for (label, a, b), changes in zip(sides, by_pair, strict=True)
    )


class _Trials:
    """The trials of each variant, sorted out once: a side is in many pairs."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], VariantTrials] = {}

    def of(self, side: Side) -> VariantTrials:
        v = side.variant
        key = (side.campaign.campaign_id, v.index)
        if key not in self._known:
            self._known[key] = VariantTrials(
                {"index": v.index, "label": v.label, "factors": v.factors},
                side.campaign.trials_of(v.index),
            )
        return self._known[key]

    def values(self, a: Side, b: Side, metric: str) -> _Values:
        of_a, of_b = self.of(a), self.of(b)
        one_meter = len(of_a.meters | of_b.meters) <= 1
        return (
            of_a.sample(metric, one_meter=one_meter),
            of_b.sample(metric, one_meter=one_meter),
        )


def _p_values(values: Sequence[_Values]) -> dict[int, float]:
    """Return Holm's p by the place of the pair, for those that both have a spread."""
    spreads = [(spread(a), spread(b)) for a, b in values]
    known = [place for place, (a, b) in enumerate(spreads) if a is not None and b is not None]
    found = [welch_p(a, b) for a, b in (spreads[place] for place in known) if a and b]
    return dict(zip(known, holm(found), strict=True))


def _standing(
    a: Side,
    of_reference: VariantTrials,
    metric: str,
    means: tuple[MetricSummary, MetricSummary],
    values: _Values,
    level: float,
    margin: float,
) -> Standing:
    reference = a.variant.index
    if (reason := bears_no_ratio(of_reference, metric)) is not None:
        return Standing(Word.NOT_COMPARABLE, reference, reason=reason)
    of_a, of_b = means[0].mean, means[1].mean
    if of_a is None or of_b is None or of_b <= 0.0:
        return Standing(Word.NOT_COMPARABLE, reference, reason=NOT_POSITIVE)
    ratio = possible(ratio_between(values[1], values[0], level), metric)
    if ratio is None or ratio.low is None or ratio.high is None:
        if min(len(each.values) for each in values) < 2:
            return Standing(Word.NO_INTERVAL, reference, of_b / of_a, reason=ONE_RUN)
        reason = not_from_0(a.variant.label)
        return Standing(Word.UNDECIDED, reference, of_b / of_a, reason=reason)
    word = judge(ratio.low, ratio.high, margin)
    what = needed(values[1], values[0], word, margin=margin, level=level)
    why = why_open(word, ratio, a.variant.label)
    return Standing(word, reference, ratio.ratio, ratio.low, ratio.high, why, what)
