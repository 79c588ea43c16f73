"""A comparison as sentences: what a reader who reads nothing else takes away."""

from __future__ import annotations

from benchharness.model import MeasurementClass
from benchharness.report.change_text import change_text
from benchharness.report.comparison_records import Change, Comparison, Pair
from benchharness.report.metrics import METRICS
from benchharness.report.text import plain
from benchharness.standing import Word
from benchharness.stats.saying import percent

_MOST_SENTENCES = 4
_TOLD = ("energy_net_j", "energy_gross_j", "duration_s")


def sentences(comparison: Comparison) -> list[str]:
    """Answer in words, by the first metric of each pair: energy if there is any, else time.

    Where neither can be compared that is the answer, and not what memory says.
    """
    pairs = [pair for pair in comparison.pairs if pair.changes]
    said = [_sentence(pair, comparison) for pair in pairs[:_MOST_SENTENCES]]
    more = len(pairs) - _MOST_SENTENCES
    return [*said, f"and {more} more pairs"] if more > 0 else said


def _sentence(pair: Pair, comparison: Comparison) -> str:
    told = (c for c in pair.changes if c.metric in _TOLD and c.ratio is not None)
    change = next(told, pair.changes[0])
    metric = METRICS[change.metric].title.lower()
    cls = pair.b.variant.energy_class
    if METRICS[change.metric].is_energy and cls not in (None, MeasurementClass.MEASURED):
        metric = f"{cls.value} {metric}"
    a, b = plain(pair.a.name, 60), plain(pair.b.name, 60)
    head = f"{pair.label}: " if pair.label else ""
    runs = f"{change.a.n} + {change.b.n} runs"
    if change.word is Word.NOT_COMPARABLE or change.ratio is None:
        return f"{head}{metric} of {b} and {a}: not comparable, {change.standing.reason} ({runs})"
    if change.word is Word.NO_INTERVAL:
        return f"{head}{metric} of {b} against {a}: no verdict, {change.standing.reason} ({runs})"
    if change.word is Word.UNDECIDED:
        text = f"{head}{b} and {a} cannot be told apart in {metric} ({_interval(change)}{runs})"
        needed = change.standing.needed
        return f"{text}; {needed.text()}" if needed is not None else text
    if change.word is Word.SAME:
        share = percent(comparison.margin)
        return (
            f"{head}{metric} of {b} and {a}: the same within {share} % ({_interval(change)}{runs})"
        )
    return f"{head}{b} {_verb(change)} {_much(change, metric, a)} ({_interval(change)}{runs})"


def _verb(change: Change) -> str:
    return "takes" if change.metric in ("duration_s", "cpu_s") else "uses"


def _much(change: Change, metric: str, a: str) -> str:
    """Return ``46.6 % less net energy than A``; with an unclear size it says so."""
    assert change.ratio is not None
    ratio = change.ratio.ratio
    unclear = change.word in (Word.LOWER_UNCLEAR, Word.HIGHER_UNCLEAR)
    hedge = ", how much is unclear," if unclear else ""
    if ratio >= 2:
        return f"{ratio:.3g} times the {metric} of {a}{hedge}"
    word = "less" if ratio < 1 else "more"
    return f"{percent(abs(ratio - 1.0))} % {word} {metric} than {a}{hedge}"


def _interval(change: Change) -> str:
    standing = change.standing
    text = change_text(standing.ratio, standing.low, standing.high).interval
    return f"95 % interval {text}; " if text else ""
