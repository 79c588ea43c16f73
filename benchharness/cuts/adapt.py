"""Choosing again every round: a smoothed estimate of what varies, and a reluctance to change."""

from __future__ import annotations

import math

from benchharness.cuts.costs import estimate
from benchharness.cuts.optimise import choice_of, weights
from benchharness.cuts.records import Choice, Costs, check_cuts
from benchharness.errors import UsageError


class Smoothed:
    """An exponentially weighted mean: each new value counts ``weight``, what was before the rest.

    ``weight`` 1 keeps the newest value alone. Raises UsageError for a weight outside (0, 1].
    """

    def __init__(self, weight: float) -> None:
        if not 0.0 < weight <= 1.0:
            raise UsageError(
                f"smoothing is {weight:g}",
                remedy="take what a new value weighs: above 0, to 1 for no smoothing",
            )
        self._weight = weight
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The mean; None before the first value."""
        return self._value

    def add(self, value: float) -> float:
        """Take in a value and return the new mean. Raises UsageError if it is not finite."""
        if not math.isfinite(value):
            raise UsageError(f"cannot smooth {value}", remedy="leave out what was not measured")
        before = self._value
        self._value = value if before is None else before + self._weight * (value - before)
        return self._value


class Hysteresis:
    """Keeps the cuts unless new ones are predicted to be better by more than ``share``.

    ``share`` 0.05: the objective must fall by more than 5 %. Raises UsageError for a share outside
    [0, 1).
    """

    def __init__(self, share: float) -> None:
        if not 0.0 <= share < 1.0:
            raise UsageError(
                f"hysteresis is {share:g}", remedy="take a share from 0 (none) to below 1"
            )
        self._share = share
        self._cuts: tuple[int, ...] | None = None

    @property
    def cuts(self) -> tuple[int, ...] | None:
        """The cuts in use; None before the first choice."""
        return self._cuts

    def settle(self, costs: Costs, best: Choice, alpha: float, *, normalise: bool) -> Choice:
        """Return ``best``, or the cuts in use as they are predicted now if that is hardly worse.

        The cuts in use are given up at once where they are not for these devices (one has left),
        or not allowed any more (infinite costs).
        """
        kept = self._kept(costs, alpha, normalise=normalise)
        if kept is None or best.objective < kept.objective * (1.0 - self._share):
            self._cuts = best.cuts
            return best
        return kept

    def _kept(self, costs: Costs, alpha: float, *, normalise: bool) -> Choice | None:
        if self._cuts is None or len(self._cuts) != len(costs.names):
            return None
        check_cuts(self._cuts, len(costs.names), costs.last_cut)
        now = estimate(costs, self._cuts)
        if not (math.isfinite(now.round_s) and math.isfinite(now.energy_j)):
            return None
        return choice_of(now, *weights(costs, alpha, normalise=normalise))
