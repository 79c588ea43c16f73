"""The timeline of the whole campaign as the page has it: its script, its words, its samples.

The samples are put in last, with what room the page has left. All that is not ours (labels,
names of meters and phases) is inside of the base64 and becomes text, never markup.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from benchharness.model import CampaignSummary, EnergyFigure, Status
from benchharness.report.energy_flags import marked
from benchharness.report.figures_time import MOST_SPANS, STAGE_WORDS, merged_spans
from benchharness.report.phases import phase_roles
from benchharness.report.templates import source_of
from benchharness.report.text import plain
from benchharness.report.timeline import SeriesReader, Span
from benchharness.report.timeline_packed import packed
from benchharness.report.timeline_packed_read import (
    Campaign,
    Line,
    Run,
    read_campaign,
    usual_period_s,
)
from benchharness.units import format_si

if TYPE_CHECKING:
    from jinja2 import Environment

SCRIPTS = ("timeline_data.js", "timeline_view.js", "timeline.js")
ROOM_BYTES = 300_000  # kept free for the samples: figures of single runs give way first
_LEAST_ROOM_BYTES = 2_000
_MANY_METERS = 3  # that are read alike are not named one by one
MANY_RUNS = 2_000  # of more, stages and figures are left to the tables
# Markup that no text of others can hold: there every < is escaped.
_PLACE = '<script type="application/octet-stream" id="timeline-samples"></script>'
# The colour and the dashes of a quantity's n-th line, as in the still figures.
_POWER_ROLES = ("lower", "io", "muted", "startup")
_ROLES = {"temperature": "higher", "memory": "io", "cpu": "ink"}
_DASHES = ("", "5 2.5", "1.5 2", "5 2 1.5 2")


@dataclass(frozen=True, slots=True)
class TimelineView:
    """What the template needs, and what is packed in the end."""

    campaign: Campaign
    head: Mapping[str, Any]
    script: Markup
    phases: tuple[tuple[str, str], ...]  # name, role
    periods: str
    runs: int
    has_power: bool
    left_out: str  # which lines are too many to draw, "" for none

    @property
    def script_source(self) -> str:
        """Return what the security policy calls the script: the hash of its text."""
        digest = hashlib.sha256(str(self.script).encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

    @property
    def place(self) -> Markup:
        """Return the element that :func:`with_samples` fills."""
        return Markup(_PLACE)  # noqa: S704 - our own markup


def timeline_view(
    summary: CampaignSummary, reader: SeriesReader | None, environment: Environment
) -> TimelineView | None:
    """Read what the timeline shows; None where nothing was observed."""
    campaign = None if reader is None else read_campaign(summary, reader)
    if campaign is None:
        return None
    roles = phase_roles(summary)
    seen = dict.fromkeys(span.name for run in campaign.runs for span in run.phases)
    phases = tuple((plain(name, 60), role) for name, role in roles.items() if name in seen)
    places = {name: place for place, name in enumerate(n for n in roles if n in seen)}
    return TimelineView(
        campaign=campaign,
        head=_head(summary, campaign, places, phases),
        script=_script(environment),
        phases=phases,
        periods=_periods(campaign),
        runs=len(campaign.runs),
        has_power=any(line.quantity == "power" for line in campaign.lines),
        left_out=_left_out(campaign),
    )


def policy(static: str, view: TimelineView | None) -> str:
    """Return the page's security policy: no script but this one, no request at all."""
    return static if view is None else f"{static}; script-src {view.script_source}"


def with_samples(page: str, view: TimelineView | None, limit_bytes: int) -> str:
    """Put the samples into a page, which stays below ``limit_bytes``.

    Where there is no room for any, the element stays empty and the script says so.
    """
    if view is None:
        return page
    room = limit_bytes - len(page.encode())
    text = packed(view.campaign, view.head, room) if room >= _LEAST_ROOM_BYTES else None
    return page if text is None else page.replace(_PLACE, _PLACE.replace("><", f">{text}<"), 1)


def _script(environment: Environment) -> Markup:
    body = source_of(environment, *SCRIPTS)
    return Markup(f'(() => {{\n"use strict";\n{body}}})();')  # noqa: S704 - our own script


