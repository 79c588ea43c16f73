"""The participants of a variant over its good runs: seconds and joules by phase, with intervals.

Half-widths hold what the runs differ by and what a meter does wrong in every run alike, which no
repetition shows (GUM 4.2.4 note, 5.1.2): of a whole window its gain and what else is systematic,
of a phase told by readings the gain, of one told by CPU use everything, since the model behind it
errs the same way each time.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchharness.energy.budget import GAIN
from benchharness.energy.phase_parts import READINGS
from benchharness.energy.systematic import gross_terms_j, shared_u_j
from benchharness.model import (
    EnergyFigure,
    ParticipantSummary,
    PhaseUse,
    Status,
    TrialSummary,
)
from benchharness.report.learning_energy import sample_costs
from benchharness.report.phase_kinds import OUTSIDE, WAITING
from benchharness.stats.interval import LEVEL, MeanInterval, mean_interval
from benchharness.stats.sample import effective_nu
from benchharness.stats.student import t_factor


@dataclass(frozen=True, slots=True)
class Means:
    """A figure over the runs that have it, with the mean U (95 %) of one run.

    ``shared_u`` is the standard uncertainty that all runs share, 0 where there is none.
    """

    interval: MeanInterval
    instrument_u: float | None = None
    shared_u: float = 0.0

    @property
    def mean(self) -> float | None:
        """Return the mean, None where no run has the figure."""
        return self.interval.mean

    @property
    def half(self) -> float | None:
        """Return U (95 %) of the mean, the shared part in it; of a single run its own."""
        variance = self.interval.variance_of_mean
        if self.interval.high is None or variance is None:
            return self.instrument_u
        nu = effective_nu([(variance, self.interval.n - 1.0)], self.shared_u**2)
        return t_factor(LEVEL, nu) * math.hypot(math.sqrt(variance), self.shared_u)


@dataclass(frozen=True, slots=True)
class _Joules:
    """Those of one run with U, and the standard uncertainty that is alike in every run."""

    value: float
    expanded_u: float | None
    shared_u: float | None


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
        whole_j=_means([_whole(p.energy) for p in each if p.energy is not None]),
        per_sample_j=_means(_per_sample(name, runs)),
        memory_peak_bytes=max(peaks, default=None),
        left_out=sum(len(p.left_out_steps) for p in each),
    )


def _is_work(phase: str) -> bool:
    return phase not in WAITING and phase not in OUTSIDE


def _seconds(each: Sequence[ParticipantSummary], wanted: Callable[[str], bool]) -> Means:
    """Return the seconds in some phases, over the runs that name any phase."""
    sums = [sum(use.duration_s for use in p.phases if wanted(use.name)) for p in each if p.phases]
    return Means(mean_interval(sums))


def _per_sample(
    name: str, runs: Sequence[tuple[TrialSummary, ParticipantSummary]]
) -> list[_Joules]:
    found = []
    for trial, participant in runs:
        cost = sample_costs(trial).get(name)
        if cost is not None and participant.energy is not None:
            whole, samples = _whole(participant.energy), cost.samples
            expanded_u = None if whole.expanded_u is None else whole.expanded_u / samples
            shared_u = None if whole.shared_u is None else whole.shared_u / samples
            found.append(_Joules(whole.value / samples, expanded_u, shared_u))
    return found


def _joules(each: Sequence[ParticipantSummary], wanted: Callable[[str], bool]) -> Means:
    """Return the joules in some phases, over the runs in which all of these have any."""
    sums = []
    for participant in each:
        uses = [use for use in participant.phases if wanted(use.name)]
        total = _sum(uses, 0.0 if participant.energy is None else _gain(participant.energy))
        if participant.phases and total is not None:
            sums.append(total)
    return _means(sums)


def _whole(figure: EnergyFigure) -> _Joules:
    terms_j, gross_j = gross_terms_j(figure), figure.gross_j
    shared_u = shared_u_j(terms_j, with_gain=True) if terms_j else None
    return _Joules(gross_j.value, gross_j.expanded_u, shared_u)


def _gain(figure: EnergyFigure) -> float:
    """Return the relative standard uncertainty of a meter's gain."""
    gross_j = abs(figure.gross_j.value)
    return gross_terms_j(figure).get(GAIN, 0.0) / gross_j if gross_j else 0.0


def _sum(uses: Sequence[PhaseUse], gain: float) -> _Joules | None:
    """Return the joules of several phases; their uncertainties in a row.

    That is right for the gain, and never too little for the rest: of parts that sum to a known
    whole, what one has too much another lacks.
    """
    known = [_phase(use, gain) for use in uses]
    found = [joules for joules in known if joules is not None]
    if not found or len(found) < len(uses):
        return None
    return _Joules(
        math.fsum(joules.value for joules in found),
        _in_a_row([joules.expanded_u for joules in found]),
        _in_a_row([joules.shared_u for joules in found]),
    )


def _phase(use: PhaseUse, gain: float) -> _Joules | None:
    joules = use.energy_j
    if joules is None:
        return None
    u_j = joules.expanded_u / joules.k if joules.expanded_u is not None and joules.k else None
    shared_u = gain * abs(joules.value) if use.energy_method == READINGS else u_j
    return _Joules(joules.value, joules.expanded_u, shared_u)


def _in_a_row(uncertainties: Sequence[float | None]) -> float | None:
    known = [u for u in uncertainties if u is not None]
    return math.fsum(known) if len(known) == len(uncertainties) else None


def _means(each: Sequence[_Joules]) -> Means:
    known = [joules.expanded_u for joules in each if joules.expanded_u is not None]
    shared = [joules.shared_u for joules in each if joules.shared_u is not None]
    return Means(
        mean_interval([joules.value for joules in each]),
        statistics.fmean(known) if known else None,
        statistics.median(shared) if shared else 0.0,
    )
