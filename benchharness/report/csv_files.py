"""CSV for other programs: one row a trial, one row a variant, and the observations on request.

Numbers are in SI units with all their digits; an empty cell is a missing value.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchharness.errors import UsageError
from benchharness.model import (
    CampaignSummary,
    EnergyFigure,
    Factors,
    StartCost,
    TrialSummary,
    VariantSummary,
)
from benchharness.report.csv_energy import energy_rows
from benchharness.report.edge_rows import edge_csv, has_host
from benchharness.report.energy_flags import marked
from benchharness.report.groups import groups
from benchharness.report.timeline import SeriesReader

if TYPE_CHECKING:
    from benchharness.store.database import Store

_STATISTICS = ("n", "mean", "sd", "low", "high", "ratio_to_best", "ratio_low", "ratio_high")
_TRIAL_COLUMNS = (
    *("trial_id", "index", "variant", "label", "repetition", "workload", "status", "reason"),
    *("duration_s", "cpu_s", "cpu_window_s", "cpu_percent", "memory_peak_bytes"),
    *("memory_window_bytes", "module_bytes", "start_s", "start_gross_j", "start_net_j"),
    *("window_start_ns", "window_end_ns", "energy_gross_j", "energy_gross_expanded_u_j"),
    *("energy_net_j", "energy_net_expanded_u_j", "energy_k", "energy_class", "energy_method"),
    *("energy_meter", "energy_target", "energy_coverage", "idle_power_w", "energy_missing"),
    *("energy_marked", "outputs", "metrics", "cautions"),
)
_ROWS_AT_ONCE = 10_000


def write_csv(
    summary: CampaignSummary, folder: Path, reader: SeriesReader | None = None
) -> list[Path]:
    """Write trials.csv, variants.csv, energy.csv and edge.csv (where there is any).

    The observations go under observations/, if ``reader`` is given.

    Returns the files; raises UsageError when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [
            _write(folder / "trials.csv", _trial_rows(summary)),
            _write(folder / "variants.csv", _variant_rows(summary)),
        ]
        if has_host(summary):
            written.append(_write(folder / "edge.csv", _edge_rows(summary)))
        if any(trial.energy or trial.other_energy for trial in summary.trials):
            written.append(_write(folder / "energy.csv", energy_rows(summary)))
        if reader is not None:
            written += _write_observations(summary, folder / "observations", reader)
    except OSError as error:
        raise UsageError(
            f"cannot write CSV: {error.strerror}", where=str(folder), remedy="choose another folder"
        ) from error
    return written


def write_events(summary: CampaignSummary, folder: Path, store: Store) -> Path:
    """Write events.csv: stages, phases, metrics, outputs and what happened to the meters.

    Raises UsageError when the folder cannot be written.
    """
    try:
        return _write(folder / "events.csv", _event_rows(summary, store))
    except OSError as error:
        raise UsageError(
            f"cannot write CSV: {error.strerror}", where=str(folder), remedy="choose another folder"
        ) from error


def _edge_rows(summary: CampaignSummary) -> Iterator[list[object]]:
    for row in edge_csv(summary):
        yield [_text(cell) for cell in row]


def _event_rows(summary: CampaignSummary, store: Store) -> Iterator[Sequence[object]]:
    names = ("t_ns", "participant", "kind", "edge", "name", "value", "text", "unit", "step")
    yield ("index", *names)
    for trial in sorted(summary.trials, key=lambda t: t.index):
        for event in store.events(trial.trial_id):
            yield (trial.index, *(_text(getattr(event, name)) for name in names))


def _write(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def _trial_rows(summary: CampaignSummary) -> Iterator[list[object]]:
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
            _text("" if variant is None else variant.label),
            trial.repetition,
            trial.workload,
            trial.status.value,
            _text(trial.reason),
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
            _text(trial.energy_missing),
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


def _variant_rows(summary: CampaignSummary) -> Iterator[list[object]]:
    factors = _keys(v.factors for v in summary.variants)
    metrics = _keys(v.metrics for v in summary.variants)
    fixed = ["index", "label", "workload", "trials", "ok", "energy_class"]
    fixed += ["energy_instrument_u_rel", "module_bytes", "kind"]
    kinds = {v.index: group.kind for group in groups(summary.variants) for v in group.members}
    yield [
        *fixed,
        *(f"factor:{f}" for f in factors),
        *(f"{m}:{s}" for m in metrics for s in _STATISTICS),
    ]
    for variant in summary.variants:
        yield [
            variant.index,
            _text(variant.label),
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
    return _text(factors.get(name)) if known else None


def _metric_cells(variant: VariantSummary, metrics: Sequence[str]) -> list[object]:
    return [
        getattr(variant.metrics[m], s) if m in variant.metrics else None
        for m in metrics
        for s in _STATISTICS
    ]


def _write_observations(summary: CampaignSummary, folder: Path, reader: SeriesReader) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for trial in sorted(summary.trials, key=lambda t: t.index):
        for stream in reader.streams(trial.trial_id):
            name = f"run{trial.index + 1:04d}-{stream.source}-{_file_word(stream.name)}.csv"
            written.append(_write(folder / name, _stream_rows(trial, reader, stream.stream_id)))
    return written


def _stream_rows(
    trial: TrialSummary, reader: SeriesReader, stream_id: int
) -> Iterator[Sequence[object]]:
    """Yield t_ns, seconds from the start of the window, then the channels; NaN is left empty."""
    times_ns, columns = reader.read_stream(stream_id)
    yield ["t_ns", "window_s", *columns]
    zero_ns = trial.window_start_ns
    for start in range(0, len(times_ns), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        times = times_ns[part].tolist()
        windows = [None if zero_ns is None else (t - zero_ns) / 1e9 for t in times]
        values = [_finite(column[part].tolist()) for column in columns.values()]
        yield from zip(times, windows, *values, strict=True)


def _finite(values: Sequence[float]) -> list[float | None]:
    return [v if math.isfinite(v) else None for v in values]


def _keys(mappings: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for m in mappings for key in m))


def _json(values: Mapping[str, Any]) -> str | None:
    return json.dumps(values, default=str, sort_keys=True) if values else None


def _text(value: object) -> object:
    """Keep a text readable as UTF-8: a stray surrogate becomes U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def _file_word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:60].strip(".-") or "stream"
