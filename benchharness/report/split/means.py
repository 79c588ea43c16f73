"""Seconds, joules and bytes a round of each variant: means over the rounds of its good runs.

The interval is that between runs, of joules with what their meters do alike in every run; of a
single run it is U of the whole window in proportion, of which its rounds are nearly all; of its
seconds there is none.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.energy.systematic import gross_terms_j, shared_u_j
from benchharness.model import (
    CampaignSummary,
    EnergyFigure,
    ParticipantSummary,
    TrialSummary,
    VariantSummary,
)
from benchharness.report.derive_spans import MAIN
from benchharness.report.participant_means import Means
from benchharness.report.participants_shown import good_trials
from benchharness.report.split.rounds import DeviceRound, device_rounds, devices_of, main_values
from benchharness.stats.interval import mean_interval


@dataclass(frozen=True, slots=True)
class RoundMeans:
    """What a round of one variant takes, over its good runs.

    ``energy_j`` is of all devices together, waiting in it, ``server_j`` of the server where it is
    metered. ``untold`` of the ``rounds`` are in no mean of joules: neither they nor all rounds of
    their run together can be told.
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
    joules = [_of_run(trial, run) for trial, run in zip(trials, each, strict=True)]
    rounds = sum(len(run) for run in each)
    seconds = [_seconds(trial, run) for trial, run in zip(trials, each, strict=True)]
    servers = [_server(trial) for trial in trials]
    server = [[u.energy_j.value for u in s.steps if u.energy_j] if s else [] for s in servers]
    return RoundMeans(
        variant=variant,
        trials=tuple(trials),
        rounds=rounds,
        untold=rounds - sum(len(run) for run in joules),
        time_s=Means(mean_interval([s for s in seconds if s])),
        energy_j=_joules(joules, [trial.energy for trial in trials]),
        server_j=_joules(server, [None if s is None else s.energy for s in servers]),
        up_bytes=_bytes(each, "bytes_up"),
        down_bytes=_bytes(each, "bytes_down"),
    )


_ByRound = dict[int, list[DeviceRound]]


def _by_round(trial: TrialSummary) -> _ByRound:
    found: _ByRound = {}
    for each in device_rounds(trial):
        found.setdefault(each.step, []).append(each)
    return found


def _server(trial: TrialSummary) -> ParticipantSummary | None:
    return next((p for p in trial.participants if p.name == MAIN), None)


def _seconds(trial: TrialSummary, rounds: _ByRound) -> float | None:
    """Return the mean seconds of a run's rounds: as the server told them, else of their phases."""
    told = list(main_values(trial, "round_s").values())
    if not told:
        uses = [devices[0].use for devices in rounds.values()]
        told = [(use.end_ns - use.start_ns) / 1e9 for use in uses if use is not None]
    return statistics.fmean(told) if told else None


def _of_run(trial: TrialSummary, rounds: _ByRound) -> list[float]:
    """Return the joules of a run's rounds; where not all are told one by one, their mean.

    That is of the window less what the devices drew at rest between the rounds.
    """
    told = [joules for devices in rounds.values() if (joules := _together(devices)) is not None]
    if len(told) == len(rounds):
        return told
    mean_j = _from_window(trial, rounds)
    return told if mean_j is None else [mean_j] * len(rounds)


def _from_window(trial: TrialSummary, rounds: _ByRound) -> float | None:
    if trial.window_start_ns is None or trial.window_end_ns is None:
        return None
    window_s = (trial.window_end_ns - trial.window_start_ns) / 1e9
    total_j = 0.0
    for device in devices_of(trial):
        figure = device.energy
        spent_s = math.fsum((u.end_ns - u.start_ns) / 1e9 for u in device.steps)
        if figure is None or figure.idle_power_w is None or len(device.steps) != len(rounds):
            return None
        between_s = max(0.0, window_s - spent_s)
        total_j += figure.gross_j.value - figure.idle_power_w.value * between_s
    return total_j / len(rounds)


def _together(devices: Sequence[DeviceRound]) -> float | None:
    """Return the joules of all devices in a round, None where those of one are not known."""
    known = [each.round_j.value for each in devices if each.round_j is not None]
    return math.fsum(known) if known and len(known) == len(devices) else None


def _joules(runs: Sequence[Sequence[float]], figures: Sequence[EnergyFigure | None]) -> Means:
    """Return the mean over runs of the mean over rounds; ``figures`` are of the whole windows."""
    means = [statistics.fmean(run) for run in runs if run]
    middle = abs(statistics.fmean(means)) if means else 0.0
    known = [figure for figure in figures if figure is not None and figure.gross_j.value]
    expanded = [f.gross_j.expanded_u / abs(f.gross_j.value) for f in known if f.gross_j.expanded_u]
    shared = [shared_u_j(gross_terms_j(f), with_gain=True) / abs(f.gross_j.value) for f in known]
    return Means(
        mean_interval(means),
        statistics.median(expanded) * middle if expanded else None,
        statistics.median(shared) * middle if shared else 0.0,
    )


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
