"""The edge table: what a board has to bear, beside the ranking. Nothing in it is ranked.

The columns are those of the D1.4 tables and what they lacked: the mode, the share of the machine,
watts beside milliamperes, net energy with its uncertainty, and how long loading and compiling take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchharness.meters.common import SUPPLY_VOLTAGE_KEY
from benchharness.model import CampaignSummary
from benchharness.report.derive_tree import MEMORY_IN_WINDOW
from benchharness.report.edge_names import EMPTY, name_columns
from benchharness.report.edge_rows import EdgeRow, edge_rows, sides
from benchharness.report.edge_said import said_table
from benchharness.report.groups import sections, workloads
from benchharness.report.metrics import class_suffix
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import KILOBYTE, MEGABYTE, Unit, column_unit, number, scaled_pm

_MILLI = Unit("mA", 1e-3)
_ONE = Unit("", 1.0)
CAPTION = "on the edge device"
_STARTING = ("load", "load_nn", "compile", "deserialize", "instantiate")  # phases before the window


@dataclass(frozen=True, slots=True)
class _Kind:
    """A column of figures: its head, how it is written, and the part of the table it is in."""

    key: str
    title: str
    unit: Unit
    importance: int
    symbol: str = ""  # where it is not the unit's
    digits: int = 0  # 0: with its ±, else the mean alone
    of_run: bool = True


def edge_table(summary: CampaignSummary) -> Table | None:
    """Return the whole table; None for a campaign without variants."""
    return _table(summary, lambda _: True, CAPTION)


def edge_tables(summary: CampaignSummary) -> list[Table]:
    """Return the table in parts that are narrow enough to be read: the run, sizes and start.

    What the program says of itself comes last: a table a workload, each with its own columns.
    """
    parts = [
        _table(summary, lambda kind: kind.of_run, f"{CAPTION}: the run"),
        _table(summary, lambda kind: not kind.of_run, f"{CAPTION}: sizes and start"),
    ]
    parts += [said_table(section) for section in sections(summary)]
    return [part for part in parts if part is not None]


def _table(summary: CampaignSummary, wanted: Callable[[_Kind], bool], caption: str) -> Table | None:
    rows = edge_rows(summary)
    kinds = [
        kind
        for kind in _kinds(summary, rows)
        if wanted(kind) and any(row.get(kind.key) for row in rows)
    ]
    if not rows or not kinds:
        return None
    names = name_columns(summary, rows)
    return Table(
        caption,
        (
            *(column for column, _ in names),
            *(
                Column(k.key, k.title, k.symbol or k.unit.symbol, importance=k.importance)
                for k in kinds
            ),
        ),
        tuple(
            (*(make(row) for _, make in names), *(_cell(row, kind) for kind in kinds))
            for row in rows
        ),
        tuple(_notes(summary, rows, {kind.key for kind in kinds})),
        sections=_sections(rows),
    )


def _kinds(summary: CampaignSummary, rows: Sequence[EdgeRow]) -> list[_Kind]:
    def unit(base: str, *keys: str) -> Unit:
        found = [figure for row in rows for key in keys if (figure := row.get(key))]
        return column_unit((max(abs(f.mean), f.half or 0.0) for f in found), base)

    phases = unit("s", "start_s", *(f"{name}_s" for name in _STARTING))
    joules, watts = unit("J", "energy_net_j"), unit("W", "power_w")
    start_j = unit("J", "start_gross_j")
    suffix = class_suffix(summary)
    return [
        _Kind("duration_s", "time", unit("s", "duration_s"), 95),
        _Kind("cpu_percent", "CPU", _ONE, 80, "% core", digits=3),
        _Kind("cpu_machine_percent", "CPU", _ONE, 60, "% all", digits=3),
        *_memory(rows, unit("B", "memory_window_bytes", "memory_peak_bytes")),
        _Kind("power_w", "power", watts, 85, watts.symbol + suffix),
        _Kind("current_a", "current", _MILLI, 83, f"mA, {'/'.join(sides(summary))}"),
        _Kind("energy_net_j", "net energy", joules, 90, joules.symbol + suffix),
        _Kind("host_bytes", "host", MEGABYTE, 90, digits=3, of_run=False),
        _Kind("module_bytes", "module", KILOBYTE, 85, digits=3, of_run=False),
        _Kind("aot_bytes", "AOT", KILOBYTE, 80, digits=3, of_run=False),
        _Kind("start_s", "start", phases, 79, of_run=False),
        _Kind("start_gross_j", "start", start_j, 78, start_j.symbol + suffix, of_run=False),
        _Kind("load_s", "load", phases, 65, of_run=False),
        _Kind("load_nn_s", "load nn", phases, 62, of_run=False),
        _Kind("compile_s", "compile", phases, 75, of_run=False),
        _Kind("build_s", "AOT build", unit("s", "build_s"), 40, of_run=False),
        _Kind("deserialize_s", "deserialize", phases, 70, of_run=False),
        _Kind("instantiate_s", "instantiate", phases, 60, of_run=False),
    ]


def _memory(rows: Sequence[EdgeRow], octets: Unit) -> list[_Kind]:
    """Return the columns of memory: in the window where samples fell into one, and the peak."""
    if not any(row.get("memory_window_bytes") for row in rows):
        return [
            _Kind("memory_percent", "RAM", _ONE, 84, "%", digits=2),
            _Kind("memory_peak_bytes", "RAM", octets, 65, digits=4),
        ]
    return [
        _Kind("memory_window_percent", "RAM", _ONE, 84, "%", digits=2),
        _Kind("memory_window_bytes", "RAM", octets, 62, digits=4),
        _Kind("memory_peak_bytes", "peak", octets, 75, digits=4),
    ]


def _cell(row: EdgeRow, kind: _Kind) -> Cell:
    figure = row.get(kind.key)
    if figure is None:
        return EMPTY
    if kind.digits:
        return Cell(number(figure.mean / kind.unit.factor, kind.digits))
    return Cell(scaled_pm(figure.mean, figure.half, kind.unit))


def _sections(rows: Sequence[EdgeRow]) -> tuple[tuple[int, str], ...]:
    names = [row.variant.workload for row in rows]
    if len(workloads([row.variant for row in rows])) < 2:
        return ()
    return tuple(
        (place, name) for place, name in enumerate(names) if place == 0 or names[place - 1] != name
    )


def _notes(summary: CampaignSummary, rows: Sequence[EdgeRow], shown: set[str]) -> list[str]:
    notes = []
    if any(figure.half for row in rows for key, figure in row.figures.items() if key in shown):
        notes.append(
            "±: 95 % interval of the mean between runs, of joules and watts with the meter"
        )
    if "cpu_percent" in shown:
        notes.append("CPU: over the window, of one core and of all cores of the machine")
        if any(row.get("duration_s") and not row.get("cpu_percent") for row in rows):
            notes.append(
                "CPU –: a window too short for two samples of CPU time; a larger input has them"
            )
    if "memory_window_bytes" in shown:
        how = _methods(summary, MEMORY_IN_WINDOW)
        notes.append(f"RAM: the most at a sample in the window{how}; % of the machine's")
    if "memory_peak_bytes" in shown:
        title = "peak" if "memory_window_bytes" in shown else "RAM"
        how = _methods(summary, "memory")
        notes.append(f"{title}: the most memory of the run's processes, start-up included{how}")
    if "power_w" in shown:
        notes.append("power: gross energy of the window by its time")
    if "duration_s" in shown:
        notes += _about_current(summary)
    if "host_bytes" in shown:
        notes.append(
            "host: the files that loading the runtime maps into memory, its library and what that "
            "brings; not the Python that starts it (MB: a million bytes, kB: a thousand)"
        )
    if "start_s" in shown:
        notes.append(
            "start: from the start of the program to its window, the phases and Python's own start "
            "in it; its joules are gross, idle power included"
        )
    outside = [name.replace("_", " ") for name in _STARTING if f"{name}_s" in shown]
    if outside:
        notes.append(f"{', '.join(outside)}: before the window, in neither its time nor its energy")
    return notes


def _methods(summary: CampaignSummary, key: str) -> str:
    """Return how a figure was obtained, in parentheses; "" where nobody says."""
    found = dict.fromkeys(t.methods[key] for t in summary.trials if key in t.methods)
    return f" ({' or '.join(found)})" if found else ""


def _about_current(summary: CampaignSummary) -> list[str]:
    """Return of which side of the supply the current is, or why there is none."""
    found = sides(summary)
    if not found:
        return [
            "no current: no meter told one; plugs that tell it (Tasmota, Shelly, zigbee2mqtt) or a "
            f"single INA3221 rail do, or {SUPPLY_VOLTAGE_KEY} in the instrument's file"
        ]
    notes = []
    if any(side.startswith("mains") for side in found):
        notes.append(
            "current on the mains side: RMS and apparent; mA × 230 V is not the power, which is in "
            "the column of watts"
        )
    if any(not side.startswith("mains") for side in found):
        notes.append("current on the board's side of the supply")
    if any(side.endswith("computed") for side in found):
        notes.append("computed: power by the stated voltage of the supply; no current was read")
    if len(found) > 1:
        notes.append("current: left out where the runs of a variant differ in the side")
    return notes
