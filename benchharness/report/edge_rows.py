"""What a run costs an edge device, a row a variant: the figures of the edge table, in SI units.

Means over the good runs that have the figure, and half of the 95 % interval where there are
several; for joules and watts the meter's share is in it, as everywhere. Missing is None.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchharness.model import (
    CampaignSummary,
    Status,
    SupplyCurrent,
    TrialSummary,
    VariantSummary,
)
from benchharness.report.edge_figure import EdgeFigure, mean_of, start_figures
from benchharness.report.edge_program import said_names, said_of
from benchharness.report.groups import (
    MODE,
    RUNTIME,
    kind_of,
    kind_place,
    level_of,
    workloads,
)
from benchharness.report.metrics import half_interval, metric_of

HOST = "host_bytes"
SIZES = (HOST, "module_bytes", "aot_bytes")
_MOST_LOW_VOLTAGE = 60.0  # the bound of extra-low voltage: what boards are fed with is below it
PHASES = ("load", "load_nn", "compile", "build", "deserialize", "instantiate")
KEYS = (
    *("duration_s", "cpu_percent", "cpu_machine_percent", "memory_peak_bytes", "memory_percent"),
    *("memory_window_bytes", "memory_window_percent", "power_w", "current_a", "energy_net_j"),
    *(*SIZES, "start_s", "start_gross_j", "start_net_j", *(f"{name}_s" for name in PHASES)),
)


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """One variant: what it is, and its figures by name (SI units, per cent)."""

    variant: VariantSummary
    runtime: str | None
    mode: str | None
    others: Mapping[str, str | None]  # the levels of the other factors that were varied
    figures: Mapping[str, EdgeFigure]
    said: Mapping[str, EdgeFigure]  # what the program says, by the name of its metric

    def get(self, key: str) -> EdgeFigure | None:
        """Return a figure, None where no good run has it."""
        return self.figures.get(key)


def has_host(summary: CampaignSummary) -> bool:
    """Say whether a run told the size of its host: then the table belongs to the report."""
    return any(HOST in trial.metrics for trial in summary.trials)


def edge_rows(summary: CampaignSummary) -> list[EdgeRow]:
    """Return a row a variant: by workload, then by mode and runtime, so that like is by like."""
    others = other_factors(summary)
    places = {name: place for place, name in enumerate(workloads(summary.variants))}

    def order(row: EdgeRow) -> tuple[int, tuple[int, str], str, str, int]:
        place = places[row.variant.workload]
        kind = kind_place(kind_of(row.mode))
        return (place, kind, row.mode or "", row.runtime or "", row.variant.index)

    return sorted((_row(summary, v, others) for v in summary.variants), key=order)


def edge_document(summary: CampaignSummary) -> list[dict[str, Any]]:
    """Return the rows for the JSON document; empty where no run told the size of its host."""
    return [
        {
            "variant": row.variant.index,
            "workload": row.variant.workload,
            "runtime": row.runtime,
            "mode": row.mode,
            "factors": dict(row.others),
            **{
                key: {"n": figure.n, "mean": figure.mean, "half": figure.half} if figure else None
                for key in KEYS
                for figure in [row.get(key)]
            },
            "metrics": {
                name: {"n": figure.n, "mean": figure.mean, "half": figure.half}
                for name, figure in row.said.items()
            },
        }
        for row in (edge_rows(summary) if has_host(summary) else [])
    ]


def edge_csv(summary: CampaignSummary) -> Iterator[list[object]]:
    """Yield the rows of edge.csv: SI units, all digits, an empty cell for what is missing."""
    others, said = other_factors(summary), said_names(summary)
    yield [
        *("variant", "label", "workload", "runtime", "mode"),
        *(f"factor:{name}" for name in others),
        *(f"{key}:{part}" for key in KEYS for part in ("n", "mean", "half")),
        *(f"metric:{name}:{part}" for name in said for part in ("n", "mean", "half")),
    ]
    for row in edge_rows(summary):
        variant = row.variant
        figures = [*(row.get(key) for key in KEYS), *(row.said.get(name) for name in said)]
        cells = [(f.n, f.mean, f.half) if f else (None,) * 3 for f in figures]
        yield [
            *(variant.index, variant.label, variant.workload, row.runtime, row.mode),
            *row.others.values(),
            *(value for cell in cells for value in cell),
        ]


def other_factors(summary: CampaignSummary) -> list[str]:
    """Return the factors, but runtime and mode, with several levels in one workload."""
    found: dict[str, None] = {}
    for workload in workloads(summary.variants):
        members = [v for v in summary.variants if v.workload == workload]
        for name in dict.fromkeys(name for v in members for name in v.factors):
            levels = {level_of(v, name) for v in members} - {None}
            if name not in (RUNTIME, MODE) and len(levels) > 1:
                found[name] = None
    return list(found)


def _row(summary: CampaignSummary, variant: VariantSummary, others: Sequence[str]) -> EdgeRow:
    good = [t for t in summary.trials_of(variant.index) if t.status is Status.OK]
    return EdgeRow(
        variant,
        level_of(variant, RUNTIME),
        level_of(variant, MODE),
        {name: level_of(variant, name) for name in others},
        {k: f for k, f in _figures(summary, variant, good).items() if f is not None},
        _said(summary, good),
    )


def _said(summary: CampaignSummary, good: Sequence[TrialSummary]) -> dict[str, EdgeFigure]:
    told = [said_of(trial) for trial in good]
    means = {name: mean_of([each.get(name) for each in told]) for name in said_names(summary)}
    return {name: figure for name, figure in means.items() if figure is not None}


def _figures(
    summary: CampaignSummary, variant: VariantSummary, good: Sequence[TrialSummary]
) -> dict[str, EdgeFigure | None]:
    cpu, memory = _metric(variant, "cpu_percent"), _metric(variant, "memory_peak_bytes")
    in_window = _metric(variant, "memory_window_bytes")
    whole_bytes = summary.environment.get("memory_bytes")
    found = {
        "duration_s": _metric(variant, "duration_s"),
        "cpu_percent": cpu,
        "cpu_machine_percent": _share(cpu, summary.environment.get("cores"), 1.0),
        "memory_peak_bytes": memory,
        "memory_percent": _share(memory, whole_bytes, 100.0),
        "memory_window_bytes": in_window,
        "memory_window_percent": _share(in_window, whole_bytes, 100.0),
        "power_w": _power(variant, good),
        "current_a": _current(good),
        "energy_net_j": _metric(variant, "energy_net_j"),
        **start_figures(good),
    }
    for name in SIZES:
        found[name] = mean_of([t.metrics.get(name) for t in good])
    if found["module_bytes"] is None:
        found["module_bytes"] = mean_of([t.module_bytes for t in good])
    for name in PHASES:
        found[f"{name}_s"] = mean_of([t.phases_s.get(name) for t in good])
    return found


def _metric(variant: VariantSummary, key: str) -> EdgeFigure | None:
    metric = metric_of(variant, key)
    if metric is None or metric.mean is None:
        return None
    return EdgeFigure(metric.n, metric.mean, half_interval(variant, key))


def _share(figure: EdgeFigure | None, whole: object, scale: float) -> EdgeFigure | None:
    """Return a figure as a share of the machine's whole; None where that is not known."""
    if figure is None or not isinstance(whole, int | float) or whole <= 0:
        return None
    half = None if figure.half is None else scale * figure.half / whole
    return EdgeFigure(figure.n, scale * figure.mean / whole, half)


