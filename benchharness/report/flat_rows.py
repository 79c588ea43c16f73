"""Trials and variants as flat rows: a header and a row each, for CSV and Parquet alike.

Values are in SI units with all their digits; None is a missing value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchharness.model import (
    CampaignSummary,
    EnergyFigure,
    Factors,
    StartCost,
    VariantSummary,
)
from benchharness.report.energy_flags import marked
from benchharness.report.groups import groups

_STATISTICS = ("n", "mean", "sd", "low", "high", "ratio", "ratio_low", "ratio_high")
_TRIAL_COLUMNS = (
    *("trial_id", "index", "variant", "label", "repetition", "workload", "status", "reason"),
    *("duration_s", "cpu_s", "cpu_window_s", "cpu_percent", "memory_peak_bytes"),
    *("memory_window_bytes", "module_bytes", "start_s", "start_gross_j", "start_net_j"),
    *("window_start_ns", "window_end_ns", "energy_gross_j", "energy_gross_expanded_u_j"),
    *("energy_net_j", "energy_net_expanded_u_j", "energy_k", "energy_class", "energy_method"),
    *("energy_meter", "energy_target", "energy_coverage", "idle_power_w", "energy_missing"),
    *("energy_marked", "outputs", "metrics", "cautions"),
)


def trial_rows(summary: CampaignSummary) -> Iterator[list[object]]:
    """Yield the header, then a row for each trial in run order."""
    trials = sorted(summary.trials, key=lambda t: t.index)
    factors = _keys(t.factors for t in trials)
    phases = _keys(t.phases_s for t in trials)
    variants = {v.index: v for v in summary.variants}
    yield [*_TRIAL_COLUMNS, *(f"factor:{f}" for f in factors), *(f"phase:{p}_s" for p in phases)]
    for trial in trials:
        variant = variants.get(trial.variant)
        yield [
            trial.trial_id,
            trial.index,
            trial.variant,
            readable("" if variant is None else variant.label),
            trial.repetition,
            trial.workload,
            trial.status.value,
            readable(trial.reason),
            trial.duration_s,
            trial.cpu_s,
            trial.cpu_window_s,
            trial.cpu_percent,
            trial.memory_peak_bytes,
            trial.memory_window_bytes,
            trial.module_bytes,
            *_start_cells(trial.start),
            trial.window_start_ns,
            trial.window_end_ns,
            *_energy_cells(trial.energy),
            readable(trial.energy_missing),
            None if trial.energy is None else int(marked(trial)),
            _json(trial.outputs),
            _json(trial.metrics),
            "; ".join(c.code for c in trial.cautions),
            *(_factor(f, trial.factors, variant) for f in factors),
            *(trial.phases_s.get(p) for p in phases),
        ]


def _start_cells(start: StartCost | None) -> list[object]:
    figure = start.energy if start is not None else None
    return [
        start.duration_s if start is not None else None,
        figure.gross_j.value if figure is not None else None,
        figure.net_j.value if figure is not None and figure.net_j is not None else None,
    ]


def _energy_cells(figure: EnergyFigure | None) -> list[object]:
    if figure is None:
        return [None] * 11
    net = figure.net_j
    return [
        figure.gross_j.value,
        figure.gross_j.expanded_u,
        net.value if net else None,
        net.expanded_u if net else None,
        (net or figure.gross_j).k,
        figure.measurement_class.value,
        figure.method,
        figure.meter,
        figure.target,
        figure.coverage,
        figure.idle_power_w.value if figure.idle_power_w else None,
    ]


def variant_rows(summary: CampaignSummary) -> Iterator[list[object]]:
    """Yield the header, then a row for each variant with every statistic of its metrics."""
    factors = _keys(v.factors for v in summary.variants)
    metrics = _keys(v.metrics for v in summary.variants)
    fixed = ["index", "label", "workload", "trials", "ok", "energy_class"]
    fixed += ["energy_instrument_u_rel", "module_bytes", "kind"]
    kinds = {v.index: group.kind for group in groups(summary.variants) for v in group.members}
    yield [
        *fixed,
        *(f"factor:{f}" for f in factors),
        *(f"{m}:{s}" for m in metrics for s in (*_STATISTICS, "verdict")),
    ]
    for variant in summary.variants:
        yield [
            variant.index,
            readable(variant.label),
            variant.workload,
            variant.trials,
            variant.ok,
            variant.energy_class.value if variant.energy_class else None,
            variant.energy_instrument_u_rel,
            variant.module_bytes,
            kinds[variant.index] or None,
            *(_factor(f, variant.factors, variant) for f in factors),
            *_metric_cells(variant, metrics),
        ]


def _factor(name: str, factors: Factors, variant: VariantSummary | None) -> object:
    """Return a level; an empty cell for a factor that does not apply (no mode of native code)."""
    known = variant is None or variant.applies is None or name in variant.applies
    return readable(factors.get(name)) if known else None


def _metric_cells(variant: VariantSummary, metrics: Sequence[str]) -> Iterator[object]:
    for name in metrics:
        metric = variant.metrics.get(name)
        yield from (None if metric is None else _finite(getattr(metric, s)) for s in _STATISTICS)
        standing = None if metric is None else metric.standing
        yield None if standing is None else standing.word.value


def _finite(value: float | None) -> float | None:
    """Return nothing for an interval's end that is infinite, as JSON does."""
    return value if value is None or math.isfinite(value) else None


def _keys(mappings: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for m in mappings for key in m))


def _json(values: Mapping[str, Any]) -> str | None:
    return json.dumps(values, default=str, sort_keys=True) if values else None


def readable(value: object) -> object:
    """Keep a text readable as UTF-8: a stray surrogate becomes U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value
