"""Two tables of the devices: the joules of each by what it did, and what each one is and did.

Values are means over a variant's good runs; a kind of phases has the sum of its phases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchharness.model import CampaignSummary
from benchharness.report.device_rows import DeviceRow, device_rows
from benchharness.report.metrics import CLASS_NOTES, class_suffix
from benchharness.report.participant_means import Means
from benchharness.report.participants_shown import time_unit, watt_hour_unit
from benchharness.report.phase_kinds import OTHER, PhaseKinds
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, Unit, column_unit, number, plain, scaled_pm
from benchharness.testbed.records import Testbed
from benchharness.units import JOULES_PER_WATT_HOUR

_TRACE = 0.002  # of a total
_NOTHING = frozenset({"", DASH})


_Make = Callable[[DeviceRow], Cell]
_Spec = tuple[Column, _Make]


def device_tables(
    summary: CampaignSummary, kinds: PhaseKinds, testbed: Testbed | None = None
) -> list[Table]:
    """Return the table of joules and the table of devices, as far as there is anything in them.

    ``testbed`` states what the devices draw; without it these columns are left out.
    """
    found = device_rows(summary, testbed)
    every = [row for _, rows in found for row in rows]
    if not every:
        return []
    specs = (
        (
            "energy of each device by what it did",
            _energy_specs(every, kinds, summary),
            _energy_notes(every),
        ),
        ("what each device is, and what it did", _device_specs(every), _device_notes(every)),
    )
    left = len([v for v in summary.variants if v.ok]) - len(found)
    more = [f"the best {len(found)} variants; {left} more are in the CSV files"] if left > 0 else []
    tables = [_table(caption, found, columns, [*notes, *more]) for caption, columns, notes in specs]
    return [table for table in tables if table is not None]


def _table(
    caption: str,
    found: Sequence[tuple[str, list[DeviceRow]]],
    specs: Sequence[_Spec],
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
) -> list[_Spec]:
    joules = column_unit([row.means.whole_j.mean for row in every], "J")
    totals = [j for row in every if (j := row.means.whole_j.mean) is not None]
    hours = watt_hour_unit(totals) if totals else Unit("Wh", 1.0)
    sample = column_unit([row.means.per_sample_j.mean for row in every], "J")
    suffix = class_suffix(summary)
    return [
        _name(),
        *(_kind(kind, kinds, joules) for kind in kinds.roles if _counts(kind, kinds, every)),
        (
            Column("energy", "energy", joules.symbol + suffix, importance=95),
            lambda row: Cell(_pm(row.means.whole_j, joules)),
        ),
        (
            Column("watt_hours", "energy", hours.symbol, importance=60),
            lambda row: _number(
                row.means.whole_j.mean, Unit("", JOULES_PER_WATT_HOUR * hours.factor)
            ),
        ),
        (
            Column("sample_train", "training", f"{sample.symbol} a sample", importance=70),
            lambda row: _number(row.training_j(), sample),
        ),
        (
            Column("sample", "all", f"{sample.symbol} a sample", importance=72),
            lambda row: Cell(_pm(row.means.per_sample_j, sample)),
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


def _kind(kind: str, kinds: PhaseKinds, joules: Unit) -> _Spec:
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


def _device_specs(every: Sequence[DeviceRow]) -> list[_Spec]:
    seconds = time_unit(max((row.means.busy_s.mean or 0.0 for row in every), default=0.0))
    memory = column_unit([row.means.memory_peak_bytes for row in every], "B")
    sent = column_unit([row.total("bytes_down") for row in every], "B")
    return [
        _name(),
        (
            Column("title", "kind", left=True, importance=88),
            lambda row: Cell(plain(row.means.first.device_title or "", 40)),
        ),
        (
            Column("program", "program", left=True, importance=50),
            lambda row: Cell(plain(row.means.name, 30) if row.means.first.device else ""),
        ),
        (
            Column("cores", "CPU", "cores here", importance=40),
            lambda row: Cell(number(row.means.first.cores, 2)),
        ),
        (
            Column("idle_w", "idle", "W", importance=45),
            lambda row: Cell(DASH if row.device is None else f"{row.device.idle_w:g}"),
        ),
        (
            Column("busy_w", "busy", "W", importance=45),
            lambda row: Cell(DASH if row.device is None else f"{row.device.busy_w:g}"),
        ),
        (
            Column("busy_s", "busy", seconds.symbol, importance=85),
            lambda row: Cell(_pm(row.means.busy_s, seconds)),
        ),
        (
            Column("waiting_s", "waiting", seconds.symbol, importance=84),
            lambda row: Cell(_pm(row.means.waiting_s, seconds)),
        ),
        (
            Column("memory", "peak RAM", memory.symbol, importance=50),
            lambda row: _number(row.means.memory_peak_bytes, memory),
        ),
        (
            Column("bytes_down", "down", sent.symbol, importance=48),
            lambda row: _number(row.total("bytes_down"), sent),
        ),
        (
            Column("bytes_up", "up", sent.symbol, importance=47),
            lambda row: _number(row.total("bytes_up"), sent),
        ),
        (
            Column("left_out", "left out of", "rounds", importance=75),
            lambda row: _count(row.means.left_out),
        ),
        (
            Column("restarts", "restarts", importance=74),
            lambda row: _count(sum(p.restarts for p in row.records())),
        ),
        (Column("left", "left", left=True, importance=73), _left),
    ]


def _name() -> _Spec:
    return (
        Column("device", "device", left=True, importance=100),
        lambda row: Cell(plain(row.means.first.device or row.means.name, 40)),
    )


def _left(row: DeviceRow) -> Cell:
    reasons = dict.fromkeys(plain(p.left, 80) for p in row.records() if p.left)
    return Cell("; ".join(reasons), "caution") if reasons else Cell("")


def _count(count: int) -> Cell:
    return Cell(str(count), "caution") if count else Cell("")


def _pm(means: Means, unit: Unit) -> str:
    return scaled_pm(means.mean, means.half, unit)


def _number(value: float | None, unit: Unit) -> Cell:
    return Cell(DASH, "muted") if value is None else Cell(number(value / unit.factor, 3))


def _energy_notes(every: Sequence[DeviceRow]) -> list[str]:
    notes = ["±: 95 % over the runs of a variant; of one run its U"]
    records = [p for row in every for p in row.records()]
    classes = dict.fromkeys(p.energy.measurement_class for p in records if p.energy is not None)
    notes += [f"joules are {CLASS_NOTES[each]}" for each in classes]
    return notes


def _device_notes(every: Sequence[DeviceRow]) -> list[str]:
    notes = []
    if any(row.means.first.cores is not None for row in every):
        notes.append("cores here: the share of this machine's CPU that the device has")
    stated = {row.device.name: row.device for row in every if row.device is not None}
    if stated:
        sources: dict[str, list[str]] = {}
        for device in stated.values():
            sources.setdefault(device.source, []).append(device.name)
        notes.append("idle and busy W: as the testbed states them")
        notes += [
            f"{plain(', '.join(names), 120)}: {plain(source, 400)}".rstrip(". ")
            for source, names in sources.items()
            if source
        ]
    notes.append("busy: in phases that are not waiting")
    if any(row.total(name) is not None for row in every for name in ("bytes_down", "bytes_up")):
        notes.append("down and up: bytes of a run, as the workload counted them")
    if any(p.restarts or p.left_out_steps for row in every for p in row.records()):
        notes.append("rounds without it and restarts: in all good runs together")
    return notes
