"""Seconds, joules and bytes a round of each variant: means over the rounds of its good runs.

The interval is that between runs, of joules with what their meters do alike in every run; of a
single run it is the meter's own U, and of its seconds there is none.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.energy.systematic import gross_terms_j, shared_u_j
from benchharness.model import CampaignSummary, Quantity, StepUse, TrialSummary, VariantSummary
from benchharness.report.derive_spans import MAIN
from benchharness.report.participant_means import Means
from benchharness.report.participants_shown import good_trials
from benchharness.report.split.rounds import DeviceRound, device_rounds, devices_of, main_values
from benchharness.stats.interval import mean_interval


@dataclass(frozen=True, slots=True)
class RoundMeans:
    """What a round of one variant takes, over its good runs.

    ``energy_j`` is of all devices together, waiting in it, ``server_j`` of the server where it is
    metered. ``untold`` of the ``rounds`` have no joules of all devices, and are in no mean of them.
    """

    variant: VariantSummary
    trials: tuple[TrialSummary, ...]
    rounds: int
    untold: int
    time_s: Means
    energy_j: Means
    server_j: Means
    up_bytes: Means
    down_bytes: Means


def round_means(summary: CampaignSummary) -> list[RoundMeans]:
    """Return the variants whose good runs told their cuts, in the order of the run table."""
    found = []
    for variant in summary.variants:
        trials = [t for t in good_trials(summary.trials_of(variant.index)) if devices_of(t)]
        if trials:
            found.append(_of_variant(variant, trials))
    return found


def _of_variant(variant: VariantSummary, trials: Sequence[TrialSummary]) -> RoundMeans:
    each = [_by_round(trial) for trial in trials]
    joules = [[j for devices in run.values() if (j := _together(devices))] for run in each]
    rounds = sum(len(run) for run in each)
    seconds = [_seconds(trial, run) for trial, run in zip(trials, each, strict=True)]
    server = [[u.energy_j for u in _server(t) if u.energy_j is not None] for t in trials]
    return RoundMeans(
        variant=variant,
        trials=tuple(trials),
        rounds=rounds,
        untold=rounds - sum(len(run) for run in joules),
        time_s=Means(mean_interval([s for s in seconds if s])),
        energy_j=_joules(joules, trials),
        server_j=_joules(server, trials),
        up_bytes=_bytes(each, "bytes_up"),
        down_bytes=_bytes(each, "bytes_down"),
    )


_ByRound = dict[int, list[DeviceRound]]


def _by_round(trial: TrialSummary) -> _ByRound:
    found: _ByRound = {}
    for each in device_rounds(trial):
        found.setdefault(each.step, []).append(each)
    return found


def _server(trial: TrialSummary) -> tuple[StepUse, ...]:
    return next((p.steps for p in trial.participants if p.name == MAIN), ())


def _seconds(trial: TrialSummary, rounds: _ByRound) -> float | None:
    """Return the mean seconds of a run's rounds: as the server told them, else of their phases."""
    told = list(main_values(trial, "round_s").values())
    if not told:
        uses = [devices[0].use for devices in rounds.values()]
        told = [(use.end_ns - use.start_ns) / 1e9 for use in uses if use is not None]
    return statistics.fmean(told) if told else None


def _together(devices: Sequence[DeviceRound]) -> Quantity | None:
    """Return the joules of all devices in a round; their U in a row, as of one make they are."""
    known = [each.round_j for each in devices if each.round_j is not None]
    if not known or len(known) < len(devices):
        return None
    halves = [each.expanded_u for each in known if each.expanded_u is not None]
    return Quantity(
        math.fsum(each.value for each in known),
        math.fsum(halves) if len(halves) == len(known) else None,
    )


def _joules(runs: Sequence[Sequence[Quantity]], trials: Sequence[TrialSummary]) -> Means:
    """Return the mean over runs of the mean over rounds."""
    means = [statistics.fmean(each.value for each in run) for run in runs if run]
    halves = [q.expanded_u for run in runs for q in run if q.expanded_u is not None]
    share = _shared(trials)
    middle = statistics.fmean(means) if means else 0.0
    return Means(
        mean_interval(means), statistics.fmean(halves) if halves else None, share * abs(middle)
    )


def _shared(trials: Sequence[TrialSummary]) -> float:
    """Return the relative standard uncertainty that the joules of all runs share."""
    figures = [trial.energy for trial in trials if trial.energy is not None]
    each = [
        shared_u_j(gross_terms_j(figure), with_gain=True) / abs(figure.gross_j.value)
        for figure in figures
        if figure.gross_j.value
    ]
    return statistics.median(each) if each else 0.0


def _bytes(runs: Sequence[_ByRound], metric: str) -> Means:
    """Return the bytes a round of all devices: on the wire where that was told, else of tensors."""
    for name in (f"wire_{metric}", metric):
        known = [value for run in runs if (value := _mean_sum(run, name)) is not None]
        if known:
            return Means(mean_interval(known))
    return Means(mean_interval([]))


def _mean_sum(run: _ByRound, metric: str) -> float | None:
    sums = []
    for devices in run.values():
        known = [value for each in devices if (value := each.value(metric)) is not None]
        if known:
            sums.append(math.fsum(known))
    return statistics.fmean(sums) if sums else None
