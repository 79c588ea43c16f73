"""Strict, typed reading of TOML: every complaint carries file, line and key.

    workload.toml:12: factors.n.default: expected an integer, got a string; write a number ...

A key that nobody reads is refused, with the nearest key that exists: a misspelt limit must not
be a limit that is silently not there.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchharness.errors import UnknownNameError, UsageError
from benchharness.plan.toml_lines import KeyPath, key_lines

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Scalar = str | int | float | bool


def read_toml(path: Path) -> Table:
    """Read a file as a :class:`Table`.

    Raises UsageError with file and line for a file that is missing, not UTF-8 or not TOML.
    """
    name = display_path(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot be read: {reason}", where=name, remedy="check the path") from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"byte {error.start} is not UTF-8", where=name, remedy="save the file as UTF-8"
        ) from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(name, text, str(error)) from None
    return Table(data, name, key_lines(text), ())


def display_path(path: Path) -> str:
    """Return a path as a person would type it: relative if it is below the current folder."""
    absolute = path if path.is_absolute() else Path.cwd() / path
    try:
        return str(absolute.relative_to(Path.cwd()))
    except ValueError:
        return str(absolute)


class Table:
    """One table of a document with typed getters; ``path`` is where it is in the document."""

    def __init__(
        self, data: Mapping[str, Any], file: str, lines: Mapping[KeyPath, int], path: KeyPath
    ) -> None:
        self.data = data
        self.file = file
        self.path = path
        self._lines = lines

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def place(self, *keys: str | int) -> str:
        """Return ``file:line`` of a key, or of the nearest thing around it that has a line."""
        path = (*self.path, *keys)
        while path and path not in self._lines:
            path = path[:-1]
        return f"{self.file}:{self._lines.get(path, 1)}"

    def where(self, *keys: str | int) -> str:
        """Return ``file:line: dotted.key``."""
        dotted = _dotted((*self.path, *keys))
        return f"{self.place(*keys)}: {dotted}" if dotted else self.place(*keys)

    def error(self, what: str, *keys: str | int, remedy: str | None = None) -> UsageError:
        """Return an error about a key of this table; the caller raises it."""
        return UsageError(what, where=self.where(*keys), remedy=remedy)

    def only(self, *known: str) -> None:
        """Refuse every key that is not known."""
        for key in self.data:
            if key not in known:
                context = _dotted(self.path)
                place = self.place(key)
                where = f"{place}: {context}" if context else place
                raise UnknownNameError("key", key, known, where=where)

    def string(self, key: str, default: str | None = None) -> str:
        """Return a string; without a default the key must be there."""
        if default is not None and key not in self.data:
            return default
        value = self._get(key)
        if not isinstance(value, str):
            raise self._mismatch("a string", value, key)
        return value

    def optional_string(self, key: str) -> str | None:
        """Return a string, or None where there is none."""
        return self.string(key) if key in self.data else None

    def integer(self, key: str, minimum: int | None = None) -> int | None:
        """Return an integer, or None where there is none."""
        if key not in self.data:
            return None
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._mismatch("an integer", value, key)
        if minimum is not None and value < minimum:
            raise self.error(f"expected at least {minimum}, got {value}", key)
        return value

    def number(
        self, key: str, minimum: float | None = None, above: float | None = None
    ) -> float | None:
        """Return a finite number as float, or None where there is none."""
        if key not in self.data:
            return None
        value = self._get(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise self._mismatch("a number", value, key)
        try:
            value = float(value)
        except OverflowError:
            raise self.error("expected a number that a double can hold", key) from None
        if not math.isfinite(value):
            raise self.error(f"expected a finite number, got {value}", key)
        if minimum is not None and value < minimum:
            raise self.error(f"expected at least {minimum:g}, got {value:g}", key)
        if above is not None and value <= above:
            raise self.error(f"expected more than {above:g}, got {value:g}", key)
        return value

    def boolean(self, key: str) -> bool:
        """Return true or false; false where there is none."""
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            raise self._mismatch("true or false", value, key)
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; empty where there is none."""
        if key not in self.data:
            return ()
        values = self._get(key)
        if not isinstance(values, list):
            raise self._mismatch("a list of strings", values, key)
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise self._mismatch("a string", value, key, index)
        return tuple(values)

    def scalars(self, key: str) -> tuple[Scalar, ...]:
        """Return one scalar, or a list of at least one, as a tuple."""
        value = self._get(key)
        if not isinstance(value, list):
            return (self._scalar(value, key),)
        if not value:
            raise self.error("the list is empty", key, remedy="name at least one level")
        return tuple(self._scalar(item, key, index) for index, item in enumerate(value))

    def scalar(self, key: str) -> Scalar:
        """Return one string, integer, number or boolean."""
        return self._scalar(self._get(key), key)

    def table(self, key: str) -> Table:
        """Return a table; an empty one where there is none."""
        if key not in self.data:
            return Table({}, self.file, self._lines, (*self.path, key))
        value = self._get(key)
        if not isinstance(value, dict):
            raise self._mismatch("a table", value, key, remedy=f"write [{key}]")
        return Table(value, self.file, self._lines, (*self.path, key))

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return an array of tables; empty where there is none."""
        if key not in self.data:
            return ()
        values = self._get(key)
        if not isinstance(values, list):
            raise self._mismatch("an array of tables", values, key, remedy=f"write [[{key}]]")
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                raise self._mismatch("a table", value, key, index, remedy=f"write [[{key}]]")
        return tuple(
            Table(value, self.file, self._lines, (*self.path, key, index))
            for index, value in enumerate(values)
        )

    def _get(self, key: str) -> Any:
        if key not in self.data:
            raise self.error("is missing", key, remedy="it has no default")
        return self.data[key]

    def _scalar(self, value: Any, *keys: str | int) -> Scalar:
        if not isinstance(value, (str, int, float, bool)):
            raise self._mismatch("a string, a number or a boolean", value, *keys)
        return value

    def _mismatch(
        self, expected: str, value: Any, *keys: str | int, remedy: str | None = None
    ) -> UsageError:
        got = type_in_words(value)
        if remedy is None and isinstance(value, str) and expected in ("an integer", "a number"):
            remedy = "leave the quotes out"
        elif remedy is None and expected == "a string":
            remedy = "put it in quotes"
        elif remedy is None and expected == "a list of strings":
            remedy = 'write ["..."]'
        return self.error(f"expected {expected}, got {got}", *keys, remedy=remedy)


def type_in_words(value: Any) -> str:
    """Name the TOML type of a value with its article."""
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a boolean"),  # before int, which it is a kind of
        (int, "an integer"),
        (float, "a number"),
        (str, "a string"),
        ((list, tuple), "a list"),
        (dict, "a table"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "a date or time")


def _dotted(path: KeyPath) -> str:
    """Return ``a.b[0].c``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _syntax_error(name: str, text: str, message: str) -> UsageError:
    found = re.search(r"\(at line (\d+), column (\d+)\)$", message)
    line = int(found[1]) if found else max(1, len(text.splitlines()))
    what = re.sub(r"\s*\(at [^)]*\)$", "", message)
    return UsageError(
        f"not TOML: {what[:1].lower()}{what[1:]}",
        where=f"{name}:{line}",
        remedy="correct this line or the one before it",
    )
