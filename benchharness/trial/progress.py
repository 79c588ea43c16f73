"""What an observer of a campaign is told. The engine tells; cli/ shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from benchharness.model import Caution, Status


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a campaign stands, about once a second."""

    trial: int  # from 1
    trials: int  # 0 where the number is not known beforehand
    label: str
    stage: str
    phase: str | None
    stage_elapsed_s: float
    stage_expected_s: float | None
    remaining_s: float | None
    power_w: float | None  # the latest reading of the first meter
    power_age_s: float | None
    temperature_c: float | None


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """One trial has ended."""

    trial: int
    trials: int
    label: str
    status: Status
    reason: str | None
    duration_s: float | None
    cautions: tuple[Caution, ...]


class Observer(Protocol):
    """Is told of a campaign's progress; must return quickly."""

    def progress(self, progress: Progress) -> None:
        """Show where the campaign stands."""
        ...

    def ended(self, trial: TrialEnded) -> None:
        """Show that a trial has ended."""
        ...

    def caution(self, caution: Caution) -> None:
        """Show a warning that concerns the campaign."""
        ...

    def note(self, line: str) -> None:
        """Show where the campaign stands after a block."""
        ...

    def close(self) -> None:
        """Leave the screen in order; may be called twice."""
        ...


class Growth(Protocol):
    """Decides after each block whether another one is run, and plans it in the store.

    ``standing`` says where the campaign is, in a line; ``stopped`` why no other block follows.
    """

    standing: str
    stopped: str | None

    def another_block(self) -> bool:
        """Plan the trials of another block; False if there is enough, or no more room."""
        ...


class RemainingTime:
    """Estimates the time left from the trials that have ended, by variant where one has."""

    def __init__(self) -> None:
        self._by_variant: dict[int, list[float]] = {}

    def add(self, variant: int, duration_s: float) -> None:
        """Remember how long a whole trial took."""
        self._by_variant.setdefault(variant, []).append(duration_s)

    def expected_s(self, variant: int) -> float | None:
        """Return the mean of this variant's trials, else of all trials, else None."""
        own = self._by_variant.get(variant)
        if own:
            return sum(own) / len(own)
        every = [value for values in self._by_variant.values() for value in values]
        return sum(every) / len(every) if every else None

    def remaining_s(self, variants_left: list[int], elapsed_s: float) -> float | None:
        """Return the time left: this trial's rest and the trials to come; None if unknown.

        ``variants_left`` starts with the running trial's variant.
        """
        expected = [self.expected_s(variant) for variant in variants_left]
        if not expected or any(value is None for value in expected):
            return None
        first, *others = (value for value in expected if value is not None)
        return max(0.0, first - elapsed_s) + sum(others)
