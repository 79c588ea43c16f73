"""The participants of a variant over its good runs: seconds and joules by phase, with intervals.

Half-widths are Student's t at 95 % over the runs; what a meter does wrong in every run alike is not
in them, and is that of one run: ``instrument_u``.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import ParticipantSummary, PhaseUse, Quantity, Status, TrialSummary
from benchharness.report.learning_energy import sample_costs
from benchharness.stats.interval import MeanInterval, mean_interval

WAITING = frozenset({"wait", "idle"})
OUTSIDE = frozenset({"other", "rest"})  # time of no phase: neither work nor waiting


@dataclass(frozen=True, slots=True)
class Means:
    """A figure over the runs that have it, with the mean U (95 %) of one run."""

    interval: MeanInterval
    instrument_u: float | None = None

    @property
    def mean(self) -> float | None:
        """Return the mean, None where no run has the figure."""
        return self.interval.mean

    @property
    def half(self) -> float | None:
        """Return half of the interval over runs; of a single run its U."""
        if self.interval.high is None or self.interval.mean is None:
            return self.instrument_u
        return self.interval.high - self.interval.mean


@dataclass(frozen=True, slots=True)
class ParticipantMeans:
    """One participant of a variant; ``first`` is its record in the first good run.

    ``seconds`` and ``energy_j`` are by phase. ``busy_s`` is the time in phases that are neither
    waiting nor of no name, ``waiting_s`` that in "wait" and "idle", and so are the joules.
    """

    name: str
    first: ParticipantSummary
    runs: int
    seconds: Mapping[str, Means]
    energy_j: Mapping[str, Means]
    busy_s: Means
    waiting_s: Means
    busy_j: Means
    waiting_j: Means
    whole_j: Means
    per_sample_j: Means
    memory_peak_bytes: int | None
    left_out: int  # rounds that went on without it, in all runs


def participant_means(trials: Iterable[TrialSummary]) -> list[ParticipantMeans]:
    """Return each participant of the good ones among a variant's trials, in their order."""
    found: dict[str, list[tuple[TrialSummary, ParticipantSummary]]] = {}
    for trial in trials:
        if trial.status is Status.OK:
            for participant in trial.participants:
                found.setdefault(participant.name, []).append((trial, participant))
    return [_of_one(name, runs) for name, runs in found.items()]


def _of_one(name: str, runs: Sequence[tuple[TrialSummary, ParticipantSummary]]) -> ParticipantMeans:
    each = [participant for _, participant in runs]
    phases = list(dict.fromkeys(use.name for p in each for use in p.phases))
    costs = [cost for trial, _ in runs if (cost := sample_costs(trial).get(name)) is not None]
    peaks = [p.memory_peak_bytes for p in each if p.memory_peak_bytes is not None]
    return ParticipantMeans(
        name=name,
        first=each[0],
        runs=len(runs),
        seconds={phase: _seconds(each, phase.__eq__) for phase in phases},
        energy_j={phase: _joules(each, phase.__eq__) for phase in phases},
        busy_s=_seconds(each, _is_work),
        waiting_s=_seconds(each, WAITING.__contains__),
        busy_j=_joules(each, _is_work),
        waiting_j=_joules(each, WAITING.__contains__),
        whole_j=_means([p.energy.gross_j for p in each if p.energy is not None]),
        per_sample_j=_means([Quantity(c.all_j) for c in costs if c.all_j is not None]),
        memory_peak_bytes=max(peaks, default=None),
        left_out=sum(len(p.left_out_steps) for p in each),
    )


def _is_work(phase: str) -> bool:
    return phase not in WAITING and phase not in OUTSIDE


def _seconds(each: Sequence[ParticipantSummary], wanted: Callable[[str], bool]) -> Means:
    """Return the seconds in some phases, over the runs that name any phase."""
    sums = [sum(use.duration_s for use in p.phases if wanted(use.name)) for p in each if p.phases]
    return Means(mean_interval(sums))


def _joules(each: Sequence[ParticipantSummary], wanted: Callable[[str], bool]) -> Means:
    """Return the joules in some phases, over the runs in which all of these have any."""
    sums = []
    for participant in each:
        uses = [use for use in participant.phases if wanted(use.name)]
        total = _sum(uses)
        if participant.phases and total is not None:
            sums.append(total)
    return _means(sums)


def _sum(uses: Sequence[PhaseUse]) -> Quantity | None:
    """Return the joules of several phases; their uncertainties in a row, as the gain's are."""
    known = [use.energy_j for use in uses if use.energy_j is not None]
    if not known or len(known) < len(uses):
        return None
    each_u = [quantity.expanded_u for quantity in known if quantity.expanded_u is not None]
    u_j = sum(each_u) if len(each_u) == len(known) else None
    return Quantity(sum(quantity.value for quantity in known), u_j)


def _means(quantities: Sequence[Quantity]) -> Means:
    known = [q.expanded_u for q in quantities if q.expanded_u is not None]
    interval = mean_interval([q.value for q in quantities])
    return Means(interval, statistics.fmean(known) if known else None)
