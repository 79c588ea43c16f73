"""A factor, its levels, and how text becomes a level."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import Factors, FactorValue
from benchharness.plan.templates import as_text
from benchharness.plan.toml_reader import type_in_words

Kind = Literal["int", "float", "str", "bool", "path"]
Conditions = Mapping[str, tuple[FactorValue, ...]]  # factor -> the levels that satisfy it

KIND_IN_WORDS: Mapping[str, str] = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "path": "a path",
}
_INTEGER = re.compile(r"[+-]?[0-9]+(_[0-9]+)*")
_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Factor:
    """A parameter that may be varied.

    ``levels`` None means any value of the kind between ``minimum`` and ``maximum``; ``quick``
    is the default of a smoke run. A factor whose ``applies_when`` is not met keeps its default
    and is neither crossed nor named in the variant's label. A path is that of a file or folder
    that exists, made absolute when it is read, because a trial runs in a folder of its own; ""
    is none. ``pattern`` is the regular expression of a whole text.
    """

    name: str
    kind: Kind
    default: FactorValue
    levels: tuple[FactorValue, ...] | None = None
    quick: FactorValue | None = None
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""
    pattern: str | None = None
    applies_when: Conditions = field(default_factory=dict)

    def default_level(self, *, quick: bool) -> FactorValue:
        """Return the default, or the default of a smoke run where there is one."""
        return self.quick if quick and self.quick is not None else self.default

    def level(self, value: FactorValue, where: str) -> FactorValue:
        """Return text or a typed value as a level. Raises UsageError if it is none."""
        typed = self.parse(value, where) if isinstance(value, str) else self.typed(value, where)
        self.check_allowed(typed, where)
        return typed

    def parse(self, text: str, where: str) -> FactorValue:
        """Return text as a value of the kind, whether or not it is among the levels."""
        if self.kind == "str":
            return text
        if self.kind == "path":
            return _existing(text, where)
        if self.kind == "bool" and text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        if self.kind == "int" and (integer := parse_integer(text)) is not None:
            return integer
        if self.kind == "float":
            try:
                number = float(text)
            except ValueError:
                number = math.nan
            if math.isfinite(number):
                return number
        raise UsageError(
            f"expected {KIND_IN_WORDS[self.kind]}, got {text!r}", where=where, remedy=self._remedy()
        )

    def typed(self, value: FactorValue, where: str) -> FactorValue:
        """Return a typed value, an integer for a number made a float. Raises UsageError."""
        if self.kind == "str" and isinstance(value, str):
            return value
        if self.kind == "path" and isinstance(value, str):
            return _existing(value, where)
        is_bool = isinstance(value, bool)
        if self.kind == "bool" and is_bool:
            return value
        if self.kind == "int" and isinstance(value, int) and not is_bool:
            return value
        if self.kind == "float" and isinstance(value, (int, float)) and not is_bool:
            if math.isfinite(value):
                return float(value)
            raise UsageError(f"expected a finite number, got {value}", where=where)
        raise UsageError(
            f"expected {KIND_IN_WORDS[self.kind]}, got {type_in_words(value)}",
            where=where,
            remedy="leave the quotes out" if isinstance(value, str) else self._remedy(),
        )

    def beside(self, folder: Path, value: FactorValue) -> FactorValue:
        """Return a level that stands in a file of ``folder``: a path there is relative to that."""
        if self.kind == "path" and isinstance(value, str) and value:
            return str(folder / value)
        return value

    def word(self, value: FactorValue, levels: Sequence[FactorValue]) -> str:
        """Return a level for a label: a path without the folders that all the levels share."""
        if self.kind != "path" or not value:
            return as_text(value)
        shared = os.path.commonpath([Path(str(level)).parent for level in levels if level])
        return str(Path(str(value)).relative_to(shared))

    def check_allowed(self, value: FactorValue, where: str) -> None:
        """Refuse a value that is not among the levels, or below or above the bounds."""
        if self.levels is not None and value not in self.levels:
            if self.kind == "str":
                known = [str(level) for level in self.levels]
                raise UnknownNameError(f"level of {self.name}", str(value), known, where=where)
            raise UsageError(
                f"{as_text(value)} is not a level of {self.name}",
                where=where,
                remedy=self._remedy(),
            )
        if isinstance(value, str):
            if self.pattern is not None and not re.fullmatch(self.pattern, value):
                raise UsageError(
                    f"{value!r} does not fit {self.name}: {self.description or self.pattern}",
                    where=where,
                )
            return
        if self.minimum is not None and value < self.minimum:
            raise UsageError(
                f"{as_text(value)} is below the minimum of {self.name}, {self.minimum:g}",
                where=where,
            )
        if self.maximum is not None and value > self.maximum:
            raise UsageError(
                f"{as_text(value)} is above the maximum of {self.name}, {self.maximum:g}",
                where=where,
            )

    def _remedy(self) -> str | None:
        if self.levels is None:
            return None
        return f"known: {', '.join(as_text(level) for level in self.levels)}"


def parse_integer(text: str) -> int | None:
    """Return text as an integer, 1_000 too; None if it is none."""
    return int(text) if _INTEGER.fullmatch(text) else None


def _existing(text: str, where: str) -> str:
    """Return a path made absolute, from the current folder; "" is none."""
    if not text:
        return text
    path = str(Path.cwd() / text)
    if not os.path.exists(path):  # noqa: PTH110 - false for what can be no path at all, too
        raise UsageError(f"there is no {text}", where=where, remedy="check the path")
    return path


def satisfied(conditions: Conditions, factors: Factors) -> bool:
    """Return whether every factor of the conditions is at one of its levels."""
    return all(factors[name] in levels for name, levels in conditions.items())


def conditions_in_words(conditions: Conditions) -> str:
    """Return ``runtime=native or numpy and build=simd128``."""
    return " and ".join(
        f"{name}={' or '.join(as_text(level) for level in levels)}"
        for name, levels in conditions.items()
    )
