"""The answer of a comparison in one sentence, which ranks nothing that it cannot tell apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchharness.stats.interval import mean_interval
from benchharness.stats.ranking import Ranking, rank
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample
from benchharness.stats.saying import less_text, listed, percent
from benchharness.stats.verdict_against import against
from benchharness.stats.wording import Verdict, Wording, are_same, mean_of, remedy

SUGGESTED_REPETITIONS = 5


def verdict(
    samples: Sequence[Sample],
    wording: Wording,
    *,
    reference: str | None = None,
    margin: float = 0.0,
    questions: int = 1,
) -> Verdict | None:
    """Return the verdict over the samples that have values, None if there are none.

    ``reference`` is the label of the baseline that was named beforehand, if one was.
    ``questions`` is how many are asked in turn until one has an answer: each but the first is
    asked with so many times as many comparisons, and its answer has no interval, since that
    would not be the one of the tables.
    """
    present = [sample for sample in samples if sample.values]
    if not present:
        return None
    if len(present) == 1:
        return Verdict(_single(present[0], wording), decided=False)
    ranking = rank(present, questions)
    if not ranking.decided:
        return Verdict(_unranked(present, wording), decided=False)
    place = next((i for i, s in enumerate(present) if s.label == reference), None)
    if place is not None:
        return against(present, place, ranking, wording, margin)
    if ranking.tied:
        return Verdict(_tied(present, ranking, wording, margin), decided=False)
    text = _won(present, ranking, wording, with_interval=questions == 1)
    return Verdict(text, decided=True)


def _single(sample: Sample, wording: Wording) -> str:
    """Say the mean of the only variant; its ± has the meter's share, which nothing cancels."""
    interval = mean_interval(sample.values)
    assert interval.mean is not None
    text = f"{sample.label}: {wording.subject}"
    if interval.low is None or interval.high is None:
        again = f"repeat with --repeat {SUGGESTED_REPETITIONS} for an interval"
        return f"{text} {wording.show(interval.mean)} in one trial; {again}"
    half = math.hypot((interval.high - interval.low) / 2.0, sample.meter_share)
    if half == 0.0:
        return f"{text} {wording.show(interval.mean)} in each of {interval.n} runs"
    return f"{text} {wording.show_pm(interval.mean, half)} (95 % interval; {interval.n} runs)"


def _unranked(samples: Sequence[Sample], wording: Wording) -> str:
    single = [sample.label for sample in samples if len(sample.values) == 1]
    who = "one good trial each" if len(single) == len(samples) else f"one trial of {listed(single)}"
    return (
        f"No ranking by {wording.subject}: {who} has no spread; "
        f"repeat with --repeat {SUGGESTED_REPETITIONS}"
    )


def _won(
    samples: Sequence[Sample], ranking: Ranking, wording: Wording, *, with_interval: bool
) -> str:
    best, second, last = ranking.order[0], ranking.order[1], ranking.order[-1]
    text = (
        f"{samples[best].label} {wording.wins}: {wording.show(mean_of(samples[best]))}, "
        + _than(samples[second], ranking.ratios[second], wording, with_interval=with_interval)
    )
    if last != second:
        text += " and " + _than(samples[last], ranking.ratios[last], wording, with_interval=False)
    return text


def _than(sample: Sample, ratio: Ratio | None, wording: Wording, *, with_interval: bool) -> str:
    if ratio is None or ratio.low is None or ratio.high is None:
        return f"less than {sample.label} ({wording.show(mean_of(sample))})"
    less, low, high = less_text(Ratio(1 / ratio.ratio, 1 / ratio.high, 1 / ratio.low))
    than = f"{less} % less than {sample.label}"
    return f"{than} (95 % interval {low} to {high} %)" if with_interval else than


def _tied(samples: Sequence[Sample], ranking: Ranking, wording: Wording, margin: float) -> str:
    best = ranking.order[0]
    tied = [i for i in ranking.order if i == best or i in ranking.tied]
    names = listed([samples[i].label for i in tied])
    if are_same([ranking.ratios[i] for i in tied if i != best], margin):
        share = percent(margin)
        text = f"{names} {wording.win}, the same within {share} %"
        return f"{text}; all others {wording.loses}" if len(tied) < len(ranking.order) else text
    text = f"{names} cannot be told apart in {wording.subject}"
    nearest = ranking.ratios[tied[1]]
    if len(tied) == 2 and nearest is not None and nearest.is_bounded:
        ends = (nearest.low or 0.0, nearest.high or 0.0)
        low, high = (percent(end - 1.0, signed=True) for end in ends)
        text += f" (difference {low} to {high} %)"
    if len(tied) < len(ranking.order):
        text += f"; all others {wording.loses}"
    return text + remedy(samples[tied[1]], samples[best], len(ranking.order), margin)
