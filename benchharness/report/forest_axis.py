"""The axis of the forest: changes against a reference, to places in per cent of a cell's width.

It counts per cent; from four times the reference on it is logarithmic and counts multiples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.model import MetricSummary
from benchharness.report.change_text import MINUS

_LOGARITHMIC_FROM = 4.0  # times the reference
_LOGARITHMIC_BELOW = 0.1
_BEYOND = 3.0  # an interval is drawn up to so many times the largest ratio, then has an arrow
_STEPS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0)
_LEFT, _RIGHT = 5.0, 95.0  # per cent of the width that the axis uses
_LEAST_SPAN = 0.02
_ROOM_FOR_BAND = 1.3  # times the margin, so that the band is seen to end


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the axis at ``at`` per cent, with its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From the ratio ``low`` to the ratio ``high``."""

    low: float
    high: float
    logarithmic: bool

    def at(self, ratio: float | None) -> float | None:
        """Return the place of a ratio in per cent of the width, held inside the cell."""
        if ratio is None or math.isnan(ratio):
            return None
        low, high, value = self.low, self.high, ratio
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(max(ratio, self.low))
        share = (value - low) / (high - low)
        return round(min(100.0, max(0.0, _LEFT + share * (_RIGHT - _LEFT))), 2)

    def ticks(self, most: int) -> tuple[Tick, ...]:
        """Return at most ``most`` round changes inside the axis."""
        if self.logarithmic:
            return tuple(_tick(self, v, f"×{v:g}") for v in self._multiples(most))
        span = self.high - self.low
        step = next(s for s in _STEPS if span / s <= most - 1)
        first, last = math.ceil((self.low - 1) / step), math.floor((self.high - 1) / step)
        shares = [n * step for n in range(first, last + 1)]
        return tuple(_tick(self, 1 + share, change_tick(share)) for share in shares)

    def _multiples(self, most: int) -> list[float]:
        for steps in ((1, 2, 5), (1, 3), (1,)):
            values = [m * 10.0**e for e in range(-9, 10) for m in steps]
            values = [v for v in values if self.low <= v <= self.high]
            if len(values) <= most:
                break
        return values[:: math.ceil(len(values) / most)] if values else [1.0]


def change_tick(share: float) -> str:
    """Write a change as an axis does: ``+20 %``, ``0``."""
    percent = round(100.0 * share, 6)
    return "0" if percent == 0 else f"{percent:+g} %".replace("-", MINUS)


def axis_of(found: Sequence[MetricSummary], margin: float = 0.0) -> Axis:
    """Return the axis that holds the ratios, and their intervals as far as is sensible."""
    ratios = [m.ratio for m in found if m.ratio is not None and math.isfinite(m.ratio)]
    most = max([*ratios, 1.0])
    least = min([*(r for r in ratios if r > 0.0), 1.0])
    ends = [*ratios, 1.0, 1.0 - _ROOM_FOR_BAND * margin, 1.0 + _ROOM_FOR_BAND * margin]
    ends += [
        min(max(end, least / _BEYOND), _BEYOND * most)
        for metric in found
        for end in (metric.ratio_low, metric.ratio_high)
        if end is not None and not math.isnan(end)
    ]
    low, high = min(ends), max(ends)
    if high > _LOGARITHMIC_FROM or least < _LOGARITHMIC_BELOW:
        return Axis(min(max(low, least / _BEYOND), 0.9), max(high, 1.1), logarithmic=True)
    if high - low < _LEAST_SPAN:
        low, high = low - _LEAST_SPAN / 2, high + _LEAST_SPAN / 2
    return Axis(low, high, logarithmic=False)


def _tick(axis: Axis, ratio: float, text: str) -> Tick:
    at = axis.at(round(ratio, 9))
    assert at is not None
    return Tick(at, text)