def _head(
    summary: CampaignSummary,
    campaign: Campaign,
    places: Mapping[str, int],
    phases: tuple[tuple[str, str], ...],
) -> dict[str, Any]:
    labels = {v.index: plain(v.label, 80) for v in summary.variants}
    return {
        "length": round(campaign.length_s, 6),
        "lines": _lines(campaign),
        "phases": phases,
        "breaks": [[round(b.at_s, 6), b.text] for b in campaign.breaks],
        "runs": [
            _run_head(run, labels.get(run.trial.variant, ""), campaign, places)
            for run in campaign.runs
        ],
    }


def _lines(campaign: Campaign) -> list[dict[str, str]]:
    found, counts = [], dict[str, int]()
    for line in campaign.lines:
        place = counts[line.quantity] = counts.get(line.quantity, -1) + 1
        role = _ROLES.get(line.quantity) or _POWER_ROLES[place % len(_POWER_ROLES)]
        found.append(
            {
                "quantity": line.quantity,
                "name": _line_name(line),
                "unit": line.unit,
                "role": role,
                "dash": _dash(place),
            }
        )
    return found


def _dash(place: int) -> str:
    """Return the dashes of a quantity's n-th line; the colours come round with other dashes."""
    return _DASHES[(place + place // len(_POWER_ROLES)) % len(_DASHES)]


def _line_name(line: Line) -> str:
    name = plain(line.name, 40)
    shows_target = line.target and line.target != line.name
    return f"{name} ({plain(line.target, 30)})" if shows_target else name


def _left_out(campaign: Campaign) -> str:
    """Say which lines are one too many, by quantity."""
    counts: dict[str, int] = {}
    for line in campaign.left_out:
        counts[line.quantity] = counts.get(line.quantity, 0) + 1
    words = {"power": "powers", "cpu": "lines of CPU", "memory": "lines of memory"}
    parts = [f"{n} more {words.get(quantity, quantity)}" for quantity, n in counts.items()]
    return f"Not drawn here: {' and '.join(parts)}." if parts else ""


def _run_head(
    run: Run, label: str, campaign: Campaign, places: Mapping[str, int]
) -> dict[str, Any]:
    trial = run.trial
    note = "" if trial.status is Status.OK else trial.status.value
    if not note and trial.energy is not None and marked(trial):
        note = "marked ‡"
    many = len(campaign.runs) > MANY_RUNS
    figures = [] if many else [f for f in (trial.energy, *trial.other_energy) if f is not None]
    return {
        "number": trial.index + 1,
        "label": label,
        "note": note,
        "start": round(run.start_s, 6),
        "length": round(run.length_s, 6),
        "window": [round(t, 6) for t in run.window_s] if run.window_s else None,
        "stages": [
            [STAGE_WORDS[s.name], round(s.start_s, 4), round(s.end_s, 4)]
            for s in run.stages
            if s.name in STAGE_WORDS and not many
        ],
        "phases": _phases(run, places),
        "figures": [row for f in figures if (row := _figure(f, campaign)) is not None],
    }


def _figure(figure: EnergyFigure, campaign: Campaign) -> list[Any] | None:
    """Return (line, joules as text, method) of a run's figure."""
    for place, line in enumerate(campaign.lines):
        if line.quantity == "power" and (line.name, line.target) == (figure.meter, figure.target):
            return [place, format_si(figure.gross_j.value, "J", 4), plain(figure.method, 40)]
    return None


def _phases(run: Run, places: Mapping[str, int]) -> list[list[float]]:
    """Return (phase, start, end); of very many those that are too near to be seen apart as one."""
    gap_s = run.length_s / 400
    found: list[list[float]] = []
    for name in dict.fromkeys(span.name for span in run.phases):
        spans: list[Span] = [s for s in run.phases if s.name == name]
        if len(spans) > MOST_SPANS:
            spans = merged_spans(spans, gap_s)
        found += [[places[name], round(s.start_s, 4), round(s.end_s, 4)] for s in spans]
    return found


def _periods(campaign: Campaign) -> str:
    """Say how often each meter was read."""
    parts: list[tuple[str, str]] = []
    for place, line in enumerate(campaign.lines):
        period_s = usual_period_s(campaign, place) if line.quantity == "power" else None
        if period_s:
            parts.append((_line_name(line), f"every {format_si(period_s, 's', 2)}"))
    alike = {often for _, often in parts}
    if len(parts) > _MANY_METERS and len(alike) == 1:
        return f"{len(parts)} meters {alike.pop()}"
    return ", ".join(f"{name} {often}" for name, often in parts)
