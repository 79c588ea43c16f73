"""The answer of a comparison in one sentence, which ranks nothing that it cannot tell apart."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchharness.stats.interval import mean_interval
from benchharness.stats.outliers import variation
from benchharness.stats.ranking import Ranking, rank
from benchharness.stats.ratio import Ratio
from benchharness.stats.repetitions import repetitions_for
from benchharness.stats.sample import Sample

SUGGESTED_REPETITIONS = 5
_MOST_REPETITIONS = 200


@dataclass(frozen=True, slots=True)
class Wording:
    """How a metric is spoken of, and how its values are written.

    ``wins`` and ``beats`` make "numpy *uses the least energy*: 12.3 J net, 4.1 times *less
    than* native"; ``subject`` makes "cannot be told apart in *net energy*"; ``loses`` makes
    "all others *use more*".
    """

    subject: str
    wins: str
    beats: str
    loses: str
    show: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentence, and whether it names a single best variant."""

    sentence: str
    decided: bool


def verdict(samples: Sequence[Sample], wording: Wording) -> Verdict | None:
    """Return the verdict over the samples that have values, None if there are none."""
    present = [sample for sample in samples if sample.values]
    if not present:
        return None
    if len(present) == 1:
        return Verdict(_single(present[0], wording), decided=False)
    ranking = rank(present)
    if not ranking.decided:
        return Verdict(_unranked(present, wording), decided=False)
    if ranking.tied:
        return Verdict(_tied(present, ranking, wording), decided=False)
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
        return f"{wording.beats} {sample.label} ({wording.show(_mean(sample))})"
    text = ratio_text(ratio)
    than = f"{text[0]} times {wording.beats} {sample.label}"
    return f"{than} (95 % interval {text[1]} to {text[2]})" if with_interval else than


def _tied(samples: Sequence[Sample], ranking: Ranking, wording: Wording) -> str:
    best = ranking.order[0]
    tied = [i for i in ranking.order if i == best or i in ranking.tied]
    names = listed([samples[i].label for i in tied])
    text = f"{names} cannot be told apart in {wording.subject}"
    nearest = ranking.ratios[tied[1]]
    if len(tied) == 2 and nearest is not None and nearest.low is not None:
        ratio, low, high = ratio_text(nearest)
        text += f" (ratio {ratio}, 95 % interval {low} to {high})"
    if len(tied) < len(ranking.order):
        text += f"; all others {wording.loses}"
    return text + _remedy(samples[best], samples[tied[1]])


def _remedy(best: Sample, other: Sample) -> str:
    """Say what could tell two samples apart, where something practical could."""
    difference = _mean(other) - _mean(best)
    if difference <= 0.0 or _mean(best) <= 0.0:
        return ""
    if difference <= 2.0 * math.hypot(best.common_u, other.common_u):
        return "; longer windows or a finer meter might tell"
    spreads = [variation(mean_interval(sample.values)) or 0.0 for sample in (best, other)]
    # Two means, each with its spread: the interval of their ratio is √2 wider than one's.
    needed = repetitions_for(
        math.hypot(*spreads) / math.sqrt(2.0), math.sqrt(2.0) * difference / _mean(best)
    )
    if needed > _MOST_REPETITIONS:
        return ""
    return f"; about {max(needed, len(best.values) + 1)} repetitions might tell"


def ratio_text(ratio: Ratio) -> tuple[str, str, str]:
    """Write ratio, low and high with the digits that the interval bears, one kept above 1."""
    assert ratio.low is not None
    assert ratio.high is not None
    half = (ratio.high - ratio.low) / 2.0
    places = 3 if half <= 0.0 else min(3, max(0, -math.floor(math.log10(half))))
    while ratio.low > 1.0 and round(ratio.low, places) <= 1.0 and places < 6:
        places += 1
    return f"{ratio.ratio:.{places}f}", f"{ratio.low:.{places}f}", f"{ratio.high:.{places}f}"


def listed(names: Sequence[str]) -> str:
    """Join names as people do: A, B and C."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _mean(sample: Sample) -> float:
    return statistics.fmean(sample.values)
