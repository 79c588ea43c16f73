"""One measurement while it is under way, as its caller sees it: the lock, the edges, the waits."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from benchharness.api.destination import LABEL
from benchharness.api.measurement import Measurement
from benchharness.api.own_use import cpu_s
from benchharness.api.recording import Ended, Plan, Recording
from benchharness.clock import MonotonicClock
from benchharness.errors import UsageError
from benchharness.meters.base import Meter
from benchharness.model import FactorValue, Status

_MOST_REASON = 200
_guard = threading.Lock()
_busy: dict[int, Running] = {}  # by process, since a fork may measure for itself


class Running:
    """Begins on construction; whatever happens, ``wait...`` or ``..._in_loop`` frees the process.

    Raises UsageError where a measurement is under way already.
    """

    def __init__(
        self,
        label: str,
        *,
        meters: Sequence[str | Meter] = (),
        idle_s: float | None = None,
        results: Path | None = None,
        factors: Mapping[str, FactorValue] | None = None,
        opened: bool = False,
    ) -> None:
        self.measurement = Measurement(label, rests=idle_s != 0)
        self._pid = os.getpid()
        self._start_ns = self._end_ns = 0
        self._start_cpu_s = 0.0
        self._clock = MonotonicClock()
        plan = Plan({LABEL: label, **(factors or {})}, meters, idle_s, results, opened)
        self._recording = Recording(plan)
        self._occupy()
        # Where nobody waits any more, as in a task that was cancelled, its end frees the process.
        self._recording.done.add_done_callback(lambda _: self._free())
        self._recording.begin()

    def wait_until_ready(self) -> None:
        """Wait while the machine rests; raises what keeps the measurement from beginning."""
        try:
            self._recording.ready.result()
        except BaseException:
            self._recording.hurry()
            self._recording.join()
            self._free()
            raise

    async def ready_in_loop(self) -> None:
        """Do the same, and leave the event loop to others."""
        try:
            await _shielded(self._recording.ready)
        except BaseException:
            self._recording.hurry()
            raise

    def mark(self) -> Measurement:
        """Begin the window."""
        self._start_cpu_s = cpu_s()
        self._start_ns = self._clock.now_ns()
        return self.measurement

    def stop(self, error: BaseException | None) -> bool:
        """End the window; false in a fork of the process that began, which has nothing to end."""
        end_ns = self._clock.now_ns()
        if os.getpid() != self._pid:
            return False
        used_s = cpu_s() - self._start_cpu_s
        status, reason = _outcome(error)
        self.end(
            Ended(
                (self._start_ns, max(end_ns, self._start_ns + 1)),
                used_s,
                status,
                reason,
                {"calls": self.measurement.calls},
                rest=error is None,
            )
        )
        if status is Status.INVALID:  # whoever pressed Ctrl-C does not want to wait
            self._recording.hurry()
        return True

    def end(self, ended: Ended) -> None:
        """Say how the block ended, where somebody else has timed it."""
        self._recording.end(ended)

    def wait_until_done(self, error: BaseException | None = None) -> None:
        """Wait for the figures; a Ctrl-C leaves out the rest, and is raised with them there."""
        try:
            self._recording.join()
        except KeyboardInterrupt:
            self._recording.hurry()
            self._recording.join()
            self._take(error)
            raise
        finally:
            self._free()
        self._take(error)

    async def done_in_loop(self, error: BaseException | None = None) -> None:
        """Do the same, and leave the event loop to others."""
        try:
            with contextlib.suppress(Exception):  # _take raises it, or the block's own comes first
                await _shielded(self._recording.done)
        except BaseException:
            self._recording.hurry()
            raise
        self._free()
        self._take(error)

    def _take(self, error: BaseException | None) -> None:
        """Take the figures; of two errors the block's own is the one to tell."""
        try:
            self.measurement.take(self._recording.done.result())
        except Exception:
            if error is None:
                raise

    def _occupy(self) -> None:
        with _guard:
            other = _busy.get(os.getpid())
            if other is not None:
                raise UsageError(
                    f"{other.measurement.label!r} is being measured in this process",
                    where=f"measure {self.measurement.label!r}",
                    remedy="end it first: joules are of the whole machine, "
                    "and two windows at once would count them twice",
                )
            _busy[os.getpid()] = self

    def _free(self) -> None:
        with _guard:
            if _busy.get(self._pid) is self:
                del _busy[self._pid]


async def _shielded(future: Future[Any]) -> Any:
    """Wait for a future that a cancelled task must leave as it is."""
    return await asyncio.shield(asyncio.wrap_future(future))


def _outcome(error: BaseException | None) -> tuple[Status, str | None]:
    if error is None:
        return Status.OK, None
    if not isinstance(error, Exception):  # Ctrl-C, exit, a cancelled task, a closed generator
        return Status.INVALID, f"interrupted ({type(error).__name__})"
    said = " ".join(str(error).split())[:_MOST_REASON]
    return Status.FAILED, f"{type(error).__name__}: {said}" if said else type(error).__name__
