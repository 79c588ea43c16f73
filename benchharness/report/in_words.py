"""What the matrix of pairs and the runs in their order say, as sentences."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchharness.model import CampaignSummary
from benchharness.report.comparing import runs_word
from benchharness.report.metrics import metric_of
from benchharness.report.pairs import PairMatrix, PairOf
from benchharness.report.run_order import timed_values
from benchharness.report.text import number
from benchharness.report.undecided import command_for, needed_text
from benchharness.standing import Word
from benchharness.stats.autocorrelation import neighbours
from benchharness.stats.drift import Drift, drift
from benchharness.stats.saying import percent

_MOST_NAMED = 3
_RARE = 0.05
_WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def pair_sentences(matrices: Sequence[PairMatrix], summary: CampaignSummary) -> list[str]:
    """Return how many of all pairs are decided, which are not, and what would decide them."""
    pairs = [pair for matrix in matrices for pair in matrix.pairs]
    if not pairs:
        return []
    clear = [pair for pair in pairs if pair.is_clear]
    same = [pair for pair in clear if pair.word is Word.SAME]
    verb = "is" if len(clear) == 1 else "are"
    text = f"{len(clear)} of {len(pairs)} pairs {verb} decided"
    if not clear:
        text = f"None of the {len(pairs)} pairs is decided"
    parts = []
    if differing := [pair for pair in clear if pair.word is not Word.SAME]:
        one = f"{differing[0].row} and {differing[0].column} differ"
        parts.append(one if len(differing) == 1 else f"{_count(len(differing)).lower()} differ")
    if same:
        who = f"{same[0].row} and {same[0].column}" if len(same) == 1 else f"{len(same)} pairs"
        parts.append(f"{who} are the same within {percent(summary.margin)} %")
    said = [f"{text}{': ' if parts else ''}{'; '.join(parts)}."]
    said += _open_pairs([p for p in pairs if p.word is Word.UNDECIDED], "undecided", summary)
    unclear = [p for p in pairs if p.word in (Word.LOWER_UNCLEAR, Word.HIGHER_UNCLEAR)]
    said += _open_pairs(unclear, "on one side of zero, and its size is unclear", summary)
    return said


def resolution(matrices: Sequence[PairMatrix], summary: CampaignSummary, key: str) -> str:
    """Say how well a change is known: half the width of the intervals, in the median."""
    against = [
        (m.ratio_high - m.ratio_low) / 2.0
        for v in summary.variants
        if (m := metric_of(v, key)) and m.ratio_low is not None and m.ratio_high is not None
    ]
    between = [pair.half for matrix in matrices for pair in matrix.pairs if pair.half is not None]
    if not against or statistics.median(against) > 1.0:
        return ""
    runs = runs_word([v for v in summary.variants if v.ok])
    text = f"With {runs} of each, a change is known to about ±{_share(against)} %"
    if between:
        text += f" against the reference, and to ±{_share(between)} % between any two"
    return f"{text}."


def campaign_drift(summary: CampaignSummary, key: str) -> Drift | None:
    """Return the drift that all variants have in common, over the time of the campaign."""
    return drift(list(timed_values(summary.trials, key).values()))


def order_words(values: Sequence[tuple[float, float]]) -> str:
    """Say of the runs of one variant whether they drift, or depend on the run before."""
    found = drift([values])
    if found is None:
        return ""
    words = "no clear drift"
    if found.is_clear:
        words = f"drift of {percent(found.total, signed=True, digits=2)} %"
    related = neighbours([value for _, value in values])
    if related is not None and related.p < _RARE:
        words += "; neighbours are alike" if related.r > 0 else "; neighbours alternate"
    return words


def drift_sentence(summary: CampaignSummary, key: str) -> str:
    """Say whether the campaign drifted as a whole; "" where that cannot be said."""
    found = campaign_drift(summary, key)
    if found is None:
        return ""
    return f"All variants together: {found.sentence} ({_span(found.span_s)})."


def _open_pairs(pairs: Sequence[PairOf], what: str, summary: CampaignSummary) -> list[str]:
    if not pairs:
        return []
    named = [_open_pair(pair) for pair in pairs[:_MOST_NAMED]]
    more = len(pairs) - len(named)
    verb = "pair is" if len(pairs) == 1 else "pairs are"
    text = f"{_count(len(pairs))} {verb} {what}: {'; '.join(named)}"
    text += f"; and {more} more" if more else ""
    if not any(pair.needed for pair in pairs):
        text += f"; {needed_text(None)}"
    text += "."
    command = command_for(summary, [p.needed.repetitions for p in pairs if p.needed])
    return [f"{text} To add them: {command}" if command else text]


def _open_pair(pair: PairOf) -> str:
    parts = [pair.change.change, pair.change.interval]
    if pair.needed is not None:
        parts.append(needed_text(pair.needed))
    return f"{pair.row} against {pair.column} ({'; '.join(part for part in parts if part)})"


def _share(halves: Sequence[float]) -> str:
    return number(100.0 * statistics.median(halves), 2 if statistics.median(halves) < 0.1 else 1)


def _span(span_s: float) -> str:
    return f"{number(span_s / 60, 2)} min" if span_s >= 90 else f"{number(span_s, 2)} s"


def _count(count: int) -> str:
    return _WORDS[count] if count < len(_WORDS) else str(count)
