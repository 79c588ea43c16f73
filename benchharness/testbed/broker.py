"""A broker of one's own, for the time of a campaign: mosquitto on a free port of the loopback.

Only who has the campaign's password may speak to it, so nobody else on this machine reads what the
plugs say or speaks for them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchharness.errors import MeterError
from benchharness.meters.mqtt.credentials import Credentials
from benchharness.testbed.login import memory_file, password_line

_PROGRAM = "mosquitto"
_PLACES = "/usr/sbin:/usr/local/sbin"  # where Debian has it, which is not on a user's PATH
_TRIES = 5  # somebody may take the port in between
_START_TIMEOUT_S = 10.0
_END_TIMEOUT_S = 5.0
_PR_SET_PDEATHSIG = 1


def find_mosquitto() -> str | None:
    """Return the path of mosquitto, None where there is none."""
    return shutil.which(_PROGRAM) or shutil.which(_PROGRAM, path=_PLACES)


def require_mosquitto() -> str:
    """Return the path of mosquitto. Raises MeterError with the remedy where there is none."""
    found = find_mosquitto()
    if found is None:
        raise MeterError(
            "the emulated plugs need a broker, and mosquitto is not here",
            where="testbed",
            remedy="install it (apt install mosquitto), name one in the testbed's file "
            '([plugs] broker = "mqtt://HOST"), or measure without: --meter none',
        )
    return found


@contextmanager
def own_broker(login: Credentials) -> Iterator[str]:
    """Run a broker that only this machine reaches, and only with ``login``; yield its URL.

    It ends with the ``with``, and with this process however that ends. Call it from the thread
    that lives longest: the kernel ends the broker with the thread that started it. Raises
    MeterError.
    """
    program = require_mosquitto()
    for _ in range(_TRIES):
        port = _free_port()
        process = _start(program, port, login)
        try:
            if _listens_soon(process, port):
                yield f"mqtt://127.0.0.1:{port}"
                return
        finally:
            _end(process)
    raise MeterError(
        "mosquitto does not start",
        where="testbed",
        remedy=f"run it by hand and see what it says: {program} -v -p {port}",
    )


def _start(program: str, port: int, login: Credentials) -> subprocess.Popen[bytes]:
    passwords = memory_file("passwords", password_line(login) + "\n")
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous false",
        f"password_file /proc/self/fd/{passwords}",
        "persistence false",
    ]
    if os.geteuid() == 0:
        # A process that changes its user forgets that it is to end with its parent.
        lines.insert(0, "user root")
    settings = memory_file("mosquitto.conf", "\n".join(lines) + "\n")
    try:
        libc, parent = ctypes.CDLL(None), os.getpid()

        def end_with_parent() -> None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

        return subprocess.Popen(
            [program, "-c", f"/proc/self/fd/{settings}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(settings, passwords),
            preexec_fn=end_with_parent,  # noqa: PLW1509 - no other thread is there yet
        )
    except OSError as error:
        raise MeterError(f"cannot be started: {error.strerror}", where=program) from None
    finally:
        os.close(settings)
        os.close(passwords)


def _listens_soon(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the broker listens; return False if it has ended, or is too slow."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process.poll() is None
        time.sleep(0.01)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    """Return a free port below those that the system hands out by itself (from 32768)."""
    while True:
        port = 10_000 + secrets.randbelow(22_768)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED:
                return port
