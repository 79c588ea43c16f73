"""A comparison as sentences, as a table for people, and as a JSON document."""

from __future__ import annotations

from typing import Any

from benchharness.model import MeasurementClass, MetricSummary
from benchharness.report.comparison import (
    HIGHER,
    LOWER,
    SINGLE,
    UNDECIDED,
    Change,
    Comparison,
    Pair,
    Side,
)
from benchharness.report.document import json_types
from benchharness.report.energy_budget import good_figures
from benchharness.report.energy_flags import MARK, coverage_text, marked_runs
from benchharness.report.metrics import CLASS_NOTES, METRICS
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, Unit, column_unit, half_width, plain, scaled_pm
from benchharness.stats.ratio import Ratio

_GLYPHS = {LOWER: "▼", HIGHER: "▲", UNDECIDED: "?", SINGLE: "?"}
# CPU seconds are in the JSON document.
_SHOWN = ("energy_net_j", "energy_gross_j", "duration_s", "memory_peak_bytes")
_MOST_SENTENCES = 4
_LONGEST_BESIDE = 24  # where a pair's words are longer, they stand above its rows


def sentences(comparison: Comparison) -> list[str]:
    """Answer in words, by the first metric of each pair: energy if there is any, else time."""
    said = [_sentence(pair) for pair in comparison.pairs[:_MOST_SENTENCES] if pair.changes]
    more = len(comparison.pairs) - _MOST_SENTENCES
    return [*said, f"and {more} more pairs"] if more > 0 else said


def _sentence(pair: Pair) -> str:
    change = pair.changes[0]
    metric = METRICS[change.metric].title.lower()
    cls = pair.b.variant.energy_class
    if METRICS[change.metric].is_energy and cls not in (None, MeasurementClass.MEASURED):
        metric = f"{cls.value} {metric}"
    a, b = plain(pair.a.name, 60), plain(pair.b.name, 60)
    head = f"{pair.label}: " if pair.label else ""
    runs = f"{change.a.n} + {change.b.n} runs"
    if change.verdict == SINGLE:
        return f"{head}{metric} of {b} against {a}: no verdict, one run has no spread ({runs})"
    if change.verdict == UNDECIDED or change.ratio is None:
        return f"{head}{b} and {a} cannot be told apart in {metric} ({_interval(change)}{runs})"
    percent = f"{abs(100 * (change.ratio.ratio - 1)):.2g} %"
    if change.ratio.ratio >= 2:
        percent = f"{change.ratio.ratio:.3g} times"
        word = "the"
    else:
        word = "less" if change.verdict == LOWER else "more"
    verb = "takes" if change.metric == "duration_s" else "uses"
    than = f"of {a}" if word == "the" else f"than {a}"
    return f"{head}{b} {verb} {percent} {word} {metric} {than} ({_interval(change)}{runs})"


def _interval(change: Change) -> str:
    text = change_interval(change.ratio)
    return f"95 % interval {text}; " if text else ""


def change_text(ratio: Ratio | None) -> str:
    """Format a ratio as a change in per cent: ``−3.1 %``."""
    if ratio is None:
        return DASH
    return f"{_signed(ratio.ratio, _places(ratio))} %"


def change_interval(ratio: Ratio | None) -> str:
    """Format the interval of a change: ``−3.9 to −2.3 %``; empty without one."""
    if ratio is None or ratio.low is None or ratio.high is None:
        return ""
    places = _places(ratio)
    return f"{_signed(ratio.low, places)} to {_signed(ratio.high, places)} %"


def _places(ratio: Ratio) -> int:
    half = half_width(ratio.low, ratio.high)
    if half is not None and half < 0.0005:
        return 2
    return 1 if abs(ratio.ratio - 1) < 1 else 0


def _signed(ratio: float, places: int) -> str:
    return f"{100 * (ratio - 1):+.{places}f}".replace("-", "−")


def comparison_rows(comparison: Comparison) -> Table:
    """Return a row a pair and metric: A, B, the change with its interval, the verdict."""
    units = {m: _unit(comparison, m) for m in _SHOWN}
    rows = [
        _row(pair, change, units[change.metric], first=place == 0)
        for pair in comparison.pairs
        for place, change in enumerate(_shown(pair))
    ]
    names = {(p.a.name, p.b.name) for p in comparison.pairs}
    a, b = next(iter(names)) if len(names) == 1 else ("A", "B")
    columns = (
        Column("variant", "variant", left=True, importance=100),
        Column("levels", "B against A", left=True, importance=100),
        Column("metric", "metric", left=True, importance=99),
        Column("unit", "unit", left=True, importance=97),
        Column("a", plain(a, 24), "A" if a != "A" else "", importance=60),
        Column("b", plain(b, 24), "B" if b != "B" else "", importance=65),
        Column("change", "change", importance=95),
        Column("interval", "95 % interval", "of the change", importance=80),
        Column("verdict", "verdict", left=True, importance=98),
    )
    telling = 1 if len(names) == 1 else 2  # cells that name a pair: its label, B against A
    above = any(sum(len(c.text) for c in row[:telling]) > _LONGEST_BESIDE for row in rows)
    headings = [
        (place, ", ".join(cell.text for cell in row[:telling] if cell.text))
        for place, row in enumerate(rows)
    ]
    empty = {
        0: above or all(not p.label for p in comparison.pairs),
        1: above or len(names) == 1,
    }
    keep = [i for i in range(len(columns)) if not empty.get(i, False)]
    return Table(
        caption=comparison.title,
        columns=tuple(columns[i] for i in keep),
        rows=tuple(tuple(row[i] for i in keep) for row in rows),
        # The heads of the columns A and B tell one pair of all rows: these columns may be dropped.
        notes=(
            *((f"change: of {b} (B) against {a} (A)",) if a != "A" else ()),
            *_notes(comparison),
        ),
        sections=tuple(heading for heading in headings if heading[1]) if above else (),
    )


