"""What goes wrong, out of the logs of Flower's programs: the errors, without all that went well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_LEVEL = re.compile(r"^(?:\S+Z )?(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")
_TROUBLE = ("ERROR", "CRITICAL")
_QUIET = re.compile(r"^(?:ERROR|CRITICAL)\s*:?\s*$")


class Trouble:
    """The lines of ``logs`` that tell of errors, from each look to the next."""

    def __init__(self, *logs: Path) -> None:
        self._at = dict.fromkeys(logs, 0)
        self._within = dict.fromkeys(logs, False)

    def look(self) -> Iterator[str]:
        """Yield the lines that have come since the last look, a traceback's too."""
        for log in self._at:
            for line in self._new(log):
                level = _LEVEL.match(line)
                if level:
                    self._within[log] = level[1] in _TROUBLE
                if self._within[log] and line.strip() and not _QUIET.match(line):
                    yield line

    def _new(self, log: Path) -> Iterator[str]:
        """Yield whole lines; half of one is read again."""
        try:
            with log.open("rb") as file:
                file.seek(self._at[log])
                data = file.read()
        except FileNotFoundError:
            return
        whole = data.rpartition(b"\n")[0]
        if whole:
            self._at[log] += len(whole) + 1
            yield from _COLOURS.sub("", whole.decode("utf-8", "replace")).splitlines()


def tail(log: Path, lines: int = 20) -> list[str]:
    """Return the last lines of a log that say something; none where there is no log."""
    try:
        text = log.read_bytes()[-16384:].decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    found = (line.rstrip() for line in _COLOURS.sub("", text).splitlines())
    return [line for line in found if line][-lines:]


def last_words(log: Path) -> str:
    """Return the last line of a log that says something; "" where there is none."""
    try:
        text = log.read_bytes()[-8192:].decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    lines = [line.strip() for line in _COLOURS.sub("", text).splitlines()]
    return next((line for line in reversed(lines) if line and "visit: <" not in line), "")