def _power(variant: VariantSummary, good: Sequence[TrialSummary]) -> EdgeFigure | None:
    """Return the mean power in the windows: gross energy by time."""
    gross = metric_of(variant, "energy_gross_j")
    pairs = [
        (t.energy.gross_j.value, t.duration_s)
        for t in good
        if t.energy is not None and t.duration_s
    ]
    figure = mean_of([energy_j / duration_s for energy_j, duration_s in pairs])
    if gross is None or figure is None:
        return None
    parts = [figure.half]
    if gross.instrument_u is not None:
        parts.append(gross.instrument_u / statistics.fmean(d for _, d in pairs))
    known = [part for part in parts if part is not None]
    return EdgeFigure(figure.n, figure.mean, math.hypot(*known) if known else None)


def _current(good: Sequence[TrialSummary]) -> EdgeFigure | None:
    """Return the mean current; None where runs tell it of different sides of the supply."""
    told = [trial.supply for trial in good if trial.supply is not None]
    if len({side_of(supply) for supply in told}) > 1:
        return None
    return mean_of([supply.current_a for supply in told])


def side_of(supply: SupplyCurrent) -> str:
    """Return the side of the supply that a current is of: ``mains``, ``5 V``; ``5 V, computed``."""
    if supply.voltage_v is None or supply.voltage_v > _MOST_LOW_VOLTAGE:
        return "mains, computed" if supply.computed else "mains"
    volts = f"{supply.voltage_v:.0f} V"
    return f"{volts}, computed" if supply.computed else volts


def sides(summary: CampaignSummary) -> list[str]:
    """Return the sides that the currents of a campaign are of."""
    told = [trial.supply for trial in summary.trials if trial.supply is not None]
    return list(dict.fromkeys(side_of(supply) for supply in told))
