"""Starts a program in a control group, waits for it exactly, and leaves no process behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchharness.probes.files import read_whole
from benchharness.probes.processes import (
    MARKER_VARIABLE,
    children_of_other_threads,
    is_marked,
    parse_children,
    process_ids,
)
from benchharness.trial.capture import Capture
from benchharness.trial.cgroups import Cgroup, CgroupUse

# The shell enters the groups and becomes the program, so not a microsecond of it goes uncounted.
_ENTER = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 125; shift; done; shift; exec "$@"'
_PR_SET_CHILD_SUBREAPER = 36
_programs: set[int] = set()  # started here and not yet closed: each has a thread that waits for it


@dataclass(frozen=True, slots=True)
class Ended:
    """How the program ended, and what wait4 says of it and of the children it waited for."""

    t_ns: int
    exit_code: int  # negative: the signal
    usage: resource.struct_rusage


def become_subreaper() -> bool:
    """Adopt orphaned grandchildren, so that wait4 counts them; Linux 3.4 and later."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        return bool(libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


class Child:
    """A running program. ``ended`` is set, and ``waker`` becomes readable, when it has exited."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        cgroup: Cgroup | None,
        marker: str,
    ) -> None:
        self.marker = marker
        self.cgroup = cgroup
        self.ended: Ended | None = None
        self._orphan_cpu_s = 0.0
        self._not_ours = frozenset(own_children())
        command = [*argv]
        if cgroup is not None:
            command = ["/bin/sh", "-c", _ENTER, "sh", *cgroup.enter_files, "--", *argv]
        self.started_ns = time.monotonic_ns()
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**env, MARKER_VARIABLE: marker},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.pid = self._process.pid
        _programs.add(self.pid)
        self.stdout = Capture(os.dup(self._process.stdout.fileno()))
        self.stderr = Capture(os.dup(self._process.stderr.fileno()))
        self._process.stdout.close()
        self._process.stderr.close()
        self.waker, self._wake = os.pipe()
        # A thread that only waits stamps the end at once, whatever the main loop is doing.
        self._waiter = threading.Thread(target=self._wait, name="wait4", daemon=True)
        self._waiter.start()

    def _wait(self) -> None:
        _, status, usage = os.wait4(self.pid, 0)
        t_ns = time.monotonic_ns()
        self.ended = Ended(t_ns, os.waitstatus_to_exitcode(status), usage)
        os.write(self._wake, b"x")

    def kill_all(self) -> int:
        """Kill the program and everything it left; return how many processes were left over."""
        had_ended = self.ended is not None
        killed = self.cgroup.kill() if self.cgroup is not None else 0
        self._reap_orphans()
        deadline = time.monotonic() + 5.0
        while True:
            pids = {*marked_processes(self.marker), *self._orphans()}
            if not pids or time.monotonic() > deadline:
                break
            killed += len(pids)
            for pid in pids:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            self._reap_orphans()
            time.sleep(0.002)
        self._waiter.join(timeout=5.0)
        self._reap_orphans()
        return killed if had_ended else max(0, killed - 1)

    def usage(self) -> tuple[CgroupUse | None, float | None]:
        """Return the group's counts, and the CPU seconds by wait4 (with adopted orphans)."""
        by_wait = None
        if self.ended is not None:
            by_wait = self.ended.usage.ru_utime + self.ended.usage.ru_stime + self._orphan_cpu_s
        return (self.cgroup.read() if self.cgroup is not None else None), by_wait

    def close(self) -> None:
        """Close the pipes; the program must have ended."""
        for capture in (self.stdout, self.stderr):
            capture.drain()
            capture.close()
        _programs.discard(self.pid)
        os.close(self.waker)
        os.close(self._wake)
        self._process.returncode = self.ended.exit_code if self.ended else -signal.SIGKILL

    def _orphans(self) -> list[int]:
        """Return the processes that this one has adopted since the program started."""
        return [pid for pid in own_children() if pid not in self._not_ours | _programs]

    def _reap_orphans(self) -> None:
        """Collect adopted processes that have exited, and count their CPU time."""
        for pid in self._orphans():
            with contextlib.suppress(ChildProcessError):
                reaped, _, usage = os.wait4(pid, os.WNOHANG)
                if reaped:
                    self._orphan_cpu_s += usage.ru_utime + usage.ru_stime


def marked_processes(marker: str) -> list[int]:
    """Return the live processes whose environment carries this trial's marker."""
    own = os.getpid()
    return [pid for pid in process_ids("") if pid != own and is_marked("", pid, marker)]


def kill_marked(marker: str) -> None:
    """Kill the processes of a trial that are known by their marker only."""
    for pid in marked_processes(marker):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def own_children() -> list[int]:
    """Return the children of this process, those that have ended but not been waited for too."""
    own = os.getpid()
    first = parse_children(read_whole(f"/proc/{own}/task/{own}/children"))
    return first + children_of_other_threads("", own)