def _shown(pair: Pair) -> list[Change]:
    """Return the changes for people: gross energy only where there is no net energy."""
    has_net = any(c.metric == "energy_net_j" for c in pair.changes)
    return [
        c
        for c in pair.changes
        if c.metric in _SHOWN and not (has_net and c.metric == "energy_gross_j")
    ]


def _unit(comparison: Comparison, metric: str) -> Unit:
    changes = [c for p in comparison.pairs for c in p.changes if c.metric == metric]
    means = [side.mean for c in changes for side in (c.a, c.b)]
    return column_unit(means, METRICS[metric].base)


def _row(pair: Pair, change: Change, unit: Unit, *, first: bool) -> tuple[Cell, ...]:
    cls = pair.b.variant.energy_class
    suffix = ""
    if METRICS[change.metric].is_energy and cls not in (None, MeasurementClass.MEASURED):
        suffix = f", {cls.value}"
    glyph = _GLYPHS[change.verdict]
    return (
        Cell(pair.label if first else ""),
        Cell(f"{plain(pair.b.name, 30)} / {plain(pair.a.name, 30)}" if first else ""),
        Cell(METRICS[change.metric].title.lower()),
        Cell(f"{unit.symbol}{suffix}"),
        Cell(_value(change.a, unit)),
        Cell(_value(change.b, unit)),
        Cell(change_text(change.ratio), change.verdict),
        Cell(change_interval(change.ratio), "muted"),
        Cell(f"{glyph} {change.verdict}", change.verdict),
    )


def _value(metric: MetricSummary, unit: Unit) -> str:
    return scaled_pm(metric.mean, half_width(metric.low, metric.high), unit)


def _notes(comparison: Comparison) -> list[str]:
    notes = ["±: 95 % interval between runs; verdict: Welch's test at 5 %, corrected by Holm"]
    classes = {s.variant.energy_class for p in comparison.pairs for s in (p.a, p.b)}
    notes += [
        f"joules are {CLASS_NOTES[c]}"
        for c in sorted((c for c in classes if c is not None), key=lambda c: c.value)
        if c is not MeasurementClass.MEASURED
    ]
    notes += _trust(comparison)
    notes += [f"compared all the same: {d}" for d in comparison.differs]
    notes += comparison.notes
    if comparison.unpaired:
        notes.append(f"without a counterpart: {', '.join(comparison.unpaired)}")
    return notes


def _trust(comparison: Comparison) -> list[str]:
    """Say what readings vouch for on both sides, and which runs contradict themselves."""
    sides = [side for pair in comparison.pairs for side in (pair.a, pair.b)]
    figures = [f for side in sides for f in good_figures(side.campaign, side.variant)]
    if not figures:
        return []
    notes = [f"readings vouch for {coverage_text(figures)} % of each window"]
    marks = {
        (side.campaign.campaign_id, trial.index)
        for side in sides
        for trial in marked_runs(side.campaign, side.variant.index)
    }
    if marks:
        runs = "1 run" if len(marks) == 1 else f"{len(marks)} runs"
        notes.append(f"{MARK}  joules of {runs} contradict themselves: see benchharness show")
    return notes


def to_comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as JSON types only."""
    document = {
        "title": comparison.title,
        "differs": list(comparison.differs),
        "notes": list(comparison.notes),
        "unpaired": list(comparison.unpaired),
        "sentences": sentences(comparison),
        "pairs": [
            {
                "variant": pair.label,
                "a": _side(pair.a),
                "b": _side(pair.b),
                "metrics": {c.metric: _metric(c) for c in pair.changes},
            }
            for pair in comparison.pairs
        ],
    }
    plain_types = json_types(document)
    assert isinstance(plain_types, dict)
    return plain_types


def _side(side: Side) -> dict[str, Any]:
    figures = good_figures(side.campaign, side.variant)
    return {
        "name": side.name,
        "campaign": side.campaign.campaign_id,
        "variant": side.variant.label,
        "factors": dict(side.variant.factors),
        "energy_class": side.variant.energy_class,
        "coverage": min((f.coverage for f in figures if f.coverage is not None), default=None),
        "marked": len(marked_runs(side.campaign, side.variant.index)),
    }


def _metric(change: Change) -> dict[str, Any]:
    ratio = change.ratio
    return {
        "a": {"n": change.a.n, "mean": change.a.mean, "low": change.a.low, "high": change.a.high},
        "b": {"n": change.b.n, "mean": change.b.mean, "low": change.b.low, "high": change.b.high},
        "ratio": ratio.ratio if ratio else None,
        "ratio_low": ratio.low if ratio else None,
        "ratio_high": ratio.high if ratio else None,
        "verdict": change.verdict,
    }
