"""A comparison as a JSON document."""

from __future__ import annotations

from typing import Any

from benchharness.model import MetricSummary
from benchharness.report.comparison_records import Change, Comparison, Side
from benchharness.report.comparison_sentences import sentences
from benchharness.report.document import SCHEMA_VERSION, json_types
from benchharness.report.energy_budget import good_figures
from benchharness.report.energy_flags import marked_runs


def to_comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as JSON types only."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "title": comparison.title,
        "margin": comparison.margin,
        "margin_set": comparison.margin_set,
        "comparisons": comparison.comparisons,
        "differs": list(comparison.differs),
        "notes": [
            *comparison.notes,
            *([comparison.margin_words] if comparison.margin_words else []),
        ],
        "unpaired": list(comparison.unpaired),
        "sentences": sentences(comparison),
        "pairs": [
            {
                "variant": pair.label,
                "a": _side(pair.a),
                "b": _side(pair.b),
                "metrics": {c.metric: _metric(c) for c in pair.changes},
            }
            for pair in comparison.pairs
        ],
    }
    plain_types = json_types(document)
    assert isinstance(plain_types, dict)
    return plain_types


def _side(side: Side) -> dict[str, Any]:
    figures = good_figures(side.campaign, side.variant)
    return {
        "name": side.name,
        "campaign": side.campaign.campaign_id,
        "variant": side.variant.label,
        "factors": dict(side.variant.factors),
        "energy_class": side.variant.energy_class,
        "coverage": min((f.coverage for f in figures if f.coverage is not None), default=None),
        "marked": len(marked_runs(side.campaign, side.variant.index)),
    }


def _metric(change: Change) -> dict[str, Any]:
    standing = change.standing
    needed = standing.needed
    return {
        "a": _mean(change.a),
        "b": _mean(change.b),
        "ratio": standing.ratio,
        "ratio_low": standing.low,
        "ratio_high": standing.high,
        "p_holm": change.p_holm,
        "verdict": standing.word,
        "reason": standing.reason,
        "needed_repetitions": needed.repetitions if needed else None,
        "needed_window_s": needed.window_s if needed else None,
    }


def _mean(metric: MetricSummary) -> dict[str, Any]:
    return {"n": metric.n, "mean": metric.mean, "low": metric.low, "high": metric.high}
