"""A calibration kept in an instrument's file: only its own keys are written, comments stay.

The edit is by lines, and it is checked: the file that comes out must read as the old one with the
new values and nothing else, or nothing is written. So a key inside a text of several lines, or
below a table's head, cannot be mistaken for the instrument's.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchharness.declarations import shipped_folder, user_folder
from benchharness.errors import UsageError
from benchharness.meters.base import Instrument

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Values = Mapping[str, "float | str"]


def file_to_keep_in(instrument: Instrument) -> Path:
    """Return the instrument's file. Raises UsageError if there is none that may be written."""
    path = Path(instrument.where)
    if not instrument.where.endswith(".toml") or not path.is_file():
        raise UsageError(
            "an address has no file to keep a calibration in",
            where=instrument.where,
            remedy=f"make one: {make_file_command(instrument)}",
        )
    shipped = shipped_folder("meters")
    inside = shipped.parent.name == "_declarations" and path.resolve().parent == shipped.resolve()
    if inside or not os.access(path, os.W_OK):
        own = user_folder() / "meters"
        raise UsageError(
            "cannot be written" if not inside else "is a shipped file",
            where=str(path),
            remedy=f"copy it to {own}/{path.name} and check that",
        )
    return path


def make_file_command(instrument: Instrument) -> str:
    """Return the command that makes a file of an address."""
    return (
        f"benchharness meters check {instrument.where} --print-file > meters/{instrument.name}.toml"
    )


def keep(path: Path, values: Values) -> None:
    """Write top-level keys into a TOML file, in place of their old values or after the last key.

    Raises UsageError if the file cannot be read or written, or cannot be edited safely.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        new = edited(text, values)
        if new is None:
            lines = ", ".join(f"{key} = {_toml(value)}" for key, value in values.items())
            raise UsageError(
                "cannot be edited safely", where=str(path), remedy=f"write it yourself: {lines}"
            )
        _replace(path.resolve(), new.encode("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path)) from None


def edited(text: str, values: Values) -> str | None:
    """Return a TOML text with top-level keys set, None if no edit of single lines does it."""
    for key, value in values.items():
        wanted = {**tomllib.loads(text), key: value}
        text_or_none = next((t for t in _edits(text, key, value) if _reads_as(t, wanted)), None)
        if text_or_none is None:
            return None
        text = text_or_none
    return text


def as_file(instrument: Instrument, values: Values | None = None) -> str:
    """Return an instrument's file for what an address says, with ``values`` besides."""
    table: dict[str, Any] = {"driver": instrument.driver}
    if instrument.target != "board":
        table["target"] = instrument.target
    if instrument.part_of is not None:
        table["part_of"] = instrument.part_of
    table |= {**instrument.options, **(values or {})}
    return "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())


def _edits(text: str, key: str, value: float | str) -> Iterator[str]:
    """Yield texts with the key in place of its old line, or on a new one, the likeliest first."""
    lines = text.splitlines(keepends=True)
    old = re.compile(rf"(\s*(?:{key}|\"{key}\"|'{key}')\s*=\s*)([^#\r\n]*?)(\s*(?:#.*)?\r?\n?)")
    for place, line in enumerate(lines):
        if match := old.fullmatch(line):
            new = f"{match[1]}{_toml(value)}{match[3]}"
            yield "".join([*lines[:place], new, *lines[place + 1 :]])
    end = "\r\n" if text.endswith("\r\n") or "\r\n" in text else "\n"
    for place in range(len(lines), -1, -1):
        before = lines[:place]
        if before and not before[-1].endswith("\n"):
            before[-1] += end
        yield "".join([*before, f"{key} = {_toml(value)}{end}", *lines[place:]])


def _reads_as(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return bool(tomllib.loads(text) == wanted)
    except tomllib.TOMLDecodeError:
        return False


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
    return repr(value)


def _replace(path: Path, data: bytes) -> None:
    """Write beside the file and rename: a power cut leaves the old file or the new one."""
    mode = path.stat().st_mode
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode & 0o7777)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
