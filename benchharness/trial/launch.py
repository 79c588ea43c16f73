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
from dataclasses import dataclass, replace
from pathlib import Path

from benchharness.errors import UnfitError
from benchharness.links.commands import find_program
from benchharness.probes.processes import MARKER_VARIABLE, is_marked
from benchharness.trial.capture import Capture
from benchharness.trial.cgroups import Cgroup, CgroupUse
from benchharness.trial.descriptors import readable
from benchharness.trial.marked import marked_processes, own_children

# The shell enters the groups, says so, waits for the word, and becomes the program. Entering may
# take 10 ms (the kernel waits for a grace period), which is not the program's time; and until the
# word comes the sampler can be told of the process, so that nothing runs unguarded. Without the
# word, because the harness has died, it ends.
_ENTER = (
    'while [ "$1" != -- ]; do echo 0 > "$1" || exit 125; shift; done; shift; '
    'echo ready; read -r word || exit 125; exec "$@" < /dev/null'
)
_PR_SET_CHILD_SUBREAPER = 36
_READY = b"ready\n"
_READY_TIMEOUT_S = 10.0
# Started here and not yet closed, with their marks: each has a thread that waits for it.
_programs: dict[int, str] = {}


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


def _inside(namespace: Path | None) -> tuple[str, ...]:
    """Return what starts the shell in a network namespace; it becomes the shell.

    Not ``ip netns exec``, which has another /sys mounted, without control groups.
    """
    if namespace is None:
        return ()
    return (find_program("nsenter"), f"--net={namespace}", "--")


