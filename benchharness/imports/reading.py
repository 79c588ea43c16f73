"""Reads a JSON file that another program wrote, with an error of one line for whatever is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from benchharness.errors import UsageError

LARGEST_BYTES = 512 * 1024 * 1024
_EXPECTED = "give a file of pytest-benchmark (--benchmark-json) or of hyperfine (--export-json)"


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a file holds. Raises UsageError."""
    where = str(path)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UsageError(
                f"is larger than {LARGEST_BYTES >> 20} MiB",
                where=where,
                remedy="save it without the rounds' data of the benchmarks that you do not need",
            )
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", where=where, remedy="check the path"
        ) from None
    except UnicodeDecodeError:
        raise UsageError("is not UTF-8 text", where=where, remedy=_EXPECTED) from None
    if not text.strip():
        raise UsageError("is empty", where=where, remedy=_EXPECTED)
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) - 1
        what = "is cut off" if cut else f"is not JSON: {error.msg} (line {error.lineno})"
        raise UsageError(what, where=where, remedy="write it again" if cut else _EXPECTED) from None
    except (_ConstantError, RecursionError) as error:
        what = str(error) if isinstance(error, _ConstantError) else "is nested too deeply"
        raise UsageError(what, where=where, remedy="write it again") from None
    if not isinstance(found, dict):
        raise UsageError("is JSON of something else", where=where, remedy=_EXPECTED)
    return found


class Fields:
    """Typed access to a parsed object; every error says the file and the place in it."""

    def __init__(self, table: Mapping[str, Any], where: str, place: str = "") -> None:
        self.table = table
        self.where = where
        self.place = place

    def fail(self, key: str, what: str, remedy: str | None = None) -> NoReturn:
        """Raise UsageError for a key."""
        raise UsageError(f"{self._name(key)}: {what}", where=self.where, remedy=remedy)

    def text(self, key: str) -> str:
        """Return a text that must be there."""
        value = self.table.get(key)
        if not isinstance(value, str) or not value.strip():
            self.fail(key, "expected a text")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, None where there is none."""
        value = self.table.get(key)
        return value if isinstance(value, str) and value.strip() else None

    def within(self, key: str) -> Fields:
        """Return the object under a key, an empty one where there is none."""
        value = self.table.get(key)
        if value is not None and not isinstance(value, dict):
            self.fail(key, "expected an object")
        return Fields(value or {}, self.where, f"{self._name(key)}.")

    def each(self, key: str) -> list[Fields]:
        """Return the objects of a list that must be there."""
        found = self.table.get(key)
        if not isinstance(found, list):
            self.fail(key, "expected a list")
        objects = []
        for index, value in enumerate(found):
            if not isinstance(value, dict):
                self.fail(f"{key}[{index}]", "expected an object")
            objects.append(Fields(value, self.where, f"{self._name(key)}[{index}]."))
        return objects

    def numbers(self, key: str) -> list[float]:
        """Return a list of finite numbers, empty where there is none."""
        found = self.table.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            self.fail(key, "expected a list of numbers")
        for index, value in enumerate(found):
            if not _is_number(value):
                self.fail(f"{key}[{index}]", f"expected a finite number, got {str(value)[:40]!r}")
        return [float(value) for value in found]

    def durations(self, key: str) -> list[float]:
        """Return a list of seconds above 0, empty where there is none."""
        found = self.numbers(key)
        for index, value in enumerate(found):
            if value <= 0.0:
                self.fail(f"{key}[{index}]", f"expected a time above 0 s, got {value:g}")
        return found

    def number(self, key: str, holds: Callable[[float], bool] | None = None) -> float | None:
        """Return a finite number, None where there is none or it is null."""
        value = self.table.get(key)
        if value is None:
            return None
        if not _is_number(value) or (holds is not None and not holds(value)):
            self.fail(key, f"expected a number, got {str(value)[:40]!r}")
        return float(value)

    def _name(self, key: str) -> str:
        return f"{self.place}{key}"


class _ConstantError(ValueError):
    """NaN or Infinity, which JSON does not have and Python's writer does."""


def _refuse_constant(name: str) -> NoReturn:
    raise _ConstantError(f"holds {name}, which is no measured value")


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond any float
        return False
