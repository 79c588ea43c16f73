"""Reads a folder of published results strictly: every complaint says file and line."""

from __future__ import annotations

import csv
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchharness.errors import UnknownNameError, UsageError
from benchharness.report.published import (
    AUDIT_FILE,
    SOURCE_FILE,
    TITLES,
    Finding,
    Place,
    Published,
    Row,
    Value,
    WorkloadNotes,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FIXED = ("table", "page", "device", "workload")
_NEEDED = ("table", "device", "workload")
_PRINTED, _PRINTED_UNIT = "_printed", "_printed_unit"
_PRINTED_COLUMNS = tuple(
    f"{quantity.rsplit('_', 1)[0]}{ending}"
    for quantity in TITLES
    for ending in (_PRINTED, _PRINTED_UNIT)
)
_SOURCE_KEYS = {
    "title": str, "short": str, "year": int, "section": str, "pages": str, "url": str,
    "licence": str, "compare": str, "reference": str, "factors": list, "results": list,
    "names": dict, "workload": dict,
}  # fmt: skip
_OPTIONAL = ("year", "pages", "url", "names", "workload")
_TEXTS = ("id", "title", "basis", "place", "printed", "why", "reading", "effect")
_BASES = ("computed", "inferred")
_PLACE_KEYS = ("workload", "device", "quantity", "order", "comparable")
_FORMS = ("metric", "phase")


def read_published(folder: Path) -> Published:
    """Read source.toml, the CSV files that it names, and audit.toml.

    Raises UsageError with file and line for anything that is missing, unknown or no number.
    """
    path = folder / SOURCE_FILE
    source = _toml(path)
    _only(source, _SOURCE_KEYS, str(path))
    for key, kind in _SOURCE_KEYS.items():
        if key not in source and key in _OPTIONAL:
            continue
        if not isinstance(source.get(key), kind):
            raise UsageError(f"{key} must be a {_WORDS[kind]}", where=str(path))
    factors = tuple(str(name) for name in source["factors"])
    if source["compare"] not in factors:
        raise UnknownNameError("factor", source["compare"], factors, where=f"{path}: compare")
    rows = [row for name in source["results"] for row in read_rows(folder / str(name), factors)]
    levels = {row.factors[source["compare"]] for row in rows if source["compare"] in row.factors}
    if source["reference"] not in levels:
        raise UnknownNameError("level", source["reference"], levels, where=f"{path}: reference")
    return Published(
        name=folder.name,
        title=source["title"],
        short=source["short"],
        section=source["section"],
        licence=source["licence"],
        compare=source["compare"],
        reference=source["reference"],
        factors=factors,
        names={str(level): str(name) for level, name in source.get("names", {}).items()},
        workloads={
            name: _notes(notes, f"{path}: workload.{name}")
            for name, notes in source.get("workload", {}).items()
        },
        rows=tuple(rows),
        findings=tuple(read_audit(folder / AUDIT_FILE, source["compare"])),
        folder=folder,
    )


_WORDS = {str: "text", int: "whole number", list: "list", dict: "table", bool: "true or false"}


def read_rows(path: Path, factors: Iterable[str]) -> Iterator[Row]:
    """Yield the rows of a CSV file. Raises UsageError with file and line."""
    names = tuple(factors)
    lines = _csv(path)
    first, head = next(lines)
    known = (*_FIXED, *names, *TITLES, *_PRINTED_COLUMNS)
    for column in head:
        if column not in known:
            raise UnknownNameError("column", column, known, where=f"{path}:{first}")
    for column in _NEEDED:
        if column not in head:
            raise UsageError(f"no column {column}", where=f"{path}:{first}")
    for line, cells in lines:
        where = f"{path}:{line}"
        if len(cells) != len(head):
            raise UsageError(f"{len(cells)} cells under {len(head)} columns", where=where)
        row = dict(zip(head, cells, strict=True))
        for column in _NEEDED:
            if not row[column]:
                raise UsageError(f"{column} is empty", where=where)
        yield Row(
            table=row["table"],
            device=row["device"],
            workload=row["workload"],
            factors={name: row[name] for name in names if row.get(name)},
            values={q: _value(row, q, where) for q in TITLES if row.get(q)},
        )


def _value(row: Mapping[str, str], quantity: str, where: str) -> Value:
    text = row[quantity]
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        raise UsageError(f"{quantity}: {text!r} is not a number", where=where)
    stem = quantity.rsplit("_", 1)[0]
    printed, unit = row.get(stem + _PRINTED, ""), row.get(stem + _PRINTED_UNIT, "")
    if bool(printed) != bool(unit):
        raise UsageError(f"{stem}{_PRINTED} and {stem}{_PRINTED_UNIT} belong together", where=where)
    same = not printed or f"{printed} {unit}" == f"{text} {TITLES[quantity][1]}"
    return Value(
        value=float(text),
        half=0.5 * 10.0 ** -len(text.partition(".")[2]),
        text=text,
        printed=None if same else f"{printed} {unit}",
    )


def read_audit(path: Path, compare: str) -> Iterator[Finding]:
    """Yield the findings. Raises UsageError with file and line of the entry."""
    document = _toml(path)
    _only(document, ("finding",), str(path))
    lines = _lines_of(path, "[[finding]]")
    seen: set[str] = set()
    for line, entry in zip(lines, document.get("finding", []), strict=False):
        where = f"{path}:{line}"
        _only(entry, (*_TEXTS, "numbers", "given", "at"), where)
        for key in _TEXTS:
            if not isinstance(entry.get(key), str) or not entry[key].strip():
                raise UsageError(f"{key} must be a text", where=where)
        if entry["basis"] not in _BASES:
            raise UnknownNameError("basis", entry["basis"], _BASES, where=where)
        if entry["id"] in seen:
            raise UsageError(f"id {entry['id']!r} twice", where=where)
        seen.add(entry["id"])
        yield Finding(
            **{key: entry[key] for key in _TEXTS},
            numbers=_numbers(entry, "numbers", where),
            given=_numbers(entry, "given", where),
            at=tuple(_place(at, compare, where) for at in entry.get("at", ())),
        )


def _place(at: object, compare: str, where: str) -> Place:
    if not isinstance(at, dict):
        raise UsageError("at must be a list of tables", where=where)
    _only(at, (*_PLACE_KEYS, compare), where)
    quantity = at.get("quantity")
    comparable = at.get("comparable", True)
    if not isinstance(comparable, bool):
        raise UsageError("at.comparable must be true or false", where=where)
    return Place(
        workload=at.get("workload"),
        device=at.get("device"),
        level=at.get(compare),
        quantity=quantity,
        order=bool(at.get("order", False)),
        comparable=comparable,
    )


def _numbers(entry: Mapping[str, Any], key: str, where: str) -> dict[str, float]:
    found = entry.get(key, {})
    if not isinstance(found, dict):
        raise UsageError(f"{key} must be a table", where=where)
    for name, value in found.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise UsageError(f"{key}.{name} must be a number", where=where)
    return {name: float(value) for name, value in found.items()}


def _notes(notes: object, where: str) -> WorkloadNotes:
    if not isinstance(notes, dict):
        raise UsageError("must be a table", where=where)
    _only(notes, ("set", "measured"), where)
    measured = {str(k): str(v) for k, v in notes.get("measured", {}).items()}
    for quantity, source in measured.items():
        form, _, name = source.partition(":")
        if quantity not in TITLES:
            raise UnknownNameError("quantity", quantity, TITLES, where=where)
        if form not in _FORMS or not name:
            raise UsageError(f"{source!r} is neither metric:NAME nor phase:NAME", where=where)
    return WorkloadNotes({k: str(v) for k, v in notes.get("set", {}).items()}, measured)


def _only(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise UnknownNameError("key", key, known, where=where)


def _toml(path: Path) -> dict[str, Any]:
    try:
        table: dict[str, Any] = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise UsageError(
            f"is not TOML: {error}", where=f"{path}:{found[1] if found else 1}"
        ) from None
    return table


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_text(path).splitlines(), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise UsageError(f"is not CSV: {error}", where=f"{path}:{reader.line_num}") from None
    if not rows:
        raise UsageError("is empty", where=f"{path}:1", remedy="write a line of columns")
    yield from rows


def _lines_of(path: Path, header: str) -> list[int]:
    lines = _text(path).splitlines()
    return [number for number, line in enumerate(lines, 1) if line.strip().startswith(header)]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot be read: {reason}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"byte {error.start} is not UTF-8", where=str(path)) from None
