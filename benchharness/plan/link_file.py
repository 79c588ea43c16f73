"""A link by its name, its file or its figures; a file of rates over time.

title = "A tram through a tunnel"
source = "where the figures are from"
repeat_s = 60                   # from then on it begins again; without it the last rate stays
[[rate]]
t_s = 0                         # from the start of the window, rising
up_bit_s = 20e6                 # what the device sends
down_bit_s = 5e6

or, in place of [[rate]], file = "tram.csv": columns t_s,up_bit_s,down_bit_s, beside the file.
"""

from __future__ import annotations

import re
from pathlib import Path

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError
from benchharness.links.records import LinkTrace, constant, rate_fault, repeat_fault, time_fault
from benchharness.plan.toml_reader import Table, display_path, read_toml

NO_LINK = "none"
UNLIMITED = "unlimited"
_FOLDER = "links"
_CONSTANT = "constant:"
_COLUMNS = ("t_s", "up_bit_s", "down_bit_s")
_RATES = re.compile(r"([^/]+)(?:/([^/]+))?")

Row = tuple[float, float, float]


def find_links(text: str, where: str | None = None) -> tuple[LinkTrace | None, ...] | None:
    """Return the links that a specification names, for a participant's instances in turn.

    ``none``, the machine's own network, is None for all; ``unlimited`` is a None among others.
    ``constant:UP`` and ``constant:UP/DOWN`` are in Mbit/s; else it is a name of
    ``links/NAME.toml`` or a path; several stand between semicolons. Raises UsageError.
    """
    words = [word.strip() for word in text.split(";")]
    if words == [NO_LINK]:
        return None
    if NO_LINK in words:
        raise UsageError(
            f"'none' stands among other links in {text!r}",
            where=where,
            remedy="write unlimited for one that is not limited",
        )
    return tuple(None if word == UNLIMITED else find_link(word, where) for word in words)


def find_link(word: str, where: str | None = None) -> LinkTrace:
    """Return one link; the user's own files come before the shipped ones. Raises UsageError."""
    if word.startswith(_CONSTANT):
        return _constant(word, where)
    if word.endswith(".toml") or "/" in word:
        if not Path(word).is_file():
            raise UsageError(f"no such link file: {word}", where=where, remedy="check the path")
        return load_link(Path(word))
    files = link_files()
    if word not in files:
        known = (*files, NO_LINK, UNLIMITED, "constant:20", "constant:20/5")
        raise UnknownNameError("link", word, known, where=where)
    return load_link(files[word])


def link_files() -> dict[str, Path]:
    """Return the links that can be named, sorted; a user's own hides a shipped one."""
    found: dict[str, Path] = {}
    for folder in declarations.folders(_FOLDER):
        for file in folder.glob("*.toml"):
            found.setdefault(file.stem, file)
    return dict(sorted(found.items()))


def load_link(path: Path) -> LinkTrace:
    """Read a link file. Raises UsageError with file, line and key."""
    table = read_toml(path)
    table.only("title", "source", "repeat_s", "rate", "file")
    if ("file" in table) == ("rate" in table):
        raise table.error(
            "a link has either [[rate]] or file",
            remedy='write [[rate]] with t_s, up_bit_s and down_bit_s, or file = "NAME.csv"',
        )
    if "file" in table:
        rows = _from_csv(path.parent / table.string("file"), table)
    else:
        rows = _from_tables(table)
    repeat_s = table.number("repeat_s", above=0)
    fault = repeat_fault(repeat_s, rows[-1][0])
    if fault is not None:
        raise table.error(fault, "repeat_s")
    t_s, up, down = (tuple(column) for column in zip(*rows, strict=True))
    source = " ".join(table.string("source", "").split())
    return LinkTrace(table.string("title", path.stem), source, t_s, up, down, repeat_s)


def _constant(word: str, where: str | None) -> LinkTrace:
    rates = _RATES.fullmatch(word.removeprefix(_CONSTANT))
    remedy = "write constant:UP or constant:UP/DOWN, in Mbit/s, such as constant:20/5"
    try:
        if rates is None:
            raise ValueError
        up, down = (float(rate) * 1e6 for rate in (rates[1], rates[2] or rates[1]))
    except ValueError:
        raise UsageError(f"not a link: {word!r}", where=where, remedy=remedy) from None
    fault = rate_fault(up) or rate_fault(down)
    if fault is not None:
        raise UsageError(f"{word}: {fault}", where=where, remedy=remedy)
    return constant(up, down)


def _from_tables(table: Table) -> list[Row]:
    rows: list[Row] = []
    for entry in table.tables("rate"):
        entry.only(*_COLUMNS)
        t_s, up, down = (_number(entry, key) for key in _COLUMNS)
        faults = (time_fault(t_s, rows[-1][0] if rows else None), rate_fault(up), rate_fault(down))
        for key, fault in zip(_COLUMNS, faults, strict=True):
            if fault is not None:
                raise entry.error(fault, key)
        rows.append((t_s, up, down))
    if not rows:
        raise table.error("a link has at least one rate", "rate")
    return rows


def _number(entry: Table, key: str) -> float:
    value = entry.number(key)
    if value is None:
        raise entry.error("is missing", key, remedy=f"write {key} = ...")
    return value


def _from_csv(path: Path, table: Table) -> list[Row]:
    """Read a file of rates. Raises UsageError with its own name and line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise table.error(f"{path.name} cannot be read: {reason}", "file") from None
    name = display_path(path)
    if not lines or [word.strip() for word in lines[0].split(",")] != list(_COLUMNS):
        raise UsageError(f"the first line is not {','.join(_COLUMNS)}", where=f"{name}:1")
    rows: list[Row] = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        row = _row(line.split(","))
        if row is None:
            raise UsageError("expected three numbers", where=f"{name}:{number}")
        previous_s = rows[-1][0] if rows else None
        fault = time_fault(row[0], previous_s) or rate_fault(row[1]) or rate_fault(row[2])
        if fault is not None:
            raise UsageError(fault, where=f"{name}:{number}")
        rows.append(row)
    if not rows:
        raise UsageError("a link has at least one rate", where=f"{name}:{len(lines)}")
    return rows


def _row(cells: list[str]) -> Row | None:
    try:
        t_s, up, down = (float(cell) for cell in cells)
    except ValueError:
        return None
    return t_s, up, down
