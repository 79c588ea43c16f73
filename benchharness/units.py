"""Conversions into SI, for drivers, and numbers for people, for formatters. Nowhere else."""

from __future__ import annotations

import math

JOULES_PER_WATT_HOUR = 3600.0
JOULES_PER_KILOWATT_HOUR = 3.6e6

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def energy_j_from_kwh(energy_kwh: float) -> float:
    """Convert kilowatt-hours, as plugs count them, to joules."""
    return energy_kwh * JOULES_PER_KILOWATT_HOUR


def energy_j_from_wh(energy_wh: float) -> float:
    """Convert watt-hours to joules."""
    return energy_wh * JOULES_PER_WATT_HOUR


def format_si(value: float | None, unit: str, digits: int = 3) -> str:
    """Format with an SI prefix and ``digits`` significant digits; a missing value is a dash."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return f"0 {unit}".rstrip()
    size = abs(value)
    scale, prefix = next(((s, p) for s, p in _PREFIXES if size >= s), _PREFIXES[-1])
    return f"{_significant(value / scale, digits)} {prefix}{unit}".rstrip()


def format_bytes(value: float | None) -> str:
    """Format bytes with binary prefixes (KiB, MiB, GiB); a missing value is a dash."""
    if value is None:
        return "–"
    size = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024 or unit == "GiB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{_significant(size, 3)} {unit}"
        size /= 1024
    raise AssertionError("unreachable")


def format_pm(value: float | None, expanded_u: float | None) -> str:
    """Format ``value ± U``, the uncertainty to two digits and the value to the same place.

    Without an uncertainty the value stands alone with four digits: no digit is invented.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if expanded_u is None or not math.isfinite(expanded_u) or expanded_u <= 0:
        return _significant(value, 4)
    places = max(0, 1 - math.floor(math.log10(expanded_u)))
    rounded = round(value, places) + 0.0  # no "-0.00"
    return f"{rounded:.{places}f} ± {expanded_u:.{places}f}"


def format_duration(duration_s: float | None) -> str:
    """Format a duration for people: ``850 ms``, ``12.3 s``, ``4 min 05 s``, ``2 h 10 min``."""
    if duration_s is None:
        return "–"
    if duration_s < 1:
        return format_si(duration_s, "s")
    if duration_s < 59.95:
        return f"{duration_s:.1f} s"
    whole_s = round(duration_s)
    if whole_s < 3600:
        return f"{whole_s // 60} min {whole_s % 60:02d} s"
    return f"{whole_s // 3600} h {whole_s % 3600 // 60:02d} min"


def _significant(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}"
