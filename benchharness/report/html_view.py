"""What stands at the top of the page: banners and tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, MeasurementClass, Status
from benchharness.report.groups import is_divided
from benchharness.report.html_forest import Forest, ForestRow, forest
from benchharness.report.metrics import (
    CLASS_NOTES,
    METRICS,
    energy_classes,
    ratio_key,
)
from benchharness.report.text import plain


@dataclass(frozen=True, slots=True)
class Banner:
    """A line above everything else: what the reader must know before any number."""

    head: str
    text: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A metric at a glance: the best value, and how far the others are."""

    title: str
    value: str
    plus_minus: str
    unit: str
    who: str
    others: str
    forest: Forest | None
    missing: str
    standing: str = ""
    coverage: str = ""


def banners(summary: CampaignSummary) -> list[Banner]:
    """Return what must stand above every number: quick, not measured, not finished."""
    found = []
    if summary.quick:
        found.append(
            Banner("Quick run.", "Small inputs, to see that everything works: not results.")
        )
    found += [
        Banner(f"{cls.value.capitalize()} energy.", f"Joules are {CLASS_NOTES[cls]}.")
        for cls in energy_classes(summary)
        if cls is not MeasurementClass.MEASURED
    ]
    planned = sum(t.status in (Status.PLANNED, Status.RUNNING) for t in summary.trials)
    if summary.state != "done":
        left = f"{planned} of {len(summary.trials)} runs have not been made. " if planned else ""
        found.append(
            Banner(
                f"Campaign {plain(summary.state, 30)}.",
                f"{left}benchharness resume {plain(summary.campaign_id, 40)} finishes it.",
            )
        )
    return found


def tiles(summary: CampaignSummary) -> list[Tile]:
    """Return the tiles of energy, time and memory; none where not all variants compete."""
    if is_divided(summary):
        return []
    energy = ratio_key(summary)
    found = [
        _tile(summary, energy)
        if energy
        else Tile("Energy", "", "", "", "", "", None, no_energy(summary))
    ]
    return [*found, _tile(summary, "duration_s"), _tile(summary, "memory_peak_bytes")]


def _tile(summary: CampaignSummary, key: str) -> Tile:
    table = forest(summary, key)
    title = METRICS[key].title
    if table is None:
        return Tile(title, "", "", "", "", "", None, "no good run gave a value")
    rows = [r for r in table.rows if r.dot is not None]
    best, unit = table.rows[0], table.unit.split(",")[0]
    title = title if table.unit == unit else f"{title}{table.unit.removeprefix(unit)}"
    return Tile(
        title=title,
        value=best.value,
        plus_minus=best.plus_minus,
        unit=unit,
        who=best.label,
        others=_others(rows),
        coverage=table.coverage,
        standing=best.standing.text,
        forest=table if len(rows) > 1 else None,
        missing="",
    )


def _others(rows: Sequence[ForestRow]) -> str:
    if len(rows) < 2:
        return "one variant: nothing to compare"
    last = rows[-1]
    interval = f" ({last.interval})" if last.interval else ""
    if len(rows) == 2:
        return f"{last.label}: ×\u00a0{last.ratio}{interval}"
    return f"others ×\u00a0{rows[1].ratio} to ×\u00a0{last.ratio}"


def no_energy(summary: CampaignSummary) -> str:
    """Return why there is no energy."""
    reason = next((t.energy_missing for t in summary.trials if t.energy_missing), None)
    return plain(reason, 200) if reason else "no meter was used"
