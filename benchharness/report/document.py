"""The JSON document of a campaign: what ``--json`` prints. Missing is null, never NaN or 0.

Its schema is ``reports/schema/campaign.json``, the history of its versions in ``docs/results.md``.
``trials`` holds those that have ended; every joule comes with its class.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from enum import Enum
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from benchharness.errors import UsageError
from benchharness.model import (
    CampaignSummary,
    Caution,
    MetricSummary,
    PhaseSpan,
    TrialSummary,
    VariantSummary,
)
from benchharness.report.derive_spans import HARNESS
from benchharness.report.document_energy import (
    energy_document,
    flags_document,
    meters_document,
    start_document,
)
from benchharness.report.document_participants import participants_document, series_document
from benchharness.report.edge_rows import edge_document
from benchharness.report.groups import Group, groups
from benchharness.report.several_meters import figures_of
from benchharness.report.split.flat import split_document
from benchharness.report.statistics_document import statistics_document

SCHEMA_VERSION = 2


def to_document(summary: CampaignSummary) -> dict[str, Any]:
    """Return the campaign as JSON types only: dict, list, str, int, float, bool and None."""
    ended = [trial for trial in summary.trials if not trial.status.is_pending]
    applies = {variant.index: variant.applies for variant in summary.variants}
    document = {
        "schema_version": SCHEMA_VERSION,
        "campaign": summary.campaign_id,
        "title": summary.title,
        "created_utc": summary.created_utc,
        "state": summary.state,
        "command": summary.command,
        "seed": summary.seed,
        "quick": summary.quick,
        "verdict": summary.verdict,
        "metric": summary.metric,
        "margin": summary.margin,
        "baseline": summary.baseline,
        "trials": [_trial(trial, applies.get(trial.variant)) for trial in ended],
        "trials_pending": len(summary.trials) - len(ended),
        "variants": [_variant(summary, variant) for variant in summary.variants],
        "groups": [_group(group) for group in groups(summary.variants)],
        "edge": edge_document(summary),
        "meters": list(summary.meters),
        "environment": summary.environment,
        "overhead": summary.overhead,
        "cautions": [_caution(caution) for caution in summary.cautions],
    }
    plain = json_types(document)
    assert isinstance(plain, dict)
    return plain


def write_json(summary: CampaignSummary, path: Path) -> Path:
    """Write the document to a file. Raises UsageError when that cannot be done."""
    text = json.dumps(to_document(summary), indent=2, allow_nan=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write JSON: {error.strerror}", where=str(path), remedy="choose another file"
        ) from error
    return path


def json_types(value: Any) -> Any:
    """Return ``value`` in JSON types: a number that is not finite is None, the unknown is text."""
    if value is None or isinstance(value, (bool, str, Enum)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Integral):  # numpy's integers too
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_key(key): json_types(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_types(item) for item in value]
    return str(value)


def _key(key: object) -> str:
    return str(key.value) if isinstance(key, Enum) else str(key)


def _trial(trial: TrialSummary, applies: tuple[str, ...] | None) -> dict[str, Any]:
    return {
        "index": trial.index,
        "variant": trial.variant,
        "repetition": trial.repetition,
        "workload": trial.workload,
        "factors": trial.factors,
        "applies": applies,
        "status": trial.status,
        "reason": trial.reason,
        "duration_s": trial.duration_s,
        "cpu_s": trial.cpu_s,
        "cpu_window_s": trial.cpu_window_s,
        "cpu_percent": trial.cpu_percent,
        "memory_peak_bytes": trial.memory_peak_bytes,
        "memory_window_bytes": trial.memory_window_bytes,
        "module_bytes": trial.module_bytes,
        "energy": None if trial.energy is None else energy_document(trial.energy),
        "energy_missing": trial.energy_missing,
        "other_energy": [energy_document(figure) for figure in trial.other_energy],
        "several_meters": meters_document(figures_of(trial)),
        "start": start_document(trial.start),
        **flags_document(trial),
        "outputs": trial.outputs,
        "metrics": trial.metrics,
        "participants": participants_document(trial),
        "series": series_document(trial),
        "split": split_document(trial),
        "phases_s": trial.phases_s,
        "stages": [_span(span) for span in trial.spans if span.source == HARNESS],
        "window_start_ns": trial.window_start_ns,
        "window_end_ns": trial.window_end_ns,
        "methods": trial.methods,
        "warnings": [caution.line() for caution in trial.cautions],
    }


def _span(span: PhaseSpan) -> dict[str, Any]:
    return {
        "name": span.name,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
    }


def _group(group: Group[VariantSummary]) -> dict[str, Any]:
    """Return which variants compete: ratios are to the least of a group."""
    return {
        "workload": group.workload,
        "kind": group.kind or None,
        "reference": group.is_reference,
        "variants": [member.index for member in group.members],
    }


def _variant(summary: CampaignSummary, variant: VariantSummary) -> dict[str, Any]:
    return {
        "index": variant.index,
        "label": variant.label,
        "workload": variant.workload,
        "factors": variant.factors,
        "applies": variant.applies,
        "n": variant.ok,
        "trials": variant.trials,
        "module_bytes": variant.module_bytes,
        "energy_class": variant.energy_class,
        "energy_instrument_u_rel": variant.energy_instrument_u_rel,
        "metrics": {
            name: {**_metric(metric), "statistics": statistics_document(summary, variant, name)}
            for name, metric in variant.metrics.items()
        },
    }


def _metric(metric: MetricSummary) -> dict[str, Any]:
    standing = metric.standing
    needed = standing.needed if standing else None
    return {
        "n": metric.n,
        "mean": metric.mean,
        "sd": metric.sd,
        "low": metric.low,
        "high": metric.high,
        "ratio": metric.ratio,
        "ratio_low": metric.ratio_low,
        "ratio_high": metric.ratio_high,
        "verdict": standing.word if standing else None,
        "reference": standing.reference if standing else None,
        "reason": standing.reason if standing else None,
        "needed_repetitions": needed.repetitions if needed else None,
        "needed_window_s": needed.window_s if needed else None,
        "comparisons": standing.comparisons if standing else None,
        "instrument_u": metric.instrument_u,
    }


def _caution(caution: Caution) -> dict[str, Any]:
    return {"code": caution.code, "message": caution.message, "remedy": caution.remedy}
