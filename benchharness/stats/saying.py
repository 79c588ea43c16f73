"""Changes and ratios as people write them, with the digits that their intervals bear."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchharness.stats.ratio import Ratio

INFINITE = "∞"  # the upper end of an interval that has none


def less_text(ratio: Ratio) -> tuple[str, str, str]:
    """Write by how many per cent a ratio is below 1, and the two ends of that, the least first."""
    assert ratio.low is not None
    assert ratio.high is not None
    places = places_for(ratio.high - ratio.low, 1.0 - ratio.high, ratio.low)
    shares = (1.0 - ratio.ratio, 1.0 - ratio.high, 1.0 - ratio.low)
    less, low, high = (f"{100.0 * share:.{places}f}" for share in shares)
    return less, low, high


def places_for(width: float, *ends: float) -> int:
    """Return the decimals of a per cent that an interval of this width bears, at most three.

    That is one significant digit of half the width, two if it begins with 1 or 2 (GUM 7.2.6); one
    decimal where there is no width: values that are equal to the last digit, such as a size.
    ``ends`` are shares that must not round to 0: an interval that excludes it must look so.
    """
    half = 50.0 * width
    if half <= 0.0:
        places = 1
    else:
        first = math.floor(math.log10(half))
        places = min(3, max(0, -first + (half / 10.0**first < 3.0)))
    while places < 4 and any(end != 0.0 and round(100.0 * end, places) == 0.0 for end in ends):
        places += 1
    return places


def percent(share: float, *, signed: bool = False, digits: int = 3) -> str:
    """Write a share in per cent with so many digits, the sign a true minus."""
    text = f"{100.0 * share:{'+' if signed else ''}.{digits}g}"
    if "e" in text:
        text = f"{100.0 * share:{'+' if signed else ''}.0f}"
    return text.replace("-", "−")


def ratio_text(ratio: Ratio) -> tuple[str, str, str]:
    """Write ratio, low and high with the digits that the interval bears, one kept above 1."""
    assert ratio.low is not None
    assert ratio.high is not None
    half = (min(ratio.high, 2.0 * ratio.ratio) - ratio.low) / 2.0
    places = 3 if half <= 0.0 else min(3, max(0, -math.floor(math.log10(half))))
    while ratio.low > 1.0 and round(ratio.low, places) <= 1.0 and places < 6:
        places += 1
    high = f"{ratio.high:.{places}f}" if math.isfinite(ratio.high) else INFINITE
    return f"{ratio.ratio:.{places}f}", f"{ratio.low:.{places}f}", high


def listed(names: Sequence[str]) -> str:
    """Join names as people do: A, B and C."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
