"""Participants, their phases and metrics by step as flat rows: a header and a row each.

Values are in SI units with all their digits; None is a missing value.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchharness.clock import seconds
from benchharness.model import CampaignSummary, ParticipantSummary, Quantity, TrialSummary
from benchharness.report.flat_rows import readable
from benchharness.report.learning_energy import SampleCost, sample_costs

_RUN = ("trial_id", "index", "variant", "repetition")
_PARTICIPANT = (
    *("participant", "role", "device", "device_title", "cores", "cpu_s", "cpu_window_s"),
    *("memory_peak_bytes", "energy_gross_j", "energy_gross_expanded_u_j", "energy_net_j"),
    *("energy_net_expanded_u_j", "energy_class", "energy_method", "energy_meter"),
    *("energy_missing", "samples", "train_j_per_sample", "j_per_sample", "restarts", "left"),
    *("left_out_steps",),
)
_PHASE = (
    *("participant", "device", "phase", "count", "duration_s", "cpu_s", "memory_peak_bytes"),
    *("energy_j", "energy_expanded_u_j", "energy_method", "energy_missing"),
)


def has_participants(summary: CampaignSummary) -> bool:
    """Say whether any run had several programs."""
    return any(trial.participants for trial in summary.trials)


def has_series(summary: CampaignSummary) -> bool:
    """Say whether any run told a metric by step."""
    return any(trial.series for trial in summary.trials)


def participant_rows(summary: CampaignSummary) -> Iterator[list[object]]:
    """Yield the header, then a row for each program of each run, and its last metrics."""
    trials = _in_order(summary)
    metrics = list(dict.fromkeys(m for t in trials for p in t.participants for m in p.metrics))
    yield [*_RUN, *_PARTICIPANT, *(f"metric:{metric}" for metric in metrics)]
    for trial in trials:
        costs = sample_costs(trial)
        for participant in trial.participants:
            yield [
                *_run(trial),
                *_cells(participant, costs.get(participant.name)),
                *(participant.metrics.get(metric) for metric in metrics),
            ]


def phase_rows(summary: CampaignSummary) -> Iterator[list[object]]:
    """Yield the header, then a row for each phase of each program of each run."""
    yield [*_RUN, *_PHASE]
    for trial in _in_order(summary):
        for participant in trial.participants:
            for use in participant.phases:
                yield [
                    *_run(trial),
                    readable(participant.name),
                    readable(participant.device),
                    readable(use.name),
                    use.count,
                    use.duration_s,
                    use.cpu_s,
                    use.memory_peak_bytes,
                    *_value_and_u(use.energy_j),
                    use.energy_method,
                    readable(use.energy_missing),
                ]


def series_rows(summary: CampaignSummary) -> Iterator[list[object]]:
    """Yield the header, then a row for each value that was told with a step."""
    yield [*_RUN, "metric", "step", "t_ns", "window_s", "value"]
    for trial in _in_order(summary):
        zero_ns = trial.window_start_ns
        for name, points in trial.series.items():
            for point in points:
                window_s = None if zero_ns is None else seconds(point.t_ns - zero_ns)
                cells = (point.step, point.t_ns, window_s, point.value)
                yield [*_run(trial), readable(name), *cells]


def _cells(participant: ParticipantSummary, cost: SampleCost | None) -> list[object]:
    figure = participant.energy
    return [
        readable(participant.name),
        participant.role,
        readable(participant.device),
        readable(participant.device_title),
        participant.cores,
        participant.cpu_s,
        participant.cpu_window_s,
        participant.memory_peak_bytes,
        *_value_and_u(None if figure is None else figure.gross_j),
        *_value_and_u(None if figure is None else figure.net_j),
        None if figure is None else figure.measurement_class.value,
        None if figure is None else figure.method,
        None if figure is None else readable(figure.meter),
        readable(participant.energy_missing),
        None if cost is None else cost.samples,
        None if cost is None else cost.train_j,
        None if cost is None else cost.all_j,
        participant.restarts,
        readable(participant.left),
        " ".join(str(step) for step in participant.left_out_steps) or None,
    ]


def _in_order(summary: CampaignSummary) -> list[TrialSummary]:
    return sorted(summary.trials, key=lambda trial: trial.index)


def _run(trial: TrialSummary) -> tuple[object, ...]:
    return trial.trial_id, trial.index, trial.variant, trial.repetition


def _value_and_u(quantity: Quantity | None) -> tuple[float | None, float | None]:
    return (None, None) if quantity is None else (quantity.value, quantity.expanded_u)
