"""A comparison as a table for people."""

from __future__ import annotations

from benchharness.model import MeasurementClass
from benchharness.report.change_text import change_text
from benchharness.report.commands import campaign_command
from benchharness.report.comparison_records import Change, Comparison, Pair, Side
from benchharness.report.energy_budget import good_figures
from benchharness.report.energy_flags import MARK, coverage_text, marked_runs
from benchharness.report.gain_words import whose_share
from benchharness.report.interrupted import was_interrupted
from benchharness.report.metrics import CLASS_NOTES, METRICS, SIGNS, half_interval
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import Unit, column_unit, plain, scaled_pm
from benchharness.standing import Word
from benchharness.stats.saying import percent

# CPU seconds are in the JSON document.
_SHOWN = ("energy_net_j", "energy_gross_j", "duration_s", "memory_peak_bytes")
_LONGEST_BESIDE = 24  # where a pair's words are longer, they stand above its rows


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
    """Return the changes for people: gross energy only where net energy bears no ratio."""
    has_net = any(c.metric == "energy_net_j" and c.standing.ratio is not None for c in pair.changes)
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
    sign = SIGNS[change.word]
    standing = change.standing
    told = change_text(standing.ratio, standing.low, standing.high)
    return (
        Cell(pair.label if first else ""),
        Cell(f"{plain(pair.b.name, 30)} / {plain(pair.a.name, 30)}" if first else ""),
        Cell(METRICS[change.metric].title.lower()),
        Cell(f"{unit.symbol}{suffix}"),
        Cell(_value(pair.a, change.metric, unit)),
        Cell(_value(pair.b, change.metric, unit)),
        Cell(told.change, sign.key),
        Cell(told.interval, "muted"),
        Cell(sign.text, sign.key),
    )


def _value(side: Side, metric: str, unit: Unit) -> str:
    return scaled_pm(side.variant.metrics[metric].mean, half_interval(side.variant, metric), unit)


def _notes(comparison: Comparison) -> list[str]:
    classes = {s.variant.energy_class for p in comparison.pairs for s in (p.a, p.b)} - {None}
    known = [each for each in classes if each is not None]
    meter = f", with the meter's share: {whose_share(known)}" if known else ""
    notes = [f"±: 95 % interval{meter}"]
    notes += _why_not(comparison)
    if comparison.comparisons > 1:
        notes.append(f"intervals of the change: {comparison.comparisons} together right at 95 %")
    if comparison.margin:
        notes.append(f"margin: a change of {percent(comparison.margin)} % is too little to matter")
    if comparison.margin_words:
        notes.append(comparison.margin_words)
    notes += [
        f"joules are {CLASS_NOTES[c]}"
        for c in sorted(known, key=lambda c: c.value)
        if c is not MeasurementClass.MEASURED
    ]
    notes += _unfinished(comparison)
    notes += _trust(comparison)
    notes += [f"compared all the same: {d}" for d in comparison.differs]
    notes += comparison.notes
    if comparison.unpaired:
        notes.append(f"without a counterpart: {', '.join(comparison.unpaired)}")
    return notes


def _why_not(comparison: Comparison) -> list[str]:
    """Return each reason why shown metrics cannot be compared, once."""
    reasons = (
        change.standing.reason
        for pair in comparison.pairs
        for change in _shown(pair)
        if change.word is Word.NOT_COMPARABLE and change.standing.reason
    )
    return [f"⊘  not comparable: {plain(reason, 160)}" for reason in dict.fromkeys(reasons)]


def _unfinished(comparison: Comparison) -> list[str]:
    """Say which campaigns still have runs to come, with the command that makes them."""
    campaigns = {s.campaign.campaign_id: s.campaign for p in comparison.pairs for s in (p.a, p.b)}
    notes = []
    for campaign in campaigns.values():
        left = sum(t.status.is_pending or was_interrupted(t) for t in campaign.trials)
        if left:
            what = f"{left} of {len(campaign.trials)} runs of campaign"
            name = plain(campaign.campaign_id, 40)
            finish = campaign_command("resume", campaign)
            notes.append(f"not finished: {what} {name} are to come; finish it with: {finish}")
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
