"""What each device is, and what it did: the columns of that table, with those of programs beside.

A program beside the devices, such as the server, has CPU seconds and memory, and no joules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchharness.report.device_rows import DeviceRow
from benchharness.report.participant_means import Means
from benchharness.report.participants_shown import time_unit
from benchharness.report.phase_kinds import PhaseKinds
from benchharness.report.table import Cell, Column
from benchharness.report.text import DASH, Unit, column_unit, number, plain, scaled_pm

Make = Callable[[DeviceRow], Cell]
Spec = tuple[Column, Make]


def device_specs(
    every: Sequence[DeviceRow], whole: Sequence[DeviceRow], kinds: PhaseKinds
) -> list[Spec]:
    """Return the columns; ``every`` are the devices, ``whole`` also what runs beside them."""
    placed = any(row.means.first.device is not None for row in every)
    beside = ("server, " if kinds.in_rounds else "") + "in no sum of joules" if placed else ""
    cpu = time_unit(max((row.cpu_s() or 0.0 for row in whole), default=0.0))
    seconds = time_unit(max((row.means.busy_s.mean or 0.0 for row in every), default=0.0))
    memory = column_unit([row.means.memory_peak_bytes for row in every], "B")
    sent = column_unit([row.total("bytes_down") for row in every], "B")
    return [
        name_spec(),
        (
            Column("title", "kind", left=True, importance=88),
            lambda row: Cell(
                beside if row.beside else plain(row.means.first.device_title or "", 40)
            ),
        ),
        (
            Column("program", "program", left=True, importance=50),
            lambda row: Cell(plain(row.means.name, 30) if row.means.first.device else ""),
        ),
        (
            Column("cores", "CPU", "cores here", importance=40),
            lambda row: Cell("" if row.beside else number(row.means.first.cores, 2)),
        ),
        (
            Column("idle_w", "idle", "W", importance=45),
            lambda row: _watts(row, None if row.device is None else row.device.idle_w),
        ),
        (
            Column("busy_w", "busy", "W", importance=45),
            lambda row: _watts(row, None if row.device is None else row.device.busy_w),
        ),
        (
            Column("busy_s", "busy", seconds.symbol, importance=85),
            lambda row: Cell("" if row.beside else pm(row.means.busy_s, seconds)),
        ),
        (
            Column("waiting_s", "waiting", seconds.symbol, importance=84),
            lambda row: Cell("" if row.beside else pm(row.means.waiting_s, seconds)),
        ),
        (
            Column("cpu_s", "CPU time", cpu.symbol, importance=58),
            lambda row: number_cell(row.cpu_s(), cpu),
        ),
        (
            Column("memory", "peak RAM", memory.symbol, importance=50),
            lambda row: number_cell(row.means.memory_peak_bytes, memory),
        ),
        (
            Column("bytes_down", "down", sent.symbol, importance=48),
            lambda row: _bytes(row, "bytes_down", sent),
        ),
        (
            Column("bytes_up", "up", sent.symbol, importance=47),
            lambda row: _bytes(row, "bytes_up", sent),
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


def name_spec() -> Spec:
    """Return the first column: the device, or the program where it has none."""
    return (
        Column("device", "device", left=True, importance=100),
        lambda row: Cell(plain(row.means.first.device or row.means.name, 40)),
    )


def _watts(row: DeviceRow, watts: float | None) -> Cell:
    if row.beside:
        return Cell("")
    return Cell(DASH if watts is None else f"{watts:g}")


def _bytes(row: DeviceRow, metric: str, unit: Unit) -> Cell:
    return Cell("") if row.beside else number_cell(row.total(metric), unit)


def _left(row: DeviceRow) -> Cell:
    reasons = dict.fromkeys(plain(p.left, 80) for p in row.records() if p.left)
    return Cell("; ".join(reasons), "caution") if reasons else Cell("")


def _count(count: int) -> Cell:
    return Cell(str(count), "caution") if count else Cell("")


def pm(means: Means, unit: Unit) -> str:
    """Format a mean with its half-width in ``unit``."""
    return scaled_pm(means.mean, means.half, unit)


def number_cell(value: float | None, unit: Unit) -> Cell:
    """Return a value in ``unit``, a dash for None."""
    return Cell(DASH, "muted") if value is None else Cell(number(value / unit.factor, 3))


def device_notes(every: Sequence[DeviceRow]) -> list[str]:
    """Say what the columns mean, and whose the stated watts are."""
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
    if any(row.cpu_s() is not None for row in every):
        notes.append("CPU time: of all processes of a program, in the window")
    if any(row.total(name) is not None for row in every for name in ("bytes_down", "bytes_up")):
        notes.append("down and up: bytes of a run, as the workload counted them")
    if any(p.restarts or p.left_out_steps for row in every for p in row.records()):
        notes.append("rounds without it and restarts: in all good runs together")
    return notes
