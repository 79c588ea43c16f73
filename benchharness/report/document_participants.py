"""The participants of a run and its metrics by step, in the JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchharness.clock import seconds
from benchharness.model import ParticipantSummary, PhaseUse, SeriesPoint, TrialSummary
from benchharness.report.document_energy import energy_document, quantity_document
from benchharness.report.learning_energy import SampleCost, sample_costs


def participants_document(trial: TrialSummary) -> list[dict[str, Any]]:
    """Return each program of a run that had several, in their order; else nothing."""
    costs = sample_costs(trial)
    return [_participant(each, costs.get(each.name)) for each in trial.participants]


def series_document(trial: TrialSummary) -> dict[str, list[dict[str, Any]]]:
    """Return the metrics by step, with the seconds since the start of the window."""
    return {
        name: [_point(point, trial.window_start_ns) for point in points]
        for name, points in trial.series.items()
    }


def _participant(participant: ParticipantSummary, cost: SampleCost | None) -> dict[str, Any]:
    figure = participant.energy
    return {
        "name": participant.name,
        "role": participant.role,
        "device": participant.device,
        "device_title": participant.device_title,
        "cores": participant.cores,
        "power_mode": participant.power_mode,
        "energy": None if figure is None else energy_document(figure),
        "energy_missing": participant.energy_missing,
        "cpu_s": participant.cpu_s,
        "cpu_window_s": participant.cpu_window_s,
        "memory_peak_bytes": participant.memory_peak_bytes,
        "phases": [_phase(use) for use in participant.phases],
        "metrics": participant.metrics,
        "samples": None if cost is None else cost.samples,
        "train_j_per_sample": None if cost is None else cost.train_j,
        "j_per_sample": None if cost is None else cost.all_j,
        "restarts": participant.restarts,
        "left": participant.left,
        "left_out_steps": participant.left_out_steps,
    }


def _phase(use: PhaseUse) -> Mapping[str, Any]:
    return {
        "name": use.name,
        "count": use.count,
        "duration_s": use.duration_s,
        "cpu_s": use.cpu_s,
        "memory_peak_bytes": use.memory_peak_bytes,
        "energy_j": quantity_document(use.energy_j),
        "energy_method": use.energy_method,
        "energy_missing": use.energy_missing,
    }


def _point(point: SeriesPoint, zero_ns: int | None) -> dict[str, Any]:
    return {
        "step": point.step,
        "window_s": None if zero_ns is None else seconds(point.t_ns - zero_ns),
        "value": point.value,
    }
