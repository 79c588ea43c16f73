"""Text for tables: foreign text made harmless, numbers in a unit that the whole column shares."""

from __future__ import annotations

import math
import re
import statistics
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from benchharness.stats.saying import INFINITE
from benchharness.units import format_pm

DASH = "–"
MOST_DIGITS = 5
REPLACEMENT = "\ufffd"

# Control, bidirectional and unassigned characters can rearrange or erase what stands around them.
_HARMFUL_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit for a column: SI value divided by ``factor`` is the number that is shown."""

    symbol: str
    factor: float


_UNITS = {
    "s": (Unit("s", 1.0), Unit("ms", 1e-3), Unit("µs", 1e-6)),
    "J": (Unit("MJ", 1e6), Unit("kJ", 1e3), Unit("J", 1.0), Unit("mJ", 1e-3), Unit("µJ", 1e-6)),
    "W": (Unit("kW", 1e3), Unit("W", 1.0), Unit("mW", 1e-3)),
    "B": (Unit("GiB", 2.0**30), Unit("MiB", 2.0**20), Unit("KiB", 2.0**10), Unit("B", 1.0)),
}
# Sizes of files, as shops and D1.4 print them; memory is in KiB and MiB, as kernels count it.
KILOBYTE, MEGABYTE = Unit("kB", 1e3), Unit("MB", 1e6)
# A plain number of joules is easier to compare than one with a prefix, up to here.
_LARGEST_PLAIN = {"J": 1e5, "B": 0.0, "W": 1e4, "s": math.inf}


def plain(text: object, limit: int = 200) -> str:
    """Return ``text`` as one line of at most ``limit`` printable characters.

    White space becomes a blank, anything that could move the cursor, hide or reorder text
    becomes U+FFFD, and what is cut off shows as an ellipsis.
    """
    raw = str(text)
    line = " ".join(raw[: 4 * limit].split())
    if not line.isprintable():
        line = "".join(
            REPLACEMENT if unicodedata.category(c) in _HARMFUL_CATEGORIES else c for c in line
        )
    if len(line) > limit or len(raw) > 4 * limit:
        return line[: limit - 1].rstrip() + "…"
    return line


def unbroken(text: str) -> str:
    """Keep a number and its per cent sign on one line."""
    return re.sub(r"(\d) %", "\\1\u00a0%", text)


def column_unit(values: Iterable[float | None], base: str) -> Unit:
    """Choose the unit (of ``base`` "s", "J", "W" or "B") in which the median value is readable."""
    sizes = [abs(v) for v in values if v is not None and math.isfinite(v) and v != 0]
    units = _UNITS[base]
    plain_unit = next(u for u in units if u.factor == 1.0)
    if not sizes:
        return plain_unit
    middle = statistics.median(sizes)
    if base != "B" and middle >= 1.0 and max(sizes) < _LARGEST_PLAIN[base]:
        return plain_unit
    return next((u for u in units if middle >= u.factor), units[-1])


def scaled_pm(value: float | None, half: float | None, unit: Unit) -> str:
    """Format ``value ± half`` in ``unit``; without ``half`` the value alone."""
    if value is None:
        return DASH
    scaled = value / unit.factor
    if half is None or not 0 < half < math.inf or scaled == 0 or not math.isfinite(scaled):
        return format_pm(scaled, None if half is None else half / unit.factor)
    # More than five digits of a value help nobody; the ± is then rounded up to the last of them.
    least = 10.0 ** (math.floor(math.log10(abs(scaled))) - MOST_DIGITS + 1)
    width = half / unit.factor
    if width >= 10 * least:
        return format_pm(scaled, width)
    places = max(0, -round(math.log10(least)))
    rounded_up = max(1, math.ceil(width / least - 1e-9)) * least
    return f"{scaled:.{places}f} ± {rounded_up:.{places}f}"


def number(value: float | None, digits: int = 3) -> str:
    """Format with at least ``digits`` significant digits and never an exponent."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}"


def ratio_text(ratio: float | None) -> str:
    """Format a ratio to the best: two decimals while small, then three digits."""
    if ratio is None or not math.isfinite(ratio):
        return DASH
    return f"{ratio:.2f}" if ratio < 10 else number(ratio, 3)


def interval_text(low: float | None, high: float | None) -> str:
    """Format an interval of ratios with as many decimals as tell its ends apart, four at most."""
    if low is None or high is None or not math.isfinite(low) or math.isnan(high):
        return ""
    if high == math.inf:
        return f"{_ratio_end(low, 2)} to {INFINITE}"
    for places in (2, 3, 4):
        texts = _ratio_end(low, places), _ratio_end(high, places)
        if texts[0] != texts[1]:
            break
    return f"{texts[0]} to {texts[1]}"


def _ratio_end(ratio: float, places: int) -> str:
    """Format one end of an interval: less than three digits after the point where it is large."""
    if abs(ratio) >= 10 and places == 2:
        return number(ratio, 3)
    return f"{ratio:.{places}f}"


def half_width(low: float | None, high: float | None) -> float | None:
    """Return half the width of an interval, None where there is none."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return None
    return (high - low) / 2


def display_width(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian wide signs take two."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def shortened(text: str, room: int) -> str:
    """Cut the middle out of a text: its end tells variants apart as often as its beginning."""
    if display_width(text) <= room:
        return text
    head, tail = text, text
    while display_width(head) > room // 2:
        head = head[:-1]
    while display_width(tail) > room - 1 - display_width(head):
        tail = tail[1:]
    return f"{head}…{tail}"


def ascii_safe(text: str) -> str:
    """Spell the signs that a terminal without UTF-8 cannot show."""
    return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")


_ASCII = str.maketrans(
    {
        "±": "+-", "×": "x", "µ": "u", "–": "-", "−": "-", "—": "-", "…": "...", "°": " deg ",
        "•": "*", "▲": "^", "▼": "v", "≈": "=", "✓": "+", "✗": "x", "⊘": "/", "⚠": "!",
        "“": '"', "”": '"', "’": "'", "\u00a0": " ", "\u202f": " ", REPLACEMENT: "?",
    }
)  # fmt: skip
