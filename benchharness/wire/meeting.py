"""How programs of a trial find their server: a file with its port, and calling until it is there.

The file lies in the folder that the programs share. When there is nobody to call any more it says
so, and who is started again later does not wait.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from benchharness.errors import GateError
from benchharness.wire.connection import keep_alive
from benchharness.wire.frames import WireError

PORT_FILE = "port"
OVER = "over: "  # what the port file begins with when there is nobody to call any more
PATIENCE_S = 120.0  # without a server; importing PyTorch takes a Pi most of a minute
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - what a server may listen on is no place to call
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


class NotListeningError(Exception):
    """There is no server yet: it has not written its port."""


class OverError(Exception):
    """The training is over."""


class LostError(WireError):
    """The server was there, and has gone."""


def over(file: Path) -> str | None:
    """Return how the training of a port file has ended; None if it has not."""
    try:
        text = file.read_text()
    except FileNotFoundError:
        return None
    return text.removeprefix(OVER).strip() if text.startswith(OVER) else None


def earlier_port(file: Path) -> int:
    """Return the port that an earlier server of this folder had; 0 if there was none."""
    try:
        port = int(file.read_text())
    except (FileNotFoundError, ValueError):
        return 0
    return port if 0 < port < 1 << 16 else 0


def refuse_if_over(file: Path) -> None:
    """Raise GateError where the training of a folder is over."""
    if (text := over(file)) is not None:
        raise GateError(
            f"the training has ended already: {text}", remedy="take an empty --shared folder"
        )


def write_port(file: Path, port: int) -> None:
    """Say on which port the server listens."""
    _write_whole(file, f"{port}\n")


def say_over(file: Path, text: str) -> None:
    """Say that the training is over, and how it ended."""
    _write_whole(file, f"{OVER}{text}\n")


def call(file: Path, host: str, port: int) -> socket.socket:
    """Connect to the server; port 0 is the one in ``file``.

    Raises OverError, NotListeningError, OSError.
    """
    if over(file) is not None:
        raise OverError
    if not port:
        try:
            port = int(file.read_text())
        except (FileNotFoundError, ValueError):
            raise NotListeningError(f"there is no port in {file}") from None
    sock = socket.create_connection(("127.0.0.1" if host == _EVERYWHERE else host, port), 10.0)
    keep_alive(sock)
    return sock


def keep_calling(visit: Callable[[], None], patience_s: float = PATIENCE_S) -> None:
    """Do ``visit``, which calls the server and stays until it says good-bye; again if it is lost.

    Raises GateError when there has been no server for ``patience_s``, and what ``visit`` raises
    beyond WireError, OSError and the errors of this module.
    """
    last_seen_s, pause_s = time.monotonic(), _FIRST_PAUSE_S
    while True:
        try:
            visit()
            return
        except OverError:
            return  # it was started again, and the others have done without it
        except (OSError, WireError, NotListeningError) as error:
            if isinstance(error, LostError):
                last_seen_s, pause_s = time.monotonic(), _FIRST_PAUSE_S
            if time.monotonic() - last_seen_s + pause_s > patience_s:
                _give_up(error, patience_s)
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def last_word(say: Callable[[], None], patience_s: float) -> None:
    """Do ``say``, which tells the server something and goes, if it can be found in this time."""
    until_s = time.monotonic() + patience_s
    while time.monotonic() < until_s:
        try:
            say()
            return
        except OverError:
            return
        except (OSError, WireError, NotListeningError):
            time.sleep(_LONGEST_PAUSE_S / 4)


def boot_id() -> str:
    """Return what is equal for two processes whose CLOCK_MONOTONIC is the same clock."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _write_whole(file: Path, text: str) -> None:
    """Write a file that a reader sees whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text)
    part.replace(file)


def _give_up(error: Exception, patience_s: float) -> NoReturn:
    raise GateError(
        f"the server has gone: no connection for {patience_s:g} s, the last time: {error}",
        remedy="see what the server said, and start it again",
    ) from None
