"""Shares as people write them, ``2 %`` or ``0.02``, and amounts whose key says the unit."""

from __future__ import annotations

import math
import re

from benchharness.errors import UsageError

_SHARE = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")


def read_share(value: object, where: str) -> float:
    """Return a share above 0 and below 1, from text or a number.

    Raises UsageError for no number, for a unit that is not per cent, and outside 0 to 1.
    """
    number = _number(value, where)
    if not 0.0 < number < 1.0:
        said = value if isinstance(value, str) else f"{value:g}"
        raise UsageError(
            f"expected more than 0 and less than 1 (100 %), got {said}",
            where=where,
            remedy='write 0.02 or "2 %"',
        )
    return number


def _number(value: object, where: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    found = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise UsageError(
            f"expected a share, got {value!r}", where=where, remedy='write "2 %" or 0.02'
        )
    number, unit = float(found[1]), found[2]
    if unit not in ("", "%"):
        raise UsageError(
            f"expected a share, got {value!r}, which is in {unit}",
            where=where,
            remedy='write "2 %" or 0.02',
        )
    return number / 100.0 if unit else number


def read_amount(value: object, unit: str, where: str) -> float:
    """Return a finite number above 0 of a unit that the key names ("s", "J").

    Text is refused, whatever unit stands in it: the key says the unit.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if math.isfinite(value) and value > 0:
            return float(value)
        raise UsageError(f"expected more than 0 {unit}, got {value:g}", where=where)
    raise UsageError(
        f"expected a number of {unit}, got {value!r}",
        where=where,
        remedy=f"write it in {unit}, without quotes and without the unit",
    )
