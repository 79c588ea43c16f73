"""What the sentences of a verdict have in common: how a metric is spoken of, and what remains."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchharness.standing import Word
from benchharness.stats.decision import judge
from benchharness.stats.needed import needed
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample
from benchharness.stats.simultaneous import joint_level, pairs_of


@dataclass(frozen=True, slots=True)
class Wording:
    """How a metric is spoken of, and how its values are written.

    ``wins`` makes "numpy *uses the least energy*: 12.3 J, 75 % less than native", ``win`` the same
    of several; ``subject`` makes "cannot be told apart in *net energy*"; ``loses`` makes "all
    others *use more*"; ``verbs`` make "A *uses* 12 % less net energy", of one and of several.
    ``show_pm`` writes a mean with half of its interval.
    """

    subject: str
    wins: str
    win: str
    loses: str
    show: Callable[[float], str]
    show_pm: Callable[[float, float], str]
    verbs: tuple[str, str] = ("uses", "use")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentence, and whether it names a single best variant."""

    sentence: str
    decided: bool


def mean_of(sample: Sample) -> float:
    """Return the mean of a sample that has values."""
    return statistics.fmean(sample.values)


def are_same(ratios: Sequence[Ratio | None], margin: float) -> bool:
    """Say whether all are within the margin of the best, and told from it by nothing."""
    return all(
        ratio is not None
        and ratio.low is not None
        and ratio.high is not None
        and judge(ratio.low, ratio.high, margin) is Word.SAME
        for ratio in ratios
    )


def remedy(sample: Sample, best: Sample, compared: int, margin: float) -> str:
    """Say what could tell two samples apart, where something practical could."""
    level = joint_level(pairs_of(compared))
    found = needed(sample, best, Word.UNDECIDED, margin=margin, level=level)
    if found is not None:
        return f"; {found.text()}"
    lasting = 2.0 * max(best.common_u, sample.common_u)
    if lasting > 0.0 and abs(mean_of(sample) - mean_of(best)) <= lasting:
        return "; longer windows or a finer meter might tell"
    return ""
