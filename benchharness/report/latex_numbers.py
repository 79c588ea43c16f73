"""Numbers and units as siunitx reads them: values with their ±, and the formats of S columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.report.text import DASH, Unit, scaled_pm

# What stands between a value and its ±, and the room of it where there is no ±.
PLUS_MINUS = r"$\,\pm\,$"
_ROOM = r"\hphantom{$\,\pm\,$}"

LATEX_UNITS = {
    "s": r"\second", "ms": r"\milli\second", "µs": r"\micro\second",
    "J": r"\joule", "kJ": r"\kilo\joule", "MJ": r"\mega\joule", "mJ": r"\milli\joule",
    "µJ": r"\micro\joule", "B": r"\byte", "KiB": r"\kibi\byte", "MiB": r"\mebi\byte",
    "GiB": r"\gibi\byte", "kB": r"\kilo\byte",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LatexColumn:
    """A column, which may span several of tabular's: specification, two header cells, rows."""

    spec: str
    head: str
    unit: str
    cells: tuple[str, ...]


def pair_columns(pairs: Sequence[tuple[str, str]], marks: Sequence[str]) -> tuple[str, list[str]]:
    """Return the specification of two S columns and the cells of values with their ±.

    ``marks`` stand above the line after a number and take no room. Without any ± it is one column.
    """
    value_format = f"S[table-format={table_format([value for value, _ in pairs])}]"
    raised = [rf"\rlap{{\textsuperscript{{{mark}}}}}" if mark else "" for mark in marks]
    if not any(half for _, half in pairs):
        cells = [(value or "{--}") + mark for (value, _), mark in zip(pairs, raised, strict=True)]
        return value_format, cells
    cells = []
    for (value, half), mark in zip(pairs, raised, strict=True):
        if half:
            cells.append(f"{value} & {half}{mark}")
        else:
            spec = f"{value_format if value else 'c'}@{{{_ROOM}}}"
            cells.append(rf"\multicolumn{{1}}{{{spec}}}{{{value or '--'}{mark}}} & {{}}")
    half_format = f"S[table-format={table_format([half for _, half in pairs])}]"
    return f"{value_format}@{{{PLUS_MINUS}}}{half_format}", cells


def unit_si(unit: Unit) -> str:
    """Return a unit as siunitx's macro."""
    # \si is understood by siunitx 2 and 3; \unit only by 3.
    return rf"\si{{{LATEX_UNITS[unit.symbol]}}}"


def value_and_half(value: float | None, half: float | None, factor: float = 1.0) -> tuple[str, str]:
    """Write a value and its ±, to the same place; without ``half`` four digits and nothing."""
    text, _, half_text = scaled_pm(value, half, Unit("", factor)).partition(" ± ")
    return ("", "") if text == DASH else (text, half_text)


def table_format(numbers: Sequence[str]) -> str:
    """Return the S column's format that holds every number: digits before and after the point."""
    parts = [n.lstrip("-").partition(".") for n in numbers if n]
    before = max((len(whole) for whole, _, _ in parts), default=1)
    after = max((len(decimals) for _, _, decimals in parts), default=0)
    return f"{'-' if any(n.startswith('-') for n in numbers) else ''}{before}.{after}"
