"""The main process's end of the sampler: start it, tell it what to watch, receive observations.

The sampler is a process of its own (:mod:`benchharness.probes.sampler_program`), because a
thread beside a busy Python thread loses most of its ticks. It costs about a thousandth of a
core at 10 Hz, and it ends the process trees it was told of if this process dies.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from benchharness.errors import UnfitError, UsageError
from benchharness.probes.processes import MARKER_VARIABLE
from benchharness.trial.descriptors import readable
from benchharness.trial.sampler_frames import Batch, FrameReader, SamplerReport

__all__ = ["Batch", "Sampler", "SamplerReport"]

LOWEST_HZ = 0.01
HIGHEST_HZ = 1000.0
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
FLUSH_TIMEOUT_S = 20.0  # a thousand trees take their time
_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from benchharness.probes.sampler_program import main; sys.exit(main(sys.argv[2]))"
)
_GROUP_USES = ("cpu", "memory", "kill")


class Sampler:
    """The sampler process. A context manager: entering starts it, leaving stops it."""

    def __init__(self, hz: float, sysroot: str | Path = "/") -> None:
        """Prepare to sample ``hz`` times a second. Raises UsageError outside 0.01 to 1000 Hz."""
        if not LOWEST_HZ <= hz <= HIGHEST_HZ:
            raise UsageError(
                f"a sampling rate of {hz:g} Hz is not possible",
                where="--probe-hz",
                remedy=f"choose {LOWEST_HZ:g} to {HIGHEST_HZ:g}",
            )
        self.hz = hz
        self._sysroot = str(sysroot)
        self._process: subprocess.Popen[bytes] | None = None
        self._frames = FrameReader()
        self._requests = 0
        self._ended = False
        self._failure: UnfitError | None = None  # until receive has raised it

    def start(self) -> None:
        """Start the process and wait until it samples. Raises UnfitError if it does not."""
        configuration = json.dumps({"hz": self.hz, "sysroot": self._sysroot})
        package_parent = str(Path(__file__).resolve().parents[2])
        environment = {k: v for k, v in os.environ.items() if k != MARKER_VARIABLE}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, package_parent, configuration],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # a Ctrl-C in the terminal is not for it
            bufsize=0,
        )
        os.set_blocking(self.fileno(), False)
        if not self._wait_until(lambda: self._frames.is_ready, START_TIMEOUT_S):
            failure = self._failure or _silence("start")
            self._end_process()
            raise failure

    def fileno(self) -> int:
        """Return the descriptor that is readable when batches are there, or the sampler's end.

        After ``receive`` has raised it stays readable: stop watching it.
        """
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("the sampler has not been started")
        return self._process.stdout.fileno()

    def receive(self) -> list[Batch]:
        """Return the batches that have come, in the order of sending; never blocks.

        Raises UnfitError, once, if the sampler died: what came before has been returned.
        """
        self._read()
        batches = self._frames.take_batches()
        failure = self._failure
        if failure is not None and not batches:
            self._failure = None
            raise failure
        return batches

    def flush(self, timeout_s: float = FLUSH_TIMEOUT_S) -> list[Batch]:
        """Return everything sampled up to now, such as at the end of a trial.

        Raises UnfitError if the sampler died or does not answer in time.
        """
        self._requests += 1
        wanted = self._requests
        self._send({"command": "flush", "request": wanted})
        answered = self._wait_until(lambda: self._frames.answered >= wanted, timeout_s)
        if not answered and not self._ended:
            raise _silence("answer")
        return self.receive()

    def add_tree(self, participant: str, root_pid: int, cgroup: object, marker: str) -> None:
        """Watch a process tree from now on, as stream ``tree:<participant>``.

        ``cgroup`` is None, or a mapping or object with any of ``cpu``, ``memory`` and ``kill``:
        folders of control groups of either version. What they lack comes from /proc. ``marker``
        is the value of BENCHHARNESS_TRIAL in the tree's environment. Should this process die,
        the tree is killed and its group folders are removed: they must be the tree's own.
        """
        self._send(
            {
                "command": "add_tree",
                "participant": participant,
                "root_pid": root_pid,
                "groups": _group_folders(cgroup),
                "marker": marker,
            }
        )

    def remove_tree(self, participant: str) -> None:
        """Stop watching a tree, and stop guarding it: kill what is left of it first."""
        self._send({"command": "remove_tree", "participant": participant})

    def stop(self) -> SamplerReport | None:
        """End the sampler and return its report, None if it died; ``receive`` gives the rest.

        May be called twice.
        """
        if self._process is None:
            return self._frames.report
        if not self._ended:
            self._send({"command": "stop"})
            if not self._wait_until(lambda: self._ended, STOP_TIMEOUT_S):
                self._failure = _silence("stop")
        self._end_process()
        return self._frames.report

    def __enter__(self) -> Sampler:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _send(self, command: Mapping[str, object]) -> None:
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("the sampler has not been started")
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
        except BrokenPipeError:
            return  # it is dead, and receive says so

    def _wait_until(self, done: Callable[[], bool], timeout_s: float) -> bool:
        """Read frames until ``done``; return false at the time limit or the sampler's end."""
        deadline = time.monotonic() + timeout_s
        while not done() and not self._ended:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not readable(self.fileno(), left_s):
                break
            self._read()
        return done()

    def _read(self) -> None:
        """Take what the pipe holds."""
        while not self._ended and self._process is not None:
            try:
                data = os.read(self.fileno(), 1 << 16)
            except BlockingIOError:
                break
            self._frames.feed(data)
            if not data:
                self._ended = True
                self._failure = self._death() if self._frames.report is None else None

    def _death(self) -> UnfitError:
        """Return the error that says how the sampler ended, with its last words."""
        assert self._process is not None
        code = self._process.wait()
        how = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with code {code}"
        errors = self._process.stderr
        words = errors.read().decode("utf-8", "replace").split("\n") if errors else []
        last = next((f" ({line.strip()})" for line in reversed(words) if line.strip()), "")
        return UnfitError(
            f"the sampler {how}{last}: nothing is observed from here on",
            remedy="the trial's time is valid, its CPU and memory curves are not; run it again",
        )

    def _end_process(self) -> None:
        """Make sure that the process is gone, and close the pipes."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _silence(what: str) -> UnfitError:
    return UnfitError(f"the sampler does not {what}", remedy="is the machine overloaded?")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _group_folders(cgroup: object) -> dict[str, str]:
    """Return the folders that ``cgroup`` names, by their use."""
    if cgroup is None:
        return {}
    if isinstance(cgroup, Mapping):
        found = {use: cgroup.get(use) for use in _GROUP_USES}
    else:
        found = {use: getattr(cgroup, use, None) for use in _GROUP_USES}
    return {use: str(folder) for use, folder in found.items() if folder}
