"""The statistics behind the means of a section, as a table for the terminal and the page."""

from __future__ import annotations

from benchharness.model import CampaignSummary
from benchharness.report.groups import sections
from benchharness.report.metrics import METRICS, class_suffix, headline_key, ranked
from benchharness.report.statistics_rows import WIDE_SPREAD, Statistics, statistics_of
from benchharness.report.table import Cell, Column, Table, section_rows
from benchharness.report.text import DASH, Unit, column_unit, number, plain
from benchharness.stats.ratio import Ratio
from benchharness.stats.saying import percent

MOST_ROWS = 60
_RARE = 0.05
_NOTES = (
    "standard uncertainties of the mean (k = 1): between trials without what the meter adds to "
    "each; combined is the spread as found with what the meter adds to all alike",
    "the effect g is the difference from the reference in common standard deviations (Hedges), "
    "with its 95 % interval; beside the change, not in its place",
)


def statistics_tables(summary: CampaignSummary) -> list[tuple[str, Table]]:
    """Return for each workload its heading and its table, without those that have no rows."""
    found = [(s.heading, statistics_table(s.summary)) for s in sections(summary)]
    return [(heading, table) for heading, table in found if table is not None]


def statistics_table(summary: CampaignSummary) -> Table | None:
    """Return a row for each variant with a value of the metric that ranks; None without any."""
    key = headline_key(summary)
    variants = ranked(summary, key)
    shown = [s for v in variants[:MOST_ROWS] if (s := statistics_of(summary, v, key)) is not None]
    if not shown:
        return None
    metric = METRICS[key]
    unit = column_unit([s.mean.mean for s in shown], metric.base)
    columns = (
        Column("variant", "variant", left=True, importance=100),
        Column("n", "n", "good runs", importance=90),
        Column("mean", "mean", unit.symbol + (class_suffix(summary) if metric.is_energy else ""),
               importance=99),
        Column("between", "between trials", unit.symbol, importance=95),
        Column("instrument", "instrument", unit.symbol, importance=94),
        Column("combined", "combined", unit.symbol, importance=93),
        Column("g", "g", "against the reference", importance=85),
        Column("log", "ratio of medians", "by logarithms", importance=60),
        Column("neighbours", "neighbours", "correlation", importance=70),
        Column("outliers", "outliers", "run", importance=75),
        Column("drift", "drift", "%", importance=72),
    )  # fmt: skip
    rows = [_row(each, unit) for each in shown]
    used = [i for i in range(len(columns)) if i < 6 or any(r[i].text != DASH for r in rows)]
    notes = list(_NOTES)
    if any(each.log_ratio is not None for each in shown):
        notes.append(
            f"by logarithms where a standard deviation is {percent(WIDE_SPREAD)} % of the mean or "
            "more, with its own 95 % interval"
        )
    if len(variants) > MOST_ROWS:
        notes.append(f"{len(variants) - MOST_ROWS} more variants are in --json")
    kept = [each.variant for each in shown]
    return Table(
        caption=f"What stands behind {metric.title.lower()}",
        columns=tuple(columns[i] for i in used),
        rows=tuple(tuple(row[i] for i in used) for row in rows),
        notes=tuple(notes),
        sections=section_rows(kept),
    )


def _row(found: Statistics, unit: Unit) -> tuple[Cell, ...]:
    return (
        Cell(plain(found.variant.label, 60)),
        Cell(str(found.mean.n)),
        Cell(number(found.mean.mean / unit.factor, 4)),
        Cell(_u(found.mean.between_u, unit)),
        Cell(_u(found.instrument_u, unit)),
        Cell(_u(_combined_u(found), unit)),
        Cell(DASH if found.g is None else _with_ends(found.g.g, found.g.low, found.g.high)),
        Cell(_ratio(found.log_ratio)),
        Cell(_neighbours(found), "" if _is_rare(found) else "muted"),
        Cell(", ".join(str(i + 1) for i in found.outliers) or DASH),
        Cell(_drift(found), "caution" if found.drift and found.drift.is_clear else "muted"),
    )


def _combined_u(found: Statistics) -> float | None:
    """Return both together; of a single run without an instrument nothing is known."""
    if found.mean.spread_u is None and found.instrument_u is None:
        return None
    return found.mean.combined_u


def _u(value: float | None, unit: Unit) -> str:
    return DASH if value is None else number(value / unit.factor, 2)


def _ratio(found: Ratio | None) -> str:
    if found is None:
        return DASH
    return _with_ends(found.ratio, found.low, found.high)


def _with_ends(middle: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return _signed(middle)
    return f"{_signed(middle)} [{_signed(low)}, {_signed(high)}]"


def _signed(value: float) -> str:
    return number(value, 2).replace("-", "−")


def _is_rare(found: Statistics) -> bool:
    return found.neighbours is not None and found.neighbours.p < _RARE


def _neighbours(found: Statistics) -> str:
    if found.neighbours is None:
        return DASH
    words = "alike" if found.neighbours.r > 0.0 else "alternate"
    return _signed(found.neighbours.r) + (f" {words}" if _is_rare(found) else "")


def _drift(found: Statistics) -> str:
    if found.drift is None:
        return DASH
    ends = (percent(end, signed=True, digits=2) for end in (found.drift.low, found.drift.high))
    return " to ".join(ends)
