"""What stands at the top of the page: banners and tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, MeasurementClass
from benchharness.report.change_text import ChangeText
from benchharness.report.commands import campaign_command
from benchharness.report.groups import is_divided
from benchharness.report.html_forest import Forest, ForestRow, forest
from benchharness.report.metrics import (
    CLASS_NOTES,
    METRICS,
    Sign,
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
    """A metric at a glance: the best variant's change against the baseline, else its value.

    ``change`` is None where no baseline was named: then the value is what is large.
    """

    title: str
    value: str = ""
    plus_minus: str = ""
    unit: str = ""
    who: str = ""
    others: str = ""
    forest: Forest | None = None
    missing: str = ""
    sign: Sign | None = None
    coverage: str = ""
    change: ChangeText | None = None


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
    planned = sum(t.status.is_pending for t in summary.trials)
    if summary.state != "done":
        left = f"{planned} of {len(summary.trials)} runs have not been made. " if planned else ""
        found.append(
            Banner(
                f"Campaign {plain(summary.state, 30)}.",
                f"{left}{campaign_command('resume', summary)} finishes it.",
            )
        )
    return found


def tiles(summary: CampaignSummary) -> list[Tile]:
    """Return the tiles of energy, time and memory; none where not all variants compete."""
    if is_divided(summary):
        return []
    energy = ratio_key(summary)
    first = _tile(summary, energy) if energy else Tile("Energy", missing=no_energy(summary))
    return [first, _tile(summary, "duration_s"), _tile(summary, "memory_peak_bytes")]


def _tile(summary: CampaignSummary, key: str) -> Tile:
    table = forest(summary, key)
    title = METRICS[key].title
    if table is None:
        return Tile(title, missing="no good run gave a value")
    rows = [r for r in table.rows if r.dot is not None]
    best, unit = table.rows[0], table.unit.split(",")[0]
    reference = next((r for r in rows if r.is_reference), None)
    shows_change = table.comparing.named and reference is not None and best is not reference
    return Tile(
        title=title if table.unit == unit else f"{title}{table.unit.removeprefix(unit)}",
        value=best.value,
        plus_minus=best.plus_minus,
        unit=unit,
        who=best.label,
        others=_values(reference, best, unit)
        if shows_change and reference
        else _others(table, rows),
        coverage=table.coverage,
        sign=best.standing if best.standing.text else None,
        forest=table if len(rows) > 1 else None,
        change=best.change if shows_change else None,
    )


def _values(reference: ForestRow, best: ForestRow, unit: str) -> str:
    """Return ``184 ± 2 J to 98.4 ± 1.1 J``."""
    texts = [
        f"{row.value}{' ± ' if row.plus_minus else ''}{row.plus_minus} {unit}"
        for row in (reference, best)
    ]
    return f"{texts[0]} of {reference.label} to {texts[1]}"


def _others(table: Forest, rows: Sequence[ForestRow]) -> str:
    if len(rows) < 2:
        return (
            "others: not comparable" if len(table.rows) > 1 else "one variant: nothing to compare"
        )
    last = rows[-1]
    if len(rows) == 2:
        interval = f" ({last.change.interval})" if last.change.interval else ""
        return f"{last.label}: {last.change.change}{interval}"
    return f"others {rows[1].change.change} to {last.change.change}"


def no_energy(summary: CampaignSummary) -> str:
    """Return why there is no energy."""
    reason = next((t.energy_missing for t in summary.trials if t.energy_missing), None)
    if reason:
        return plain(reason, 200)
    names = [plain(meter["name"], 40) for meter in summary.meters if meter.get("name")]
    return f"no good run has joules of {', '.join(names)}" if names else "no meter was used"
