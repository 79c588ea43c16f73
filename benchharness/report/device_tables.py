"""Two tables of the devices: the joules of each by what it did, and what each one is and did.

Values are means over a variant's good runs; a kind of phases has the sum of its phases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchharness.model import CampaignSummary
from benchharness.report.device_columns import (
    Spec,
    device_notes,
    device_specs,
    name_spec,
    number_cell,
    pm,
)
from benchharness.report.device_rows import DeviceRow, device_rows
from benchharness.report.metrics import CLASS_NOTES, class_suffix
from benchharness.report.participants_shown import watt_hour_unit
from benchharness.report.phase_kinds import OTHER, PhaseKinds
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, Unit, column_unit, scaled_pm
from benchharness.testbed.records import Testbed
from benchharness.units import JOULES_PER_WATT_HOUR

_TRACE = 0.002  # of a total
_NOTHING = frozenset({"", DASH})


def device_tables(
    summary: CampaignSummary, kinds: PhaseKinds, testbed: Testbed | None = None
) -> list[Table]:
    """Return the table of joules and the table of devices, as far as there is anything in them.

    ``testbed`` states what the devices draw; without it these columns are left out.
    """
    found = device_rows(summary, testbed)
    only = [(label, [row for row in rows if not row.beside]) for label, rows in found]
    every = [row for _, rows in only for row in rows]
    if not every:
        return []
    whole = [row for _, rows in found for row in rows]
    specs = (
        (
            "energy of each device by what it did",
            only,
            _energy_specs(every, kinds, summary),
            _energy_notes(every),
        ),
        (
            "what each device is, and what it did",
            found,
            device_specs(every, whole, kinds),
            device_notes(whole),
        ),
    )
    left = len([v for v in summary.variants if v.ok]) - len(found)
    more = [f"the best {len(found)} variants; {left} more are in the CSV files"] if left > 0 else []
    tables = [
        _table(caption, shown, columns, [*notes, *more]) for caption, shown, columns, notes in specs
    ]
    return [table for table in tables if table is not None]


def _table(
    caption: str,
    found: Sequence[tuple[str, list[DeviceRow]]],
    specs: Sequence[Spec],
    notes: Iterable[str],
) -> Table | None:
    rows: list[tuple[Cell, ...]] = []
    sections = []
    for label, each in found:
        if len(found) > 1:
            sections.append((len(rows), label))
        rows += [tuple(make(row) for _, make in specs) for row in each]
    kept = [n for n in range(len(specs)) if any(row[n].text not in _NOTHING for row in rows)]
    if len(kept) < 2:
        return None
    return Table(
        caption,
        tuple(specs[n][0] for n in kept),
        tuple(tuple(row[n] for n in kept) for row in rows),
        tuple(notes),
        sections=tuple(sections),
    )


def _energy_specs(
    every: Sequence[DeviceRow], kinds: PhaseKinds, summary: CampaignSummary
) -> list[Spec]:
    joules = column_unit([row.means.whole_j.mean for row in every], "J")
    totals = [j for row in every if (j := row.means.whole_j.mean) is not None]
    hours = watt_hour_unit(totals) if totals else Unit("Wh", 1.0)
    sample = column_unit([row.means.per_sample_j.mean for row in every], "J")
    suffix = class_suffix(summary)
    return [
        name_spec(),
        *(_kind(kind, kinds, joules) for kind in kinds.roles if _counts(kind, kinds, every)),
        (
            Column("energy", "energy", joules.symbol + suffix, importance=95),
            lambda row: Cell(pm(row.means.whole_j, joules)),
        ),
        (
            Column("watt_hours", "energy", hours.symbol + suffix, importance=60),
            lambda row: number_cell(
                row.means.whole_j.mean, Unit("", JOULES_PER_WATT_HOUR * hours.factor)
            ),
        ),
        (
            Column("sample_train", "training", f"{sample.symbol} a sample{suffix}", importance=70),
            lambda row: number_cell(row.training_j(), sample),
        ),
        (
            Column("sample", "gross, in all", f"{sample.symbol} a sample{suffix}", importance=72),
            lambda row: Cell(pm(row.means.per_sample_j, sample)),
        ),
    ]


def _counts(kind: str, kinds: PhaseKinds, every: Sequence[DeviceRow]) -> bool:
    """Say whether a kind has a column: time of no phase only if it has more than a trace."""
    if kind != OTHER:
        return True
    return any(
        (m.mean or 0.0) > _TRACE * (row.means.whole_j.mean or 0.0)
        for row in every
        for phase, m in row.means.energy_j.items()
        if kinds.of(phase) == kind
    )


def _kind(kind: str, kinds: PhaseKinds, joules: Unit) -> Spec:
    """Return the joules of a kind: its phases' together, their ± in a row as the gain's are."""

    def make(row: DeviceRow) -> Cell:
        each = [m for phase, m in row.means.energy_j.items() if kinds.of(phase) == kind]
        known = [m.mean for m in each if m.mean is not None]
        if not known or len(known) < len(each):
            return Cell(DASH, "muted")
        halves = [m.half for m in each if m.half is not None]
        half = sum(halves) if len(halves) == len(each) else None
        return Cell(scaled_pm(sum(known), half, joules))

    return Column(f"kind_{kind}", kind, joules.symbol, importance=85), make


def _energy_notes(every: Sequence[DeviceRow]) -> list[str]:
    notes = ["±: 95 % over the runs of a variant; of one run its U"]
    records = [p for row in every for p in row.records()]
    classes = dict.fromkeys(p.energy.measurement_class for p in records if p.energy is not None)
    notes += [f"joules are {CLASS_NOTES[each]}" for each in classes]
    notes.append("all joules are gross: the idle power is in each of them, also in waiting")
    if any(row.means.per_sample_j.mean is not None for row in every):
        notes.append(
            "gross, in all: everything the device used in the window, waiting too, by samples"
        )
    return notes
