"""The answer against a baseline that was named beforehand: which are lower, else that none is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.standing import Word
from benchharness.stats.decision import judge
from benchharness.stats.needed import needed
from benchharness.stats.ranking import Ranking
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample
from benchharness.stats.saying import less_text, listed, percent
from benchharness.stats.simultaneous import joint_level, ratio_between
from benchharness.stats.wording import Verdict, Wording, are_same, mean_of, remedy


@dataclass(frozen=True, slots=True)
class _Judged:
    """The samples with the word and the ratio of each against the baseline, at ``place``.

    Those without an interval have neither.
    """

    samples: Sequence[Sample]
    place: int
    ranking: Ranking
    wording: Wording
    margin: float
    level: float
    words: dict[int, Word]
    ratios: dict[int, Ratio]

    @property
    def reference(self) -> Sample:
        return self.samples[self.place]

    def labels(self, places: Sequence[int]) -> str:
        return listed([self.samples[i].label for i in places])


def against(
    samples: Sequence[Sample], place: int, ranking: Ranking, wording: Wording, margin: float
) -> Verdict:
    """Return the answer; ``place`` is that of the baseline among the samples.

    The least is named only if it is told from every other that might be it: the baseline's joint
    intervals do not compare the others with each other, those of the ranking do.
    """
    level = joint_level(len(samples) - 1)
    words: dict[int, Word] = {}
    ratios: dict[int, Ratio] = {}
    for i in ranking.order:
        ratio = ratio_between(samples[i], samples[place], level) if i != place else None
        if ratio is not None and ratio.low is not None and ratio.high is not None:
            words[i], ratios[i] = judge(ratio.low, ratio.high, margin), ratio
    judged = _Judged(samples, place, ranking, wording, margin, level, words, ratios)
    lower = [i for i in ranking.order if i in words and words[i].is_lower]
    if not lower:
        return _none_lower(judged)
    might_be = [i for i in ranking.order if i == ranking.order[0] or i in ranking.tied]
    named = [i for i in lower if i in might_be] or lower[:1]
    unsure = [i for i in might_be if i not in lower and i != place]
    if unsure:
        return Verdict(_less_than_baseline(judged, named, unsure), decided=False)
    if len(named) == 1:
        return Verdict(_least(judged, named[0]), decided=True)
    return Verdict(_several_least(judged, named), decided=False)


def _least(judged: _Judged, best: int) -> str:
    mean = judged.wording.show(mean_of(judged.samples[best]))
    return f"{judged.samples[best].label} {judged.wording.wins}: {mean}, {_less(judged, best)}"


def _less(judged: _Judged, place: int, of_what: str = "") -> str:
    """Return ``12 % less net energy than native (95 % interval 10 to 14 %; 5 + 5 runs)``."""
    less, low, high = less_text(judged.ratios[place])
    runs = f"{len(judged.samples[place].values)} + {len(judged.reference.values)} runs"
    return (
        f"{less} % less {of_what}than {judged.reference.label} "
        f"(95 % interval {low} to {high} %; {runs})"
    )


def _several_least(judged: _Judged, named: Sequence[int]) -> str:
    samples, best = judged.samples, named[0]
    text = f"{judged.labels(named)} {judged.wording.win}, about {_about(judged, best)}"
    if are_same([judged.ranking.ratios[i] for i in named[1:]], judged.margin):
        return f"{text}. They are the same within {percent(judged.margin)} %"
    what = remedy(samples[named[1]], samples[best], len(samples), judged.margin)
    return f"{text}. They cannot be told apart{what}"


def _about(judged: _Judged, place: int, of_what: str = "") -> str:
    share = percent(1.0 - judged.ratios[place].ratio, digits=2)
    return f"{share} % less {of_what}than {judged.reference.label}"


def _less_than_baseline(judged: _Judged, named: Sequence[int], unsure: Sequence[int]) -> str:
    """Say what is lower, and what may be lower still: it is neither told from those nor lower."""
    samples, best = judged.samples, named[0]
    one, several = judged.wording.verbs
    subject = f"{judged.wording.subject} "
    if len(named) == 1:
        text = f"{samples[best].label} {one} {_less(judged, best, subject)}"
    else:
        text = f"{judged.labels(named)} {several} about {_about(judged, best, subject)}"
    who = judged.labels(unsure)
    near = [judged.ranking.ratios[i] for i in unsure]
    if judged.ranking.order[0] == best and are_same(near, judged.margin):
        verb = "is" if len(unsure) == 1 else "are"
        share = percent(judged.margin)
        return f"{text}; {who} {verb} the same as {samples[best].label} within {share} %"
    what = remedy(samples[unsure[0]], samples[best], len(samples), judged.margin)
    return f"{text}; {who} cannot be told from {samples[best].label}{what}"


def _none_lower(judged: _Judged) -> Verdict:
    samples, wording, words = judged.samples, judged.wording, judged.words
    label = judged.reference.label
    if words and all(word.is_higher for word in words.values()):
        mean = wording.show(mean_of(judged.reference))
        text = f"{label}, the baseline, {wording.wins}: {mean}; all others {wording.loses}"
        return Verdict(text, decided=True)
    text = f"None is known to be below {label} in {wording.subject}"
    same = [i for i, word in words.items() if word is Word.SAME]
    if same:
        verb = "is" if len(same) == 1 else "are"
        text += f"; {judged.labels(same)} {verb} the same within {percent(judged.margin)} %"
    open_ = [i for i, word in words.items() if word is Word.UNDECIDED]
    if open_:
        text += f"; {judged.labels(open_)} cannot be told from it"
        found = needed(
            samples[open_[0]],
            judged.reference,
            Word.UNDECIDED,
            margin=judged.margin,
            level=judged.level,
        )
        text += f"; {found.text()}" if found is not None else ""
    return Verdict(text, decided=False)
