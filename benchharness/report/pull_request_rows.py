"""Rows of a pull request's tables: a metric of a variant, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.model import MeasurementClass
from benchharness.report.change_text import change_text
from benchharness.report.comparison_records import Change, Comparison, Pair
from benchharness.report.gate import GateRow, label_of
from benchharness.report.gate_text import sign
from benchharness.report.markdown import code, escape
from benchharness.report.metrics import METRICS, SIGNS, half_interval, metric_of
from benchharness.report.text import column_unit, scaled_pm
from benchharness.standing import Needed, Word
from benchharness.stats.gate import GateState
from benchharness.stats.saying import percent

_SHOWN = ("energy_net_j", "energy_gross_j", "duration_s", "memory_peak_bytes", "cpu_s")
_RANKS = {GateState.CLOSED: 0, GateState.UNPROVEN: 2, GateState.OPEN: 3}


@dataclass(frozen=True, slots=True)
class Line:
    """One row. ``word`` is None where a gate has said ``verdict``; the worst ``rank`` comes first.

    ``open`` says that nothing is decided, with ``why`` and what is ``needed``.
    """

    label: str
    metric: str
    title: str
    before: str
    after: str
    change: str
    interval: str
    verdict: str
    word: Word | None
    rank: int
    open: bool
    why: str
    needed: Needed | None


def lines_of(comparison: Comparison) -> list[Line]:
    """Return a line for each pair and metric; gross energy only where there is no net energy."""
    several = len({(pair.a.name, pair.b.name) for pair in comparison.pairs}) > 1
    return [
        _line(pair, change, several=several)
        for pair in comparison.pairs
        for change in pair.changes
        if change.metric in _SHOWN and not (change.metric == "energy_gross_j" and _has_net(pair))
    ]


def gate_line(row: GateRow) -> Line:
    """Return the line of what a gate looked at; its interval is the gate's."""
    found = row.decision
    before, after, title = _values(row.pair, row.metric)
    ratio = None if found is None else found.ratio
    told = change_text(*((None,) * 3 if ratio is None else (ratio.ratio, ratio.low, ratio.high)))
    verdict = sign(row)[0]
    open_one = found is not None and found.state is GateState.UNPROVEN
    return Line(
        label=row.label,
        metric=row.metric,
        title=title,
        before=before,
        after=after,
        change=told.change,
        interval=told.interval,
        verdict=f"{verdict} (limit +{percent(row.limit)} %)",
        word=None,
        rank=1 if found is None else _RANKS[found.state],
        open=open_one or found is None,
        why=row.reason or "",
        needed=row.needed,
    )


def _line(pair: Pair, change: Change, *, several: bool) -> Line:
    standing = change.standing
    before, after, title = _values(pair, change.metric)
    told = change_text(standing.ratio, standing.low, standing.high)
    word = change.word
    names = f"{pair.b.name} against {pair.a.name}"
    return Line(
        label=names if several and not pair.label else label_of(pair),
        metric=change.metric,
        title=title,
        before=before,
        after=after,
        change=told.change,
        interval=told.interval,
        verdict=SIGNS[word].text,
        word=word,
        rank=9,
        open=word in (Word.UNDECIDED, Word.NO_INTERVAL, Word.NOT_COMPARABLE),
        why=standing.reason or "",
        needed=standing.needed,
    )


def _has_net(pair: Pair) -> bool:
    """Say whether net energy bears a ratio here: else gross energy stands beside it."""
    return any(
        change.metric == "energy_net_j" and change.standing.ratio is not None
        for change in pair.changes
    )


def _values(pair: Pair, metric: str) -> tuple[str, str, str]:
    """Return both means with their ±, in one unit, and the metric's title with that unit."""
    sides = [(side.variant, metric_of(side.variant, metric)) for side in (pair.a, pair.b)]
    unit = column_unit([m.mean if m else None for _, m in sides], METRICS[metric].base)
    texts = [
        scaled_pm(m.mean if m else None, half_interval(variant, metric), unit)
        for variant, m in sides
    ]
    title = METRICS[metric].title
    cls = pair.b.variant.energy_class
    if METRICS[metric].is_energy and cls not in (None, MeasurementClass.MEASURED):
        title = f"{title}, {cls.value}"
    return texts[0], texts[1], f"{title} / {unit.symbol}"


def table(
    lines: Sequence[Line], names: tuple[str, str], margin: float, interval: str = ""
) -> list[str]:
    """Return a Markdown table; the variant has a column where there are several.

    ``interval`` is the head of a column of intervals, "" for none.
    """
    labelled = len({line.label for line in lines}) > 1
    heads = [
        *(["Variant"] if labelled else []),
        "Metric",
        *names,
        "Change",
        *([interval] if interval else []),
        "Verdict",
    ]
    aligned = [":--" if h in ("Variant", "Metric", "Verdict") else "--:" for h in heads]
    rows = [heads, aligned]
    for line in lines:
        cells = [code(line.label)] if labelled else []
        cells += [escape(t) for t in (line.title, line.before, line.after, line.change)]
        cells += [escape(line.interval)] if interval else []
        same = f" (±{percent(margin)} %)" if line.word is Word.SAME and margin else ""
        rows.append([*cells, escape(line.verdict) + same])
    return ["| " + " | ".join(row) + " |" for row in rows]


def undecided(lines: Sequence[Line]) -> list[str]:
    """Return what nothing is decided about, a line each, with what would decide it."""
    found = []
    for line in lines:
        if not line.open:
            continue
        needed = line.needed.text() if line.needed is not None else ""
        what = [
            line.change if line.interval else "",
            line.interval,
            escape(line.why),
        ]
        text = ", ".join(part for part in what if part)
        title = line.title.partition(" / ")[0]
        title = title if title.startswith("CPU") else title.lower()
        found.append(
            f"{code(line.label)}, {escape(title)}: {text}{f'; {needed}' if needed else ''}"
        )
    return found
