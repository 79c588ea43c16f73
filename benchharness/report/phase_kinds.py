"""The phases of participants in a few kinds, each with a colour: the work, the waiting, the rest.

Of training in rounds that is training, evaluation, waiting for the others, and the engine:
everything that moves models and messages. Programs with other phases keep their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchharness.model import ParticipantSummary, TrialSummary

TRAIN, EVALUATE, ENGINE, WAIT, OTHER = "train", "evaluate", "transfer and engine", "wait", "other"
LATE = "late"  # at work on what nobody waits for any more
_OF_ROUNDS = {
    TRAIN: "lower",
    EVALUATE: "io",
    ENGINE: "startup",
    LATE: "model",
    WAIT: "floor",
    OTHER: "muted",
}
WAITING = frozenset({"wait", "idle"})
OUTSIDE = frozenset({"other", "rest", "gone"})  # time of no phase, and of nobody there
_WORK_ROLES = ("lower", "io", "startup", "instantiate", "build", "model")
_MARKS = frozenset({TRAIN, WAIT})  # what tells training in rounds from other programs


@dataclass(frozen=True, slots=True)
class PhaseKinds:
    """The kinds of a campaign: the colour of each, in the order in which they are drawn."""

    roles: dict[str, str]
    in_rounds: bool

    def of(self, phase: str) -> str:
        """Return the kind of a phase."""
        if phase in OUTSIDE:
            return OTHER
        if not self.in_rounds:
            return phase if phase in self.roles else OTHER
        return phase if phase in (TRAIN, EVALUATE, LATE, WAIT) else ENGINE

    @property
    def work(self) -> str | None:
        """Return the kind whose power is the plateau, None where no phase is known."""
        return next(iter(self.roles), None)


def clients(trial: TrialSummary) -> tuple[ParticipantSummary, ...]:
    """Return the participants that are compared: those on devices, else all with phases.

    Of training in rounds the server is none of them: it is everybody's engine.
    """
    placed = tuple(p for p in trial.participants if p.device is not None)
    if placed:
        return placed
    with_phases = tuple(p for p in trial.participants if p.phases)
    trainers = tuple(p for p in with_phases if any(use.name in _MARKS for use in p.phases))
    return trainers or with_phases


def phase_kinds(trials: Iterable[TrialSummary]) -> PhaseKinds:
    """Find the kinds of all participants of some trials."""
    seconds: dict[str, float] = {}
    for trial in trials:
        for participant in clients(trial):
            for use in participant.phases:
                seconds[use.name] = seconds.get(use.name, 0.0) + use.duration_s
    if _MARKS & seconds.keys():
        return PhaseKinds(dict(_OF_ROUNDS), in_rounds=True)
    return PhaseKinds(_own_names(seconds), in_rounds=False)


def _own_names(seconds: dict[str, float]) -> dict[str, str]:
    """Give the longest phases a colour each; waiting has its own, what is left is other."""
    ordered: Sequence[str] = sorted(seconds.keys() - OUTSIDE, key=lambda n: (-seconds[n], n))
    work = [name for name in ordered if name not in WAITING]
    roles = dict(zip(work, _WORK_ROLES, strict=False))
    roles |= dict.fromkeys((name for name in ordered if name in WAITING), "floor")
    return {**roles, OTHER: "muted"}
