"""The answer of a comparison in one sentence, which ranks nothing that it cannot tell apart."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchharness.standing import Word
from benchharness.stats.decision import judge
from benchharness.stats.interval import mean_interval
from benchharness.stats.needed import needed
from benchharness.stats.ranking import Ranking, rank
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample
from benchharness.stats.saying import less_text, listed, percent
from benchharness.stats.simultaneous import joint_level, pairs_of, ratio_between

SUGGESTED_REPETITIONS = 5


@dataclass(frozen=True, slots=True)
class Wording:
    """How a metric is spoken of, and how its values are written.

    ``wins`` makes "numpy *uses the least energy*: 12.3 J, 75 % less than native", ``win`` the same
    of several; ``subject`` makes "cannot be told apart in *net energy*"; ``loses`` makes "all
    others *use more*".
    """

    subject: str
    wins: str
    win: str
    loses: str
    show: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentence, and whether it names a single best variant."""

    sentence: str
    decided: bool


def verdict(
    samples: Sequence[Sample],
    wording: Wording,
    *,
    reference: str | None = None,
    margin: float = 0.0,
) -> Verdict | None:
    """Return the verdict over the samples that have values, None if there are none.

    ``reference`` is the label of the baseline that was named beforehand, if one was.
    """
    present = [sample for sample in samples if sample.values]
    if not present:
        return None
    if len(present) == 1:
        return Verdict(_single(present[0], wording), decided=False)
    ranking = rank(present)
    if not ranking.decided:
        return Verdict(_unranked(present, wording), decided=False)
    place = next((i for i, s in enumerate(present) if s.label == reference), None)
    if place is not None:
        return _against(present, place, ranking, wording, margin)
    if ranking.tied:
        return Verdict(_tied(present, ranking, wording, margin), decided=False)
    return Verdict(_won(present, ranking, wording), decided=True)


def _single(sample: Sample, wording: Wording) -> str:
    interval = mean_interval(sample.values)
    assert interval.mean is not None
    text = f"{sample.label}: {wording.subject} {wording.show(interval.mean)}"
    if interval.low is None or interval.high is None:
        return f"{text} in one trial; repeat with --repeat {SUGGESTED_REPETITIONS} for an interval"
    return f"{text} (95 % interval {wording.show(interval.low)} to {wording.show(interval.high)})"


def _unranked(samples: Sequence[Sample], wording: Wording) -> str:
    single = [sample.label for sample in samples if len(sample.values) == 1]
    who = "one good trial each" if len(single) == len(samples) else f"one trial of {listed(single)}"
    return (
        f"no ranking by {wording.subject}: {who} has no spread; "
        f"repeat with --repeat {SUGGESTED_REPETITIONS}"
    )


def _won(samples: Sequence[Sample], ranking: Ranking, wording: Wording) -> str:
    best, second, last = ranking.order[0], ranking.order[1], ranking.order[-1]
    text = f"{samples[best].label} {wording.wins}: {wording.show(_mean(samples[best]))}, " + _than(
        samples[second], ranking.ratios[second], wording, with_interval=True
    )
    if last != second:
        text += " and " + _than(samples[last], ranking.ratios[last], wording, with_interval=False)
    return text


def _than(sample: Sample, ratio: Ratio | None, wording: Wording, *, with_interval: bool) -> str:
    if ratio is None or ratio.low is None or ratio.high is None:
        return f"less than {sample.label} ({wording.show(_mean(sample))})"
    less, low, high = less_text(Ratio(1 / ratio.ratio, 1 / ratio.high, 1 / ratio.low))
    than = f"{less} % less than {sample.label}"
    return f"{than} (95 % interval {low} to {high} %)" if with_interval else than


def _tied(samples: Sequence[Sample], ranking: Ranking, wording: Wording, margin: float) -> str:
    best = ranking.order[0]
    tied = [i for i in ranking.order if i == best or i in ranking.tied]
    names = listed([samples[i].label for i in tied])
    if _are_same([ranking.ratios[i] for i in tied if i != best], margin):
        share = percent(margin)
        text = f"{names} {wording.win}, the same within {share} %"
        return f"{text}; all others {wording.loses}" if len(tied) < len(ranking.order) else text
    text = f"{names} cannot be told apart in {wording.subject}"
    nearest = ranking.ratios[tied[1]]
    if len(tied) == 2 and nearest is not None and nearest.low is not None:
        low, high = (percent(end - 1.0, signed=True) for end in (nearest.low, nearest.high or 0.0))
        text += f" (difference {low} to {high} %)"
    if len(tied) < len(ranking.order):
        text += f"; all others {wording.loses}"
    return text + _remedy(samples[tied[1]], samples[best], len(ranking.order), margin)


