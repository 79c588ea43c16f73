"""Type-checked reading of an instrument's own keys: every complaint carries file and key.

    meters/plug.toml: poll_s: expected a number of at least 0, got 'fast'

A key that no driver reads is refused with the nearest key that exists: a misspelt resolution
must not be a resolution that is silently not there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchharness.errors import UnknownNameError, UsageError
from benchharness.meters.base import Instrument
from benchharness.model import MeasurementClass

# What every instrument may carry for people and reports; no driver interprets it.
DESCRIPTIVE_KEYS = ("description", "source", "calibration_date", "serial")


class OptionReader:
    """Takes the keys of one instrument one after another, then :meth:`done`."""

    def __init__(self, instrument: Instrument) -> None:
        self._where = instrument.where
        self._folder = _folder(instrument)
        self._options = dict(instrument.options)
        self._known: set[str] = set(DESCRIPTIVE_KEYS)

    def error(self, key: str, what: str, remedy: str | None = None) -> UsageError:
        """Return the complaint about ``key``, for the caller to raise."""
        return UsageError(f"{key}: {what}", where=self._where, remedy=remedy)

    def text(self, key: str, *, may_be_empty: bool = False) -> str | None:
        """Return a text, not empty unless that means something, or None if the key is absent."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, str) or not (value.strip() or may_be_empty):
            raise self.error(key, f"expected a text, got {value!r}")
        return value.strip()

    def required_text(self, key: str, example: str) -> str:
        """Return a text that must be there."""
        value = self.text(key)
        if value is None:
            raise self.error(key, "is missing", f"add {example}")
        return value

    def number(
        self, key: str, *, minimum: float = -math.inf, maximum: float = math.inf
    ) -> float | None:
        """Return a finite number within the bounds, or None if the key is absent."""
        value = self._take(key)
        if value is None:
            return None
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not good or not math.isfinite(value) or not minimum <= value <= maximum:
            raise self.error(key, f"expected a number{_span(minimum, maximum)}, got {value!r}")
        return float(value)

    def integer(self, key: str, default: int, *, minimum: int, maximum: int) -> int:
        """Return a whole number within the bounds."""
        value = self._take(key)
        if value is None:
            return default
        good = isinstance(value, int) and not isinstance(value, bool)
        if not good or not minimum <= value <= maximum:
            what = f"expected a whole number{_span(minimum, maximum)}, got {value!r}"
            raise self.error(key, what)
        return int(value)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false; a text is neither, so that no address can set a flag."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            what = f"expected true or false, got {value!r}"
            raise self.error(key, what, "write it in an instrument file, without quotes")
        return value

    def choice(self, key: str, choices: Iterable[str]) -> str | None:
        """Return one of ``choices``, or None if the key is absent."""
        value = self.text(key)
        if value is None:
            return None
        known = list(choices)
        if value not in known:
            raise UnknownNameError(key, value, known, where=self._where)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty if the key is absent."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.error(key, f"expected a list of texts, got {value!r}")
        return tuple(value)

    def path(self, key: str) -> Path | None:
        """Return a path; a relative one counts from the instrument's file."""
        value = self.text(key)
        if value is None:
            return None
        return self._folder / Path(value).expanduser()

    def measurement_class(self, default: MeasurementClass) -> MeasurementClass:
        """Return the key ``class`` as a class of figures."""
        value = self.choice("class", [item.value for item in MeasurementClass])
        return default if value is None else MeasurementClass(value)

    def done(self) -> None:
        """Refuse the keys that nobody has taken."""
        for key in self._options:
            if key not in self._known:
                raise UnknownNameError("key", key, self._known, where=self._where)

    def _take(self, key: str) -> Any:
        self._known.add(key)
        return self._options.get(key)


def _span(minimum: float, maximum: float) -> str:
    if math.isfinite(minimum) and math.isfinite(maximum):
        return f" from {minimum:g} to {maximum:g}"
    if math.isfinite(minimum):
        return f" of at least {minimum:g}"
    return f" of at most {maximum:g}" if math.isfinite(maximum) else ""


def _folder(instrument: Instrument) -> Path:
    return Path(instrument.where).parent if instrument.where.endswith(".toml") else Path()
