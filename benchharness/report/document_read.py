"""A campaign from its JSON document, as far as a comparison needs it.

What ``run --json`` and ``report --json`` write keeps the values of every run and the budgets of its
joules, so that a pipeline can keep one small file as its baseline. Summaries are made anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchharness.errors import UsageError
from benchharness.model import (
    CampaignSummary,
    EnergyEstimate,
    EnergyFigure,
    MeasurementClass,
    Quantity,
    Status,
    TrialSummary,
)
from benchharness.report.derive_variants import of_variants
from benchharness.report.document import SCHEMA_VERSION

_REMEDY = "write it with benchharness show ID --json"


def read_document(path: Path) -> CampaignSummary:
    """Read the file of a JSON document.

    Raises UsageError for a file that cannot be read, is no such document, or of a newer version.
    """
    where = str(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=where) from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is one
        raise UsageError("is not JSON", where=where, remedy=_REMEDY) from error
    if not isinstance(document, Mapping) or "schema_version" not in document:
        raise UsageError("is not the document of a campaign", where=where, remedy=_REMEDY)
    version = document["schema_version"]
    if version not in range(1, SCHEMA_VERSION + 1):
        raise UsageError(
            f"version {version!r} of the document, this benchharness reads 1 to {SCHEMA_VERSION}",
            where=where,
            remedy=_REMEDY,
        )
    try:
        return from_document(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UsageError(
            f"is not the whole document of a campaign: {what}", where=where, remedy=_REMEDY
        ) from error


def from_document(document: Mapping[str, Any]) -> CampaignSummary:
    """Return the campaign of a document. Raises KeyError, TypeError or ValueError for gaps."""
    trials = tuple(_trial(place, each) for place, each in enumerate(document["trials"]))
    variants = tuple(each.summary() for each in of_variants(document["variants"], trials))
    return CampaignSummary(
        campaign_id=str(document["campaign"]),
        created_utc=str(document["created_utc"]),
        state=str(document["state"]),
        title=str(document["title"]),
        quick=bool(document["quick"]),
        seed=None if document["seed"] is None else int(document["seed"]),
        command=str(document["command"]),
        trials=trials,
        variants=variants,
        environment=dict(document["environment"]),
        overhead=dict(document.get("overhead") or {}),
        cautions=(),
        verdict=str(document["verdict"]),
        meters=tuple(document.get("meters") or ()),
        margin=float(document.get("margin") or 0.0),
        baseline=document.get("baseline") or None,
        metric=document.get("metric"),
    )


def _trial(place: int, trial: Mapping[str, Any]) -> TrialSummary:
    energy = trial["energy"]
    memory = _number(trial["memory_peak_bytes"])
    return TrialSummary(
        trial_id=place + 1,
        index=int(trial["index"]),
        variant=int(trial["variant"]),
        repetition=int(trial["repetition"]),
        workload=str(trial["workload"]),
        factors=dict(trial["factors"]),
        status=Status(trial["status"]),
        reason=trial.get("reason"),
        duration_s=_number(trial["duration_s"]),
        cpu_s=_number(trial["cpu_s"]),
        cpu_percent=_number(trial.get("cpu_percent")),
        memory_peak_bytes=None if memory is None else round(memory),
        energy=None if energy is None else _figure(energy),
        energy_missing=trial.get("energy_missing"),
        other_energy=(),
        outputs=trial.get("outputs") or {},
        metrics=trial.get("metrics") or {},
        phases_s=trial.get("phases_s") or {},
        window_start_ns=trial.get("window_start_ns"),
        window_end_ns=trial.get("window_end_ns"),
        spans=(),
        cautions=(),
        methods=trial.get("methods") or {},
    )


def _figure(energy: Mapping[str, Any]) -> EnergyFigure:
    gross = _quantity(energy["gross_j"])
    if gross is None:
        raise ValueError("an energy without joules")
    return EnergyFigure(
        gross_j=gross,
        net_j=_quantity(energy["net_j"]),
        method=str(energy["method"]),
        meter=str(energy["meter"]),
        target=str(energy["target"]),
        measurement_class=MeasurementClass(energy["class"]),
        idle_power_w=_quantity(energy.get("idle_power_w")),
        dominant_term=energy.get("dominant_term"),
        terms_j=_terms(energy["terms_j"]),
        coverage=_number(energy.get("coverage")),
        estimates=tuple(_estimate(each) for each in energy["estimates"]),
        nu_eff=_number(energy.get("nu_eff")),
        part_of=energy.get("part_of"),
        net_missing=energy.get("net_missing"),
    )


def _estimate(estimate: Mapping[str, Any]) -> EnergyEstimate:
    return EnergyEstimate(
        method=str(estimate["method"]),
        energy_j=float(estimate["energy_j"]),
        standard_u_j=float(estimate["standard_u_j"]),
        terms_j=_terms(estimate["terms_j"]),
    )


def _terms(terms: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(u_j) for name, u_j in terms.items()}


def _quantity(quantity: Mapping[str, Any] | None) -> Quantity | None:
    if quantity is None:
        return None
    expanded_u, k = _number(quantity.get("expanded_u")), _number(quantity.get("k"))
    return Quantity(float(quantity["value"]), expanded_u, k)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