def _are_same(ratios: Sequence[Ratio | None], margin: float) -> bool:
    """Say whether all are within the margin of the best, and told from it by nothing."""
    return all(
        ratio is not None
        and ratio.low is not None
        and ratio.high is not None
        and judge(ratio.low, ratio.high, margin) is Word.SAME
        for ratio in ratios
    )


def _remedy(sample: Sample, best: Sample, compared: int, margin: float) -> str:
    """Say what could tell two samples apart, where something practical could."""
    level = joint_level(pairs_of(compared))
    found = needed(sample, best, Word.UNDECIDED, margin=margin, level=level)
    if found is not None:
        return f"; {found.text()}"
    lasting = 2.0 * max(best.common_u, sample.common_u)
    if lasting > 0.0 and abs(_mean(sample) - _mean(best)) <= lasting:
        return "; longer windows or a finer meter might tell"
    return ""


def _against(
    samples: Sequence[Sample], place: int, ranking: Ranking, wording: Wording, margin: float
) -> Verdict:
    """Answer against the baseline: which are lower, else that none is known to be."""
    level = joint_level(len(samples) - 1)
    words: dict[int, Word] = {}
    ratios: dict[int, Ratio] = {}
    for i in ranking.order:
        ratio = ratio_between(samples[i], samples[place], level) if i != place else None
        if ratio is not None and ratio.low is not None and ratio.high is not None:
            words[i], ratios[i] = judge(ratio.low, ratio.high, margin), ratio
    best = ranking.order[0]
    if best in words and words[best].is_lower:
        leaders = [
            i
            for i in ranking.order
            if i == best or (i in ranking.tied and i in words and words[i].is_lower)
        ]
        text = _leading(samples, leaders, ratios, ranking, wording, place, margin)
        return Verdict(text, decided=len(leaders) == 1)
    return _none_lower(samples, place, words, wording, level, margin)


def _leading(
    samples: Sequence[Sample],
    leaders: Sequence[int],
    ratios: dict[int, Ratio],
    ranking: Ranking,
    wording: Wording,
    place: int,
    margin: float,
) -> str:
    best, reference = leaders[0], samples[place]
    less, low, high = less_text(ratios[best])
    if len(leaders) == 1:
        runs = f"{len(samples[best].values)} + {len(reference.values)} runs"
        return (
            f"{samples[best].label} {wording.wins}: {wording.show(_mean(samples[best]))}, "
            f"{less} % less than {reference.label} (95 % interval {low} to {high} %; {runs})"
        )
    names = listed([samples[i].label for i in leaders])
    text = f"{names} {wording.win}, about {percent(1.0 - ratios[best].ratio, digits=2)} % less "
    text += f"than {reference.label}"
    if _are_same([ranking.ratios[i] for i in leaders[1:]], margin):
        return f"{text}. They are the same within {percent(margin)} %"
    return f"{text}. They cannot be told apart" + _remedy(
        samples[leaders[1]], samples[best], len(samples), margin
    )


def _none_lower(
    samples: Sequence[Sample],
    place: int,
    words: dict[int, Word],
    wording: Wording,
    level: float,
    margin: float,
) -> Verdict:
    reference = samples[place]
    if words and all(word.is_higher for word in words.values()):
        mean = wording.show(_mean(reference))
        text = (
            f"{reference.label}, the baseline, {wording.wins}: {mean}; all others {wording.loses}"
        )
        return Verdict(text, decided=True)
    text = f"none is known to be below {reference.label} in {wording.subject}"
    same = [samples[i].label for i, word in words.items() if word is Word.SAME]
    if same:
        verb = "is" if len(same) == 1 else "are"
        text += f"; {listed(same)} {verb} the same within {percent(margin)} %"
    open_ = [i for i, word in words.items() if word is Word.UNDECIDED]
    if open_:
        text += f"; {listed([samples[i].label for i in open_])} cannot be told from it"
        found = needed(samples[open_[0]], reference, Word.UNDECIDED, margin=margin, level=level)
        text += f"; {found.text()}" if found is not None else ""
    return Verdict(text, decided=False)


def _mean(sample: Sample) -> float:
    return statistics.fmean(sample.values)
