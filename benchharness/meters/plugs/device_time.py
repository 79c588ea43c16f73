"""A device's own time in its messages: seconds of some clock, to tell late messages by.

Never a time stamp of a reading, which is the host's. Pure; what is no time is None.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone
from typing import Any

# Seconds of an epoch up to the year 5138; above, milliseconds.
_LARGEST_EPOCH_S = 1e11
_EPOCH = re.compile(r"\d{1,15}(?:\.(\d{1,6}))?", re.ASCII)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)


def read_device_time(value: Any) -> tuple[float, float] | None:
    """Return seconds and their resolution.

    ``value`` is ISO 8601 (``2026-03-01T09:31:22.417Z``; without a zone it counts as UTC), or an
    epoch in seconds or milliseconds as the text that :func:`payload.read_json` leaves.
    """
    if not isinstance(value, str) or len(value) > 40:
        return None
    text = value.strip()
    match = _EPOCH.fullmatch(text)
    if match is not None:
        number, step = float(text), 10.0 ** -len(match[1] or "")
        return (number / 1e3, step / 1e3) if number > _LARGEST_EPOCH_S else (number, step)
    match = _ISO.fullmatch(text)
    return None if match is None else _iso(*match.groups())


def _iso(
    day: str, clock: str, fraction: str | None, zone: str | None
) -> tuple[float, float] | None:
    offset = (zone or "Z").replace("Z", "+0000").replace(":", "")
    try:
        moment = datetime.strptime(f"{day} {clock} {offset}", "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None
    whole_s = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()
    digits = fraction or ""
    return whole_s + (int(digits) / 10 ** len(digits) if digits else 0.0), math.pow(
        10, -len(digits)
    )
