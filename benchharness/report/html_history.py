"""The history as one self-contained HTML file: no script, no request, at most 2 MB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from benchharness import __version__
from benchharness.errors import UsageError
from benchharness.report.history import History, Series, Skipped, is_energy
from benchharness.report.history_figure import draw_series
from benchharness.report.history_text import (
    answer,
    last_words,
    place_of,
    steps_table,
    title_of,
    unit_of,
)
from benchharness.report.html import CONTENT_SECURITY_POLICY, SIZE_LIMIT_BYTES, symbols
from benchharness.report.templates import source_of, template_environment
from benchharness.report.text import Unit, half_width, number, plain, scaled_pm

if TYPE_CHECKING:
    from jinja2 import Environment

_MOST_PANELS = 120
_MOST_ROWS = 3000  # of all tables of campaigns
_ROWS_EACH = 60
_MOST_ENVIRONMENT = 8
_MOST_SKIPPED = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One campaign of a panel's table."""

    place: str
    n: int
    mean: str
    interval: str


@dataclass(frozen=True, slots=True)
class Since:
    """What of the machine changed, and since which campaign."""

    since: str
    what: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One series on the page."""

    label: str
    title: str
    unit: str
    instrument: str
    last: str
    figure: Markup
    environment: tuple[Since, ...]
    environment_more: int
    rows: tuple[Row, ...]
    rows_title: str


def write_history(history: History, path: Path, *, title: str, command: str) -> Path:
    """Write the page. Raises UsageError when the file cannot be written."""
    text = render_history(history, title=title, command=command)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write the history: {error.strerror}",
            where=str(path),
            remedy="choose another place with --html FILE",
        ) from error
    return path


def render_history(history: History, *, title: str, command: str = "") -> str:
    """Return the page, with fewer panels and rows until it has at most 2 MB."""
    panels, rows = _MOST_PANELS, _MOST_ROWS
    while True:
        text = _render(history, title, command, panels, rows)
        if len(text.encode()) <= SIZE_LIMIT_BYTES or panels <= 1:
            return text
        panels, rows = (panels, rows // 4) if rows > 100 else (panels // 2, rows)


def _render(history: History, title: str, command: str, panels: int, rows: int) -> str:
    environment = _environment()
    shown = history.series[:panels]
    each = min(_ROWS_EACH, rows // max(1, len(shown)))
    points = [point for series in history.series for point in series.points]
    dates = sorted(point.created_utc[:10] for point in points)
    left = len(history.series) - len(shown)
    text: str = environment.get_template("history.html.jinja").render(
        csp=CONTENT_SECURITY_POLICY,
        css=source_of(environment, "report.css", "history.css"),
        version=__version__,
        title=plain(title, 120),
        answer=answer(history).replace(" %", "\u00a0%"),
        above=_above(history).replace(" %", "\u00a0%"),
        machines=list(dict.fromkeys(series.machine for series in history.series))[:4],
        campaigns=history.campaigns,
        span=f"{dates[0]} to {dates[-1]}" if dates else "",
        steps=steps_table(history),
        panels=[_panel(series, each) for series in shown],
        left_out=f"{left} more variants with fewer campaigns are in --json." if left else "",
        skipped=skipped_lines(history.skipped),
        joules=is_energy(history.metric),
        command=plain(command, 1000),
    )
    return text


def _above(history: History) -> str:
    """Name the variants whose last campaign is out of level: the newest news."""
    out = [
        series
        for series in history.series
        if series.last is not None
        and series.last.low is not None
        and series.last.high is not None
        and not series.last.low <= 1.0 <= series.last.high
    ]
    if not out:
        return ""
    named = "; ".join(f"{series.label}: {last_words(series)}" for series in out[:3])
    more = f"; and {len(out) - 3} more" if len(out) > 3 else ""
    return f"{named}{more}."


def _panel(series: Series, most_rows: int) -> Panel:
    unit = unit_of(series)
    newest = list(reversed(series.environment))
    rows = tuple(_row(series, place, unit) for place in _newest(series, most_rows))
    words = last_words(series)
    return Panel(
        label=series.label,
        title=title_of(series),
        unit=unit.symbol,
        instrument=series.instrument,
        last=words[0].upper() + words[1:],
        figure=draw_series(series, unit),
        environment=tuple(
            Since(place_of(series.points[each.index]), "; ".join(each.what))
            for each in newest[:_MOST_ENVIRONMENT]
        ),
        environment_more=max(0, len(newest) - _MOST_ENVIRONMENT),
        rows=rows,
        rows_title=f"The newest {len(rows)} campaigns" if len(rows) > 1 else "The newest campaign",
    )


def _newest(series: Series, most: int) -> Sequence[int]:
    return range(len(series.points) - 1, max(-1, len(series.points) - 1 - most), -1)


def _row(series: Series, place: int, unit: Unit) -> Row:
    point = series.points[place]
    known = point.low is not None and point.high is not None
    half = half_width(point.low, point.high)
    mean = scaled_pm(point.mean, half, unit).partition(" ±")[0]
    interval = (
        f"{number((point.low or 0.0) / unit.factor, 4)} to "
        f"{number((point.high or 0.0) / unit.factor, 4)}"
        if known
        else "one run: none"
    )
    return Row(place_of(point), point.n, mean, interval)


def skipped_lines(skipped: Sequence[Skipped]) -> list[str]:
    """Return what is left out, by reason: many campaigns may share one."""
    counts = Counter(each.reason for each in skipped)
    lines = []
    for reason, count in counts.most_common(_MOST_SKIPPED):
        names = [plain(each.what, 60) for each in skipped if each.reason == reason][:4]
        more = f" and {count - len(names)} more" if count > len(names) else ""
        lines.append(f"{', '.join(names)}{more}: {plain(reason, 200)}")
    left = len(counts) - _MOST_SKIPPED
    return [*lines, f"and {left} other reasons"] if left > 0 else lines


def _environment() -> Environment:
    environment = template_environment()
    environment.filters["symbols"] = symbols
    return environment
