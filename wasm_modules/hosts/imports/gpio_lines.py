"""Where the value of a GPIO line comes from: a chip, sysfs, or a recorded file.

``gpiochip0:17``  line 17 of /dev/gpiochip0, by libgpiod (its Python package, version 2)
``sysfs:17``      /sys/class/gpio/gpio17/value, for kernels that still have it
``file:PATH``     what was recorded of a line, in one of two forms:

    values   0 or 1 a line; each read takes the next one, and after the last comes the first
    edges    ``time_s,value`` as the first line, then such rows, times ascending from 0: the
             value at a time since the first read; after the last edge it stays

Empty lines and what follows a ``#`` do not count. Only the standard library is needed, but for
a chip. Every error is a HostError in one line.
"""

from __future__ import annotations

import bisect
import errno
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from wasm_modules.hosts.failures import EXIT_FAILED, EXIT_UNFIT, EXIT_USAGE, HostError

SYSFS = Path("/sys/class/gpio")
EDGES_HEADER = "time_s,value"
FORMS = "gpiochip0:17, sysfs:17 or file:PATH"

Line = Callable[[], int]  # reads it: 0 or 1


def open_line(spec: str, sysfs: Path = SYSFS) -> Line:
    """Return a function that reads the line which a spec names. Raises HostError."""
    kind, _, rest = spec.partition(":")
    if kind == "file" and rest:
        return _recorded(Path(rest))
    if kind == "sysfs" and rest.isdecimal():
        return _sysfs(int(rest), sysfs)
    if kind.startswith("gpiochip") and rest.isdecimal():
        return _chip(Path("/dev") / Path(kind).name, int(rest))
    raise HostError(f"a GPIO line is {FORMS}, got {spec!r}", EXIT_USAGE)


def recorded_values(path: Path) -> tuple[int, ...] | None:
    """Return the values of a recording, or None if it has edges. Raises HostError."""
    rows = _rows(path)
    if rows[0][1] == EDGES_HEADER:
        return None
    return tuple(_bit(text, path, number) for number, text in rows)


def _recorded(path: Path) -> Line:
    values = recorded_values(path)
    return _next_of(values) if values is not None else _at_time(*_edges(path), time.monotonic)


def _next_of(values: tuple[int, ...]) -> Line:
    reads = 0

    def read() -> int:
        nonlocal reads
        value = values[reads % len(values)]
        reads += 1
        return value

    return read


def _at_time(times_s: list[float], values: list[int], clock: Callable[[], float]) -> Line:
    """Return a line of edges; its first read is at time 0 of the recording."""
    start_s: float | None = None

    def read() -> int:
        nonlocal start_s
        now_s = clock()
        start_s = now_s if start_s is None else start_s
        return values[bisect.bisect_right(times_s, now_s - start_s) - 1]

    return read


def _rows(path: Path) -> list[tuple[int, str]]:
    """Return the rows that count, with their numbers in the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise HostError(
            f"the recorded GPIO line {path} cannot be read: {error.strerror};"
            " name a file by its whole path",
            EXIT_FAILED,
        ) from None
    except UnicodeDecodeError:
        raise HostError(f"the recorded GPIO line {path} is not text", EXIT_FAILED) from None
    stripped = (line.partition("#")[0].strip() for line in text.splitlines())
    rows = [(number, line) for number, line in enumerate(stripped, start=1) if line]
    if not rows:
        raise HostError(f"the recorded GPIO line {path} has no values", EXIT_FAILED)
    return rows


def _edges(path: Path) -> tuple[list[float], list[int]]:
    times_s: list[float] = []
    values: list[int] = []
    for number, text in _rows(path)[1:]:
        first, _, second = text.partition(",")
        try:
            time_s = float(first)
        except ValueError:
            time_s = math.nan
        if not math.isfinite(time_s) or (time_s <= times_s[-1] if times_s else time_s != 0):
            raise HostError(
                f"{path}, line {number}: times are seconds, ascending from 0; got {first!r}",
                EXIT_FAILED,
            )
        times_s.append(time_s)
        values.append(_bit(second.strip(), path, number))
    if not times_s:
        raise HostError(f"the recorded GPIO line {path} has no values", EXIT_FAILED)
    return times_s, values


def _bit(text: str, path: Path, number: int) -> int:
    if text not in ("0", "1"):
        raise HostError(f"{path}, line {number}: a value is 0 or 1, got {text!r}", EXIT_FAILED)
    return int(text)


def _sysfs(line: int, root: Path) -> Line:
    path = root / f"gpio{line}" / "value"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise HostError(
            f"there is no GPIO line sysfs:{line} ({path}: {error.strerror});"
            f" export it: echo {line} | sudo tee {root}/export, or use gpiochipN:LINE",
            EXIT_FAILED,
        ) from None

    def read() -> int:
        try:
            text = os.pread(descriptor, 16, 0).strip()
        except OSError as error:
            raise _gone(f"sysfs:{line}", error) from None
        if text not in (b"0", b"1"):
            raise HostError(f"{path} is neither 0 nor 1: {text!r}", EXIT_FAILED)
        return int(text)

    return read


def _chip(device: Path, line: int) -> Line:
    name = f"{device.name}:{line}"
    try:
        import gpiod
    except ImportError:
        if not device.exists():  # which a package would not mend
            raise _no_line(name, os.strerror(errno.ENOENT)) from None
        raise HostError(
            "a GPIO chip needs the Python module gpiod, version 2;"
            f" install it: {sys.executable} -m pip install 'gpiod>=2'",
            EXIT_UNFIT,
        ) from None
    try:
        request = gpiod.request_lines(
            str(device),
            consumer="benchharness",
            config={line: gpiod.LineSettings(direction=gpiod.line.Direction.INPUT)},
        )
    except (OSError, ValueError) as error:
        raise _no_line(name, _reason(error)) from None

    def read() -> int:
        try:
            return int(request.get_value(line) == gpiod.line.Value.ACTIVE)
        except OSError as error:
            raise _gone(name, error) from None

    return read


def _no_line(name: str, reason: str) -> HostError:
    return HostError(
        f"there is no GPIO line {name} that can be read ({reason});"
        " list lines and who holds them: gpioinfo; or use file:PATH, a recorded line",
        EXIT_FAILED,
    )


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _gone(name: str, error: OSError) -> HostError:
    return HostError(f"the GPIO line {name} has gone: {error.strerror}", EXIT_FAILED)