class Child:
    """A program that begins at :meth:`go`.

    When it has exited ``ended`` is set and ``waker`` becomes readable. ``namespace`` is the file of
    the network namespace that it is to be in. Raises UnfitError if it cannot be put into its
    control group, or there.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        cgroup: Cgroup | None,
        marker: str,
        namespace: Path | None = None,
    ) -> None:
        self.marker = marker
        self.cgroup = cgroup
        self._place = "control group" if namespace is None else "control group or namespace"
        self.ended: Ended | None = None
        self._closed = False
        self._orphan_cpu_s = 0.0
        self._not_ours = frozenset(own_children())
        enter = cgroup.enter_files if cgroup is not None else ()
        try:
            self._process = subprocess.Popen(
                [*_inside(namespace), "/bin/sh", "-c", _ENTER, "sh", *enter, "--", *argv],
                cwd=cwd,
                env={**env, MARKER_VARIABLE: marker},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:  # arguments too long, no process to be had, folder gone
            raise UnfitError(f"cannot be started: {error.strerror}", where=argv[0]) from None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.pid = self._process.pid
        self.started_ns = time.monotonic_ns()
        _programs[self.pid] = marker
        self._wait_until_ready()
        try:
            # What it took to enter the group, and what another life of the program did there.
            before = cgroup.read() if cgroup is not None else CgroupUse(None, None, 0)
            self._cpu_before_s, self._oom_before = before.cpu_s or 0.0, before.oom_kills
            self.stdout = Capture(os.dup(self._process.stdout.fileno()))
            self.stderr = Capture(os.dup(self._process.stderr.fileno()))
            self._process.stdout.close()
            self._process.stderr.close()
            self.waker, self._wake = os.pipe()
            # A thread that only waits stamps the end at once, whatever the main loop is doing.
            self._waiter = threading.Thread(target=self._wait, name="wait4", daemon=True)
            self._waiter.start()
        except (OSError, RuntimeError) as error:  # no descriptor, or no thread, is to be had
            self._give_up()
            raise UnfitError(f"cannot be started: {error}", where=argv[0]) from None

    def go(self) -> None:
        """Let the program begin, now."""
        assert self._process.stdin is not None
        self.started_ns = time.monotonic_ns()
        with contextlib.suppress(BrokenPipeError):  # it was killed meanwhile; the wait tells
            self._process.stdin.write(b"go\n")
        self._close_stdin()

    def _close_stdin(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _wait_until_ready(self) -> None:
        """Wait until the shell has entered the groups. Raises UnfitError if it cannot."""
        stdout, stderr = self._process.stdout, self._process.stderr
        assert stdout is not None
        assert stderr is not None
        said = b""
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while len(said) < len(_READY) and time.monotonic() < deadline:
            if not readable(stdout.fileno(), 0.1):
                continue
            data = os.read(stdout.fileno(), len(_READY) - len(said))
            if not data:
                break
            said += data
        if said == _READY:
            return
        self._process.kill()
        last = stderr.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        self._give_up()
        raise UnfitError(
            f"the program could not be put into its {self._place} ({' '.join(last) or 'silence'})",
            remedy="run benchharness doctor",
        )

    def _give_up(self) -> None:
        """End what has been started and waits for the word."""
        self._process.kill()
        self._process.wait()
        _programs.pop(self.pid, None)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _wait(self) -> None:
        _, status, usage = os.wait4(self.pid, 0)
        t_ns = time.monotonic_ns()
        self.ended = Ended(t_ns, os.waitstatus_to_exitcode(status), usage)
        os.write(self._wake, b"x")

    def kill(self) -> None:
        """Kill the program itself, if it has not ended, and wait for nothing."""
        if self.ended is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the program to end (SIGTERM), if it has not."""
        if self.ended is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def kill_all(self) -> int:
        """Kill the program and everything it left; return how many processes were left over."""
        had_ended = self.ended is not None
        in_group = self.cgroup.kill() if self.cgroup is not None else 0
        self._reap_orphans()
        others: set[int] = set()  # a busy machine may take a while to end one
        deadline = time.monotonic() + 5.0
        while True:
            pids = {*marked_processes(self.marker), *self._orphans()}
            if not pids or time.monotonic() > deadline:
                break
            others |= pids
            for pid in pids:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            self._reap_orphans()
            time.sleep(0.002)
        self._waiter.join(timeout=5.0)
        self._reap_orphans()
        killed = in_group + len(others)
        return killed if had_ended else max(0, killed - 1)

    def usage(self) -> tuple[CgroupUse | None, float | None]:
        """Return the group's counts, and the CPU seconds by wait4 (with adopted orphans).

        CPU seconds and memory kills are since the program was started; the group's peak is not.
        """
        by_wait = None
        if self.ended is not None:
            by_wait = self.ended.usage.ru_utime + self.ended.usage.ru_stime + self._orphan_cpu_s
        if self.cgroup is None:
            return None, by_wait
        group = self.cgroup.read()
        group = replace(group, oom_kills=group.oom_kills - self._oom_before)
        if group.cpu_s is not None:
            group = replace(group, cpu_s=group.cpu_s - self._cpu_before_s)
        return group, by_wait

    def close(self) -> None:
        """Close the pipes; the program must have ended. May be called twice."""
        if self._closed:
            return
        self._closed = True
        for capture in (self.stdout, self.stderr):
            capture.drain()
            capture.close()
        _programs.pop(self.pid, None)
        self._close_stdin()
        os.close(self.waker)
        os.close(self._wake)
        self._process.returncode = self.ended.exit_code if self.ended else -signal.SIGKILL

    def _orphans(self) -> list[int]:
        """Return the processes that this one has adopted since the program started."""
        adopted = set(own_children()) - self._not_ours - _programs.keys()
        return [pid for pid in adopted if self._is_left_by_this(pid)]

    def _is_left_by_this(self, pid: int) -> bool:
        """Return whether an adopted process was not another program's.

        By its session, which it has until it is collected. One that made a session of its own is
        known by its environment, which goes when it ends: then it is the first asker's.
        """
        try:
            session = os.getsid(pid)
        except OSError:  # collected meanwhile
            return False
        if session in _programs:
            return session == self.pid
        others = {marker for marker in _programs.values() if marker != self.marker}
        return not any(is_marked("", pid, marker) for marker in others)

    def _reap_orphans(self) -> None:
        """Collect adopted processes that have exited, and count their CPU time."""
        for pid in self._orphans():
            with contextlib.suppress(ChildProcessError):
                reaped, _, usage = os.wait4(pid, os.WNOHANG)
                if reaped:
                    self._orphan_cpu_s += usage.ru_utime + usage.ru_stime
