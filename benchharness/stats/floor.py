"""What part of a value is the floor: what a program that does nothing (noop) costs.

The floor is told beside the value and never subtracted: a difference of two uncertain values
would look more certain than it is, and a runtime's start is part of what a user pays.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.stats.interval import LEVEL
from benchharness.stats.ratio import ratio_of_means
from benchharness.stats.sample import Sample, spread
from benchharness.stats.saying import percent


@dataclass(frozen=True, slots=True)
class Floor:
    """``share`` of the value that is floor, with its interval. None where none can be told."""

    share: float | None
    low: float | None
    high: float | None

    @property
    def is_above(self) -> bool:
        """Say whether the value is above the floor for sure."""
        return self.high is not None and self.high < 1.0

    @property
    def sentence(self) -> str:
        """Return what is to be said of it, in per cent of the value."""
        if self.share is None or self.low is None or self.high is None:
            return "not told from the floor: it has no interval above 0"
        low, high = percent(self.low), percent(self.high)
        if not self.is_above:
            return f"not above the floor: that of noop is {low} to {high} % of it"
        if self.low <= 0.0:
            return f"above the floor, which is at most {high} % of it"
        return f"above the floor, which is {percent(self.share)} % of it ({low} to {high} %)"


def floor_of(noop: Sample, variant: Sample, level: float = LEVEL) -> Floor | None:
    """Return the floor's part of a variant's mean, with Fieller's interval.

    None without two values of either: one has no spread. Without numbers where the variant's mean
    cannot be told from 0.
    """
    below, value = spread(noop), spread(variant)
    if below is None or value is None:
        return None
    ratio = ratio_of_means(below, value, level) if value.mean > 0.0 else None
    if ratio is None or not ratio.is_bounded:
        return Floor(None, None, None)
    return Floor(ratio.ratio, ratio.low, ratio.high)
