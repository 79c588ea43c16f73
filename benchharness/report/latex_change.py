"""The comparison in LaTeX: the change against the reference, its interval and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.model import CampaignSummary, MetricSummary, VariantSummary
from benchharness.report.latex_numbers import LatexColumn, table_format
from benchharness.report.metrics import Sign, metric_of, standings
from benchharness.report.text import half_width
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
    spec = f"S[table-format=+{table_format([change for change, _ in texts]).lstrip('-')},"
    return [
        LatexColumn(
            f"{spec}retain-explicit-plus]",
            "{Change}",
            r"{\si{\percent}}",
            tuple(change or _MISSING for change, _ in texts),
        ),
        LatexColumn("l", r"{[\SI{95}{\percent}]}", "", tuple(ends for _, ends in texts)),
        LatexColumn("l", "Verdict", "", tuple(_verdict(signs[v.index]) for v in variants)),
    ]


def _change(metric: MetricSummary | None) -> tuple[str, str]:
    """Return the change in per cent and its interval, "" for what is not known."""
    if metric is None or metric.ratio is None or metric.standing is None:
        return "", ""
    if metric.standing.word is Word.REFERENCE:
        return "", ""
    places = _places(metric)
    change = _signed(metric.ratio, places)
    if metric.ratio_low is None or metric.ratio_high is None:
        return change, ""
    low, high = (_signed(end, places) for end in (metric.ratio_low, metric.ratio_high))
    return change, f"[{_minus(low)}, {_minus(high)}]"


def _places(metric: MetricSummary) -> int:
    """Return as many decimals as tell the ends apart, without more than three digits or so."""
    half = half_width(metric.ratio_low, metric.ratio_high)
    if half is not None and half < 0.0005:
        return 2
    return 1 if metric.ratio is None or abs(metric.ratio - 1) < 1 else 0


def _signed(ratio: float, places: int) -> str:
    text = f"{100 * (ratio - 1):+.{places}f}"
    return text if text.strip("+-0.") else text.lstrip("+-")  # no "-0.0"


def _minus(text: str) -> str:
    return text.replace("-", "$-$")


def _verdict(sign: Sign) -> str:
    glyph = _GLYPHS.get(sign.glyph, sign.glyph)
    return f"{glyph} {sign.word}".strip()
