"""Flower's programs as children of a participant: started quietly, and ended with all they start.

Flower's launcher detaches some of them into sessions of their own. This process therefore adopts
what its children leave behind, and ends everything that came from it; a child whose participant
is killed is killed by the kernel. The settings are those that Flower documents.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn

from benchharness.errors import GateError, UsageError
from benchharness.learning import needs

# Each look of a node for a task costs it 2 ms; it looks once a second by default, which adds half
# of that to every leg. Four times a second cost 2 % of a core.
TASK_POLL_S = 0.25
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_GRACE_S = 3.0
_KILLED_S = 10.0  # within which what was killed is gone, unless the kernel keeps it
_LOOK_S = 0.02
_LIBC = ctypes.CDLL(None)


class Programs:
    """The Flower programs of one participant. A context manager; leaving it ends them all.

    Every child of this process is taken for one of them. ``folder`` holds Flower's own files and
    the logs, one ``NAME.log`` a program. Within it the signal that asks the participant to end
    raises SystemExit, so that the children end too.
    """

    def __init__(self, folder: Path) -> None:
        needs.require("flwr")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._before: object = None
        self._started: list[subprocess.Popen[bytes]] = []

    def start(
        self, name: str, program: str, *arguments: str, more: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start one of Flower's programs; its output goes to ``NAME.log``.

        Raises UsageError where Flower's programs are not beside the interpreter.
        """
        argv = [str(find(program)), *arguments]
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                argv,
                env={**environment(self.folder), **(more or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread holds a lock that it needs
            )
        self._started.append(process)
        return process

    def log(self, name: str) -> Path:
        """Return where the program that was started as ``name`` writes."""
        return self.folder / f"{name}.log"

    def end_all(self) -> None:
        """Ask everything that came from this process to end, then make it.

        Raises GateError where something lives on.
        """
        self._signal_all(signal.SIGTERM)
        until = time.monotonic() + _GRACE_S
        while _reap() and time.monotonic() < until:
            time.sleep(_LOOK_S)
        until = time.monotonic() + _KILLED_S
        while _reap():
            if time.monotonic() > until:
                raise GateError(
                    f"what Flower started does not end within {_KILLED_S:g} s of being killed",
                    remedy=f"see: ps --ppid {os.getpid()}",
                )
            self._signal_all(signal.SIGKILL)
            time.sleep(_LOOK_S)
        for process in self._started:
            process.poll()  # it is gone, and should not say at its own end that it runs

    def _signal_all(self, number: int) -> None:
        """Signal what came from this process; its own children where /proc hides them."""
        found = list(descendants(os.getpid()))
        for process in self._started:
            if process.pid not in found:
                process.send_signal(number)  # looks first whether it is there
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def __enter__(self) -> Programs:
        _adopt_orphans()
        self._before = signal.signal(signal.SIGTERM, _exit)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one is enough
        try:
            self.end_all()
        except GateError as left:
            if error is None:
                raise
            say(str(left))  # what went wrong first is what ends this program
        finally:
            signal.signal(signal.SIGTERM, self._before)  # type: ignore[arg-type]


def find(program: str) -> Path:
    """Return where a program of Flower is. Raises UsageError with the install command."""
    beside = Path(sys.executable).with_name(program)
    if beside.exists():
        return beside
    if (found := shutil.which(program)) is not None:
        return Path(found)
    raise UsageError(
        f"Flower's program {program!r} is not there",
        remedy=f"install it: {sys.executable} -m pip install '{needs.EXTRA}'",
    )


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of Flower's programs: nothing is told to anybody or downloaded."""
    found = find("flower-superexec").parent
    inherited = os.environ.get("PATH", os.defpath)
    return {
        **os.environ,
        "PATH": f"{found}{os.pathsep}{inherited}",  # Flower starts its programs by name
        "FLWR_HOME": str(folder / "home"),
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
        "FLWR_SUPEREXEC_TASK_POLL_INTERVAL": str(TASK_POLL_S),
    }


def say(line: str) -> None:
    """Say a line of what goes wrong."""
    sys.stderr.write(f"{line}\n")


def how_it_ended(process: subprocess.Popen[bytes]) -> str:
    """Return how a program ended, in words."""
    code = process.returncode
    if code is None:
        return "it has not"
    return f"exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


def free_port(host: str) -> int:
    """Return a TCP port that nobody listens on now; somebody may a moment later. Raises OSError."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock:
        sock.bind((host, 0))
        return int(sock.getsockname()[1])


def descendants(root: int) -> Iterator[int]:
    """Yield the processes that came from ``root`` and live, children before their children."""
    waiting = [root]
    while waiting:
        children = list(_children(waiting.pop()))
        yield from children
        waiting += children


def _children(pid: int) -> Sequence[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def _reap() -> bool:
    """Take leave of the children that have ended; return whether there are others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _adopt_orphans() -> None:
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
