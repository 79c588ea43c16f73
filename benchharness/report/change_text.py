"""A change against a reference as people write it: in per cent, and as a factor where it is large.

From twice the reference on, a factor is easier to read than a per cent: × 4.10, not +310 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchharness.report.text import DASH, interval_text, number, ratio_text
from benchharness.stats.saying import places_for

FACTOR_FROM = 2.0  # times the reference
_PERCENT_TO = 10.0  # times the reference: beyond, the per cent is not said any more
MINUS = "−"
UNBOUNDED = "unbounded"  # an interval that no ratio is outside of


@dataclass(frozen=True, slots=True)
class ChangeText:
    """``change`` is the number to read; ``also`` says the same the other way, "" if it needs not.

    ``interval`` is without brackets, "" where there is none.
    """

    change: str
    also: str = ""
    interval: str = ""


NO_CHANGE = ChangeText(DASH)


def change_text(ratio: float | None, low: float | None, high: float | None) -> ChangeText:
    """Write a ratio to the reference with its interval, the digits as the interval bears them."""
    if ratio is None or not math.isfinite(ratio):
        return NO_CHANGE
    if ratio >= FACTOR_FROM:
        percent = _signed(ratio - 1.0, 0) if ratio < _PERCENT_TO else ""
        return ChangeText(f"×\u00a0{ratio_text(ratio)}", percent, _factors(low, high))
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        change = _signed(ratio - 1.0, _digits(ratio - 1.0))
        return ChangeText(change, "", _factors(low, high))
    places = places_for(high - low, low - 1.0, high - 1.0)
    if low == high:
        return ChangeText(_signed(ratio - 1.0, places))
    ends = f"{signed(low - 1.0, places)} to {_signed(high - 1.0, places)}"
    if high >= _PERCENT_TO:
        ends = _factors(low, high)
    return ChangeText(_signed(ratio - 1.0, places), "", ends)


def _factors(low: float | None, high: float | None) -> str:
    """Write an interval as multiples, "" for none."""
    if low is not None and low <= 0.0 and high == math.inf:
        return UNBOUNDED
    interval = interval_text(low, high)
    return interval and f"× {interval}"


def short_change(ratio: float, low: float | None, high: float | None) -> str:
    """Write a ratio for a small cell: per cent without its sign, or a factor."""
    if ratio >= FACTOR_FROM:
        return f"×\u00a0{number(ratio, 2)}"
    if low is None or high is None:
        return signed(ratio - 1.0, _digits(ratio - 1.0))
    half = 100.0 * (high - low) / 2.0
    places = 1 if half < 0.7 else 0
    return signed(ratio - 1.0, places)


def signed(share: float, places: int) -> str:
    """Write a share in per cent, without the sign of per cent: +3.2, −3.2 and 0.0."""
    text = f"{100.0 * share:+.{places}f}".replace("-", MINUS)
    return text[1:] if not text.strip("+−0.") else text


def _signed(share: float, places: int) -> str:
    return f"{signed(share, places)}\u00a0%"


def _digits(share: float) -> int:
    """Return the decimals that give three digits."""
    size = abs(100.0 * share)
    return 2 if size < 9.995 else 1 if size < 99.95 else 0
