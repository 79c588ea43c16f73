"""Does what one namespace sends arrive in another? A connection, tried before programs rely on it.

A firewall of this machine may look at what a bridge carries, and drop it.
"""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from benchharness.errors import UnfitError

_CLONE_NEWNET = 0x40000000
_TIMEOUT_S = 3.0


def check_reach(source: Path, target: Path, address: str) -> None:
    """Connect from one namespace to an address in another. Raises UnfitError if that fails."""
    try:
        with _inside(target, _listener(address)) as listener:
            port = listener.getsockname()[1]
            _inside(source, _connected((address, port))).close()
    except OSError as error:
        raise UnfitError(
            f"what is sent between two namespaces does not arrive: {error.strerror or error}",
            where="links",
            remedy="if a firewall looks at bridges: sysctl net.bridge.bridge-nf-call-iptables=0",
        ) from None


def _listener(address: str) -> Callable[[], socket.socket]:
    return lambda: socket.create_server((address, 0))


def _connected(place: tuple[str, int]) -> Callable[[], socket.socket]:
    return lambda: socket.create_connection(place, timeout=_TIMEOUT_S)


def _inside(namespace: Path, make: Callable[[], socket.socket]) -> socket.socket:
    """Return a socket made in a namespace; it stays there. Raises OSError.

    By a thread that enters the namespace and ends: the rest of the harness stays where it is.
    """
    made: list[socket.socket] = []
    failed: list[OSError] = []

    def enter_and_make() -> None:
        try:
            with namespace.open("rb") as file:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number))
            made.append(make())
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=enter_and_make, name="netns")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]
