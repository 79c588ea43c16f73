"""What a history says: a sentence, a row a step, a line a variant, a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchharness.model import MeasurementClass
from benchharness.report.change_text import change_text
from benchharness.report.document import json_types
from benchharness.report.history import FEWEST_POINTS, History, Point, Series
from benchharness.report.metrics import METRICS
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, Unit, column_unit, number
from benchharness.stats.change_points import ChangePoint

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.,-=*#"
MACHINE = "m"
STEP_AS_PLACED = "the size of a step is as it was placed: one just found looks larger than it is"
_MOST_STEPS = 400


def title_of(series: Series) -> str:
    """Return the metric, joules that were not measured with their class."""
    title = METRICS[series.metric].title
    cls = series.energy_class
    if METRICS[series.metric].is_energy and cls not in (None, MeasurementClass.MEASURED):
        return f"{title}, {cls.value}"
    return title


def unit_of(series: Series) -> Unit:
    """Return the unit that the means of a series are read in."""
    return column_unit([point.mean for point in series.points], METRICS[series.metric].base)


def place_of(point: Point) -> str:
    """Return a campaign as people find it: id, date, commit where it is known."""
    commit = f", commit {point.commit}" if point.commit else ""
    return f"{point.campaign_id}, {point.created_utc[:10]}{commit}"


def step_words(change: ChangePoint) -> tuple[str, str]:
    """Return a step in per cent and its interval."""
    ratio = change.ratio
    if ratio is None:
        return DASH, ""
    told = change_text(ratio.ratio, ratio.low, ratio.high)
    return told.change, told.interval


def newest_step(history: History) -> tuple[Series, ChangePoint] | None:
    """Return the step that came last of all series."""
    found = [(series, series.changes[-1]) for series in history.series if series.changes]
    if not found:
        return None
    return max(found, key=lambda each: each[0].points[each[1].index].created_utc)


def answer(history: History) -> str:
    """Return the answer in a sentence."""
    campaigns = f"{history.campaigns} campaign{'' if history.campaigns == 1 else 's'}"
    if not history.series:
        return "No campaign to make a history of."
    newest = newest_step(history)
    if newest is None:
        longest = max(len(series.points) for series in history.series)
        if longest < FEWEST_POINTS:
            return f"{campaigns}: too few to tell a step, which takes {FEWEST_POINTS} or more."
        of = f"{len(history.series)} variant{'' if len(history.series) == 1 else 's'}"
        return f"No step in {of} over {campaigns}."
    series, change = newest
    text, interval = step_words(change)
    title = title_of(series)
    what = title if title.startswith("CPU") else title.lower()
    inside = f" (95 % interval {interval})" if interval else ""
    point = series.points[change.index]
    near = series.near(change)
    caution = f"; the machine changed there too ({how_often_changed(series)})" if near else ""
    return (
        f"Last step: {series.label}, {what} {text}{inside} "
        f"since campaign {place_of(point)}{caution}."
    )


def how_often_changed(series: Series) -> str:
    """Say how often the machine changed: where it often does, one beside a step is chance."""
    return f"it did at {len(series.environment)} of {len(series.points)} campaigns"


def last_words(series: Series) -> str:
    """Say how the last campaign stands to the level before it."""
    found = series.last
    if found is None or found.low is None or found.high is None:
        return "too few campaigns to judge the last"
    change = change_text(found.ratio, found.low, found.high)
    if found.low <= 1.0 <= found.high:
        return f"the last campaign is as before ({change.change}; {change.interval})"
    side = "above" if found.ratio > 1.0 else "below"
    return (
        f"the last campaign is {side} the level before it ({change.change}; {change.interval}), "
        "outside what that level scatters; three in a row may be a step"
    )


def steps_table(history: History) -> Table:
    """Return a row a step, the newest first."""
    found = [(series, change) for series in history.series for change in series.changes]
    found.sort(key=lambda each: each[0].points[each[1].index].created_utc, reverse=True)
    rows = []
    for series, change in found[:_MOST_STEPS]:
        unit = unit_of(series)
        text, interval = step_words(change)
        up = change.after > change.before
        near = series.near(change)
        rows.append(
            (
                Cell(series.label),
                Cell(f"{'▲' if up else '▼'} {text}", "higher" if up else "lower"),
                Cell(interval, "muted"),
                Cell(f"{number(change.before / unit.factor, 4)} {unit.symbol}"),
                Cell(f"{number(change.after / unit.factor, 4)} {unit.symbol}"),
                Cell(place_of(series.points[change.index])),
                Cell(series.points[change.index - 1].campaign_id, "muted"),
                Cell(f"{'; '.join(near)} ({how_often_changed(series)})" if near else "", "caution"),
            )
        )
    columns = (
        Column("variant", "Variant", left=True, importance=100),
        Column("step", "Step", importance=99),
        Column("interval", "95 % interval", importance=90),
        Column("before", "Before", importance=60),
        Column("after", "After", importance=61),
        Column("since", "Since campaign", left=True, importance=95),
        Column("last_before", "Last before it", left=True, importance=50),
        Column("machine", "Machine changed there too", left=True, importance=92),
    )
    left = len(found) - _MOST_STEPS
    notes = (f"and {left} older steps",) if left > 0 else ()
    if not any(row[-1].text for row in rows):
        return Table("steps", columns[:-1], tuple(row[:-1] for row in rows), notes)
    return Table("steps", columns, tuple(rows), notes)


def spark(values: Sequence[float], width: int, bars: str = BARS) -> str:
    """Return a line of bars; each is the mean of the campaigns that fall on it."""
    count = min(width, len(values))
    cells = []
    for k in range(count):
        part = values[k * len(values) // count : (k + 1) * len(values) // count]
        cells.append(sum(part) / len(part))
    low, high = min(cells), max(cells)
    # Less than 2 % from the lowest to the highest is drawn as flat: a bar has no scale.
    wide = max(high - low, 0.02 * abs(high)) or 1.0
    return "".join(
        bars[min(len(bars) - 1, int((cell - low) / wide * (len(bars) - 0.01)))] for cell in cells
    )


def line_of(series: Series, bars: str = BARS, width: int = 20) -> tuple[Cell, ...]:
    """Return the cells of a line for the terminal."""
    unit = unit_of(series)
    point = series.points[-1]
    if series.changes:
        change = series.changes[-1]
        glyph = "▲" if change.after > change.before else "▼"
        at = series.points[change.index]
        said = f"{glyph} {step_words(change)[0]} since {at.campaign_id}"
        tone = "higher" if change.after > change.before else "lower"
        if series.near(change):
            said += f" {MACHINE}"
    else:
        said = "no step" if len(series.points) >= FEWEST_POINTS else "too few to tell"
        tone = "muted"
    return (
        Cell(series.label),
        Cell(spark([p.mean for p in series.points], width, bars)),
        Cell(str(len(series.points)), "muted"),
        Cell(f"{number(point.mean / unit.factor, 3)} {unit.symbol}"),
        Cell(said, tone),
    )


def lines_table(history: History, bars: str = BARS) -> Table:
    """Return a line a variant for the terminal."""
    columns = (
        Column("variant", "variant", left=True, importance=100),
        Column("spark", "over time", left=True, importance=60),
        Column("campaigns", "campaigns", importance=50),
        Column("last", "last", importance=90),
        Column("step", "last step", left=True, importance=99),
    )
    rows = tuple(line_of(series, bars) for series in history.series)
    titles = dict.fromkeys(title_of(series) for series in history.series)
    notes = [f"metric: {', '.join(titles).lower()}"]
    if any(series.changes for series in history.series):
        notes.append(STEP_AS_PLACED)
    if any(series.changes and series.near(series.changes[-1]) for series in history.series):
        notes.append(f"{MACHINE}  the machine changed there too: see --html or --json")
    return Table("history", columns, rows, tuple(notes))


def history_document(history: History) -> dict[str, Any]:
    """Return the history as JSON types only."""
    found = json_types(
        {
            "answer": answer(history),
            "campaigns": history.campaigns,
            "series": [_series(series) for series in history.series],
            "skipped": [{"what": s.what, "reason": s.reason} for s in history.skipped],
        }
    )
    assert isinstance(found, dict)
    return found


def _series(series: Series) -> dict[str, Any]:
    last = series.last
    return {
        "variant": series.label,
        "metric": series.metric,
        "energy_class": series.energy_class,
        "machine": series.machine,
        "instrument": series.instrument or None,
        "points": [
            {
                "campaign": p.campaign_id,
                "created_utc": p.created_utc,
                "commit": p.commit,
                "n": p.n,
                "mean": p.mean,
                "low": p.low,
                "high": p.high,
            }
            for p in series.points
        ],
        "changes": [
            {
                "since": series.points[c.index].campaign_id,
                "after": series.points[c.index - 1].campaign_id,
                "index": c.index,
                "mean_before": c.before,
                "mean_after": c.after,
                "ratio": c.ratio.ratio if c.ratio else None,
                "ratio_low": c.ratio.low if c.ratio else None,
                "ratio_high": c.ratio.high if c.ratio else None,
                "machine_changed": list(series.near(c)),
                "machine_changes_in_all": len(series.environment),
            }
            for c in series.changes
        ],
        "environment": [{"index": e.index, "what": list(e.what)} for e in series.environment],
        "last_to_level": None
        if last is None
        else {"ratio": last.ratio, "low": last.low, "high": last.high},
    }
