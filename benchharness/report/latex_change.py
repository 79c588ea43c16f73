"""The comparison in LaTeX: the change against the reference, its interval and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.model import CampaignSummary, MetricSummary, VariantSummary
from benchharness.report.change_text import MINUS, NO_CHANGE, ChangeText, change_text
from benchharness.report.latex_numbers import LatexColumn, table_format
from benchharness.report.latex_text import escape
from benchharness.report.metrics import Sign, metric_of, standings
from benchharness.report.text import DASH
from benchharness.standing import Word

# Signs of LaTeX's own fonts: a paper needs no package for them.
_GLYPHS = {
    "•": r"$\bullet$",
    "▼": r"$\downarrow$",
    "▽": r"$\searrow$",
    "▲": r"$\uparrow$",
    "△": r"$\nearrow$",
    "≈": r"$\approx$",
    "⊘": r"$\oslash$",
}
_MISSING = "{--}"
_PERCENT = "\u00a0%"


def change_columns(
    summary: CampaignSummary, variants: Sequence[VariantSummary], key: str
) -> list[LatexColumn]:
    """Return change, interval and verdict of a metric; none where nothing is compared."""
    metrics = [metric_of(variant, key) for variant in variants]
    compared = [m for m in metrics if m is not None and m.standing is not None]
    if not compared:
        return []
    texts = [_change(metric) for metric in metrics]
    signs = standings(summary, key)
    return [
        _column([text.change for text in texts]),
        LatexColumn("l", r"{[\SI{95}{\percent}]}", "", tuple(_interval(t) for t in texts)),
        LatexColumn("l", "Verdict", "", tuple(_verdict(signs[v.index]) for v in variants)),
    ]


def _change(metric: MetricSummary | None) -> ChangeText:
    """Return the change and its interval as every report writes them."""
    if metric is None or metric.standing is None or metric.standing.word is Word.REFERENCE:
        return NO_CHANGE
    return change_text(metric.ratio, metric.ratio_low, metric.ratio_high)


def _column(changes: Sequence[str]) -> LatexColumn:
    """Return the changes: numbers in per cent under each other, or text where one is a factor."""
    known = [change for change in changes if change != DASH]
    if not all(change.endswith(_PERCENT) for change in known):
        texts = tuple(_MISSING if change == DASH else _text(change) for change in changes)
        return LatexColumn("r", "Change", "", texts)
    numbers = [change.removesuffix(_PERCENT).replace(MINUS, "-") for change in known]
    width = table_format([number.lstrip("+-") for number in numbers])
    spec = f"S[table-format=+{width},retain-explicit-plus]"
    filled = iter(numbers)
    cells = tuple(_MISSING if change == DASH else next(filled) for change in changes)
    return LatexColumn(spec, "{Change}", r"{\si{\percent}}", cells)


def _interval(told: ChangeText) -> str:
    return f"[{_text(told.interval)}]" if told.interval else ""


def _text(change: str) -> str:
    """Write a change or an interval with LaTeX's own signs: ``$-$``, ``$\\times$``, ``\\,\\%``."""
    return escape(change.replace(_PERCENT, "%")).replace(r"\%", r"\,\%")


def _verdict(sign: Sign) -> str:
    glyph = _GLYPHS.get(sign.glyph, sign.glyph)
    return f"{glyph} {sign.word}".strip()
