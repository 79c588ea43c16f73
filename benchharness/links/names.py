"""Names of namespaces and interfaces, with the harness's process id; what a killed one left goes.

A namespace is ``benchharness-PID-N-PARTICIPANT``; an interface, whose name has 15 characters at
most, ``bhPIDbN`` (a bridge) or ``bhPIDpN`` (its ports), N counted up within the process.

Containers may share a network and not the process ids: a harness therefore holds an abstract Unix
socket named after its number, which the kernel drops with it (unix(7)), and takes another number
if that is held.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import re
import socket
from collections.abc import Iterable
from pathlib import Path

from benchharness.errors import UnfitError
from benchharness.links.commands import run_ip

NAMESPACES = Path("/run/netns")
INTERFACES = Path("/sys/class/net")
_OURS = re.compile(r"benchharness-(\d+)-.+|bh(\d+)[bp]\d+")
_MOST_NUMBERS = 100_000  # bh4194303p99999 has 15 characters
_MOST_PROCESSES = 4_194_304  # of Linux
_numbers = itertools.count()
_in_use: set[str] = set()  # of this process
_held: dict[int, tuple[int, socket.socket]] = {}  # by process: its number, and what says so


def _number() -> int:
    """Return this harness's number: its process id, or another if a container has that one."""
    own = os.getpid()
    if own not in _held:
        number, mark = own, _mark(own)
        while mark is None:
            number = random.SystemRandom().randrange(2, _MOST_PROCESSES)
            mark = _mark(number)
        _held[own] = (number, mark)
    return _held[own][0]


def _mark(number: int) -> socket.socket | None:
    """Return the socket that marks a number as held; None if another harness holds it.

    Raises UnfitError if no socket is to be had.
    """
    try:
        mark = socket.socket(socket.AF_UNIX)
    except OSError as error:
        raise UnfitError(f"no socket is to be had: {error.strerror}", where="links") from None
    try:
        mark.bind(f"\0benchharness-{number}")
    except OSError as error:
        mark.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise UnfitError(f"no socket is to be had: {error.strerror}", where="links") from None
    return mark


def new_names(kind: str, count: int) -> list[str]:
    """Return names for interfaces of a kind, "b" or "p", that this process does not use."""
    names: list[str] = []
    while len(names) < count:
        name = f"bh{_number()}{kind}{next(_numbers) % _MOST_NUMBERS}"
        if name not in _in_use:
            _in_use.add(name)
            names.append(name)
    return names


def new_namespace(participant: str) -> str:
    """Return a name for a participant's namespace."""
    name = f"benchharness-{_number()}-{next(_numbers)}-{participant}"
    _in_use.add(name)
    return name


def release(names: Iterable[str]) -> None:
    """Forget names of interfaces and namespaces that have gone."""
    _in_use.difference_update(names)


def remove(names: Iterable[str]) -> None:
    """Remove interfaces and namespaces, those that are there.

    Interfaces first: those of a namespace go some time after it, and a name could be in the way.
    An interrupt waits until they are gone.
    """
    wanted = list(names)
    interrupt: KeyboardInterrupt | None = None
    while True:
        try:
            _remove_now(wanted)
            break
        except KeyboardInterrupt as error:  # which has killed ip in the midst of it
            interrupt = error
    release(wanted)
    if interrupt is not None:
        raise interrupt


def _remove_now(wanted: list[str]) -> None:
    links = [name for name in wanted if (INTERFACES / name).exists()]
    spaces = [name for name in wanted if (NAMESPACES / name).exists()]
    run_ip(
        [*(f"link del {name}" for name in links), *(f"netns del {name}" for name in spaces)],
        force=True,
    )


def remove_abandoned() -> None:
    """Remove what a harness has left that is gone, as far as this process may."""
    with contextlib.suppress(UnfitError):
        remove(abandoned())


def abandoned() -> list[str]:
    """Return interfaces and namespaces whose process is gone, or was another of this number."""
    return [
        name
        for folder in (INTERFACES, NAMESPACES)
        for name in _entries(folder)
        if (match := _OURS.fullmatch(name)) and _is_gone(name, int(match[1] or match[2]))
    ]


def _is_gone(name: str, number: int) -> bool:
    if name in _in_use:
        return False
    if number == _number():
        return True
    mark = _mark(number)
    if mark is None:
        return False
    mark.close()
    return not Path(f"/proc/{number}").exists()


def _entries(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are wanted
    except OSError:
        return []
