"""Facts as rows of label and text: instruments, environment, overhead, the runs themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from benchharness.model import CampaignSummary, Status, TrialSummary
from benchharness.report.energy_flags import coverage_text, marked
from benchharness.report.text import DASH, column_unit, number, plain, scaled_pm
from benchharness.units import format_bytes, format_si

_STATUS_GLYPHS = {
    Status.OK: "✓",
    Status.FAILED: "✗",
    Status.TIMEOUT: "✗",
    Status.INVALID: "⊘",
    Status.PLANNED: "…",
    Status.RUNNING: "…",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and a text."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One run as texts, in the units of the table's header."""

    run: int
    label: str
    status: str
    good: bool
    time: str
    net: str
    gross: str
    coverage: str
    marked: bool
    cpu: str
    memory: str
    remarks: str


@dataclass(frozen=True, slots=True)
class TrialTable:
    """Every run, as many as fit, with the units of its columns."""

    rows: tuple[TrialRow, ...]
    left_out: int
    time_unit: str
    energy_unit: str
    memory_unit: str
    has_cpu: bool
    has_remarks: bool


def trial_table(summary: CampaignSummary, most: int) -> TrialTable:
    """Return every run in run order; beyond ``most``, good runs are left out before others."""
    trials = sorted(summary.trials, key=lambda t: t.index)
    if len(trials) > most:
        chosen = sorted(trials, key=lambda t: t.status is Status.OK)[:most]
        trials = sorted(chosen, key=lambda t: t.index)
    seconds = column_unit([t.duration_s for t in trials], "s")
    joules = column_unit([t.energy.gross_j.value for t in trials if t.energy], "J")
    octets = column_unit([t.memory_peak_bytes for t in trials], "B")
    labels = {v.index: plain(v.label, 80) for v in summary.variants}
    rows = []
    for trial in trials:
        net = trial.energy.net_j if trial.energy else None
        gross = trial.energy.gross_j if trial.energy else None
        rows.append(
            TrialRow(
                run=trial.index + 1,
                label=labels.get(trial.variant, DASH),
                status=f"{_STATUS_GLYPHS[trial.status]} {trial.status.value}",
                good=trial.status is Status.OK,
                time=_four(trial.duration_s, seconds.factor),
                net=scaled_pm(net.value, net.expanded_u, joules) if net else DASH,
                gross=scaled_pm(gross.value, gross.expanded_u, joules) if gross else DASH,
                coverage=coverage_text([trial.energy] if trial.energy else []),
                marked=trial.energy is not None and marked(trial),
                cpu=number(trial.cpu_percent, 3),
                memory=_four(trial.memory_peak_bytes, octets.factor),
                remarks=_remarks(trial),
            )
        )
    return TrialTable(
        rows=tuple(rows),
        left_out=len(summary.trials) - len(rows),
        time_unit=seconds.symbol,
        energy_unit=joules.symbol,
        memory_unit=octets.symbol,
        has_cpu=any(t.cpu_percent is not None for t in trials),
        has_remarks=any(row.remarks for row in rows),
    )


def _four(value: float | None, factor: float) -> str:
    return number(None if value is None else value / factor, 4)


def _remarks(trial: TrialSummary) -> str:
    parts = [trial.reason, None if trial.energy else trial.energy_missing]
    parts += [c.message for c in trial.cautions]
    return plain("; ".join(dict.fromkeys(p for p in parts if p)), 240)


_LABELS = {
    "cpu_share": "CPU, share of one core",
    "gain_bound": "gain, bound ±",
    "where": "declared in",
    "class": "class",
}


def facts(values: Mapping[str, Any], most: int = 80) -> list[Fact]:
    """Flatten nested values into rows; a key's unit suffix becomes the unit of its text."""
    rows = []
    for path, value in _leaves(values, ()):
        if value is None or value == "" or _is_records(value):
            continue
        rows.append(Fact(_label(path), fact_text(path[-1], value)))
    if len(rows) > most:
        rows = [*rows[:most], Fact("…", f"{len(rows) - most} more in the JSON document")]
    return rows


def _is_records(value: Any) -> bool:
    """Say whether a value is a list of tables: those are in the JSON document."""
    return isinstance(value, list | tuple) and any(isinstance(v, Mapping) for v in value)


def _leaves(
    values: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in values.items():
        here = (*path, str(key))
        if isinstance(value, Mapping) and len(path) < 4:
            yield from _leaves(value, here)
        else:
            yield here, value


_SUFFIXES = ("_j", "_w", "_s", "_hz", "_bytes", "_kib", "_share", "_percent", "_bound", "_c")


def _label(path: tuple[str, ...]) -> str:
    if path[-1] in _LABELS:
        return plain(", ".join((*path[:-1], _LABELS[path[-1]])), 80)
    last = next((path[-1].removesuffix(s) for s in _SUFFIXES if path[-1].endswith(s)), path[-1])
    return plain(", ".join((*path[:-1], last)).replace("_", " "), 80)


def fact_text(key: str, value: Any) -> str:
    """Format one value by the unit in its key; lists as a comma-separated line."""
    if key == "where" and isinstance(value, str) and value.startswith("/"):
        return plain(PurePosixPath(value).name, 100)  # where a user keeps files is not the reader's
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number_text(key, float(value))
    if isinstance(value, list | tuple):
        return plain(", ".join(plain(v, 100) for v in value), 300)
    return plain(value, 300)


def _number_text(key: str, value: float) -> str:
    for suffix, unit in (("_j", "J"), ("_w", "W"), ("_s", "s"), ("_hz", "Hz")):
        if key.endswith(suffix):
            return format_si(value, unit)
    if key.endswith("_bytes"):
        return format_bytes(value)
    if key.endswith("_c"):
        return f"{value:.1f} °C"
    if "share" in key or key.endswith(("_bound", "coverage", "_rel")):
        return f"{number(100 * value, 2)} %"
    if key.endswith("_percent"):
        return f"{number(value, 3)} %"
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"
