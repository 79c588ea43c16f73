"""Recordings as CSV: ``t_s`` or ``t_ns``, then ``power_w``, ``energy_j`` or both.

    t_s,power_w,energy_j
    0.0,2.71,
    1.0,2.70,5.4

An empty cell is a missing value. Further columns are left alone, so that the observations of
``benchharness export --csv`` can be replayed as they are. Lines that begin with # are comments.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from benchharness.clock import NANOSECONDS_PER_SECOND
from benchharness.errors import UnknownNameError, UsageError
from benchharness.meters.replay_recording import Recording
from benchharness.model import Reading

TIME_COLUMNS = {"t_s": Decimal(NANOSECONDS_PER_SECOND), "t_ns": Decimal(1)}
VALUE_COLUMNS = ("power_w", "energy_j")
_LAST_NS = 1 << 62
_LARGEST = 1e15  # W and J: beyond every instrument, and far from where sums of squares overflow


def read_csv(path: Path, options: Mapping[str, str]) -> Recording:
    """Read a CSV file whole. Raises UsageError with file and line."""
    if options:
        raise UsageError(
            f"{next(iter(options))}: a CSV file has nothing to choose from",
            where=str(path),
            remedy="leave it out, or name a results file",
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return Recording(tuple(_readings(file, str(path))), path.name)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise UsageError("is not UTF-8 text", where=str(path), remedy="save it as UTF-8") from None


def _readings(file: Iterator[str], where: str) -> Iterator[Reading]:
    columns: dict[str, int] | None = None
    last_ns = -_LAST_NS
    for number, line in enumerate(file, start=1):
        here = f"{where}: line {number}"
        if not line.strip() or line.startswith("#"):
            continue
        cells = _cells(line, here)
        if columns is None:
            columns = _columns(cells, here)
            continue
        if len(cells) <= max(columns.values()):
            raise UsageError(
                f"{len(cells)} cells, the header has more", where=here, remedy="complete the line"
            )
        reading = _reading(columns, cells, here)
        if reading.t_ns < last_ns:
            raise UsageError("time goes back", where=here, remedy="sort the lines by time")
        last_ns = reading.t_ns
        yield reading


def _cells(line: str, here: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise UsageError(f"is not CSV: {error}", where=here, remedy="correct the line") from None


def _columns(names: Sequence[str], here: str) -> dict[str, int]:
    """Return the places of the columns that count, by name."""
    places = {name.strip(): place for place, name in enumerate(names)}
    # An export has both; its nanoseconds are exact.
    time = next((name for name in ("t_ns", "t_s") if name in places), None)
    if time is None:
        raise UsageError("no column of times", where=here, remedy="name it t_s or t_ns")
    known = [name for name in VALUE_COLUMNS if name in places]
    if not known:
        other = next((name for name in places if name not in TIME_COLUMNS), None)
        if other is None:
            raise UsageError(
                "no column of values", where=here, remedy="add power_w, energy_j or both"
            )
        raise UnknownNameError("column", other, VALUE_COLUMNS, where=here)
    return {name: places[name] for name in (time, *known)}


def _reading(columns: Mapping[str, int], cells: Sequence[str], here: str) -> Reading:
    time, *_ = columns
    t_ns = _time_ns(cells[columns[time]], TIME_COLUMNS[time], f"{here}: {time}")
    values = {
        name: _value(cells[columns[name]], f"{here}: {name}") if name in columns else None
        for name in VALUE_COLUMNS
    }
    return Reading(t_ns, values["power_w"], values["energy_j"])


def _time_ns(text: str, factor: Decimal, here: str) -> int:
    # Decimal: seconds since some epoch have more digits than a float64 keeps as nanoseconds.
    try:
        t = Decimal(text.strip())
        if t.is_finite() and abs(t * factor) < _LAST_NS:
            return int((t * factor).to_integral_value())
    except InvalidOperation:
        pass
    raise UsageError(f"expected a time, got {text!r}", where=here)


def _value(text: str, here: str) -> float | None:
    """Return a number, None for an empty cell; no text and no NaN becomes a reading."""
    text = text.strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise UsageError(
            f"expected a number, got {text!r}", where=here, remedy="leave the cell empty"
        )
    return value
