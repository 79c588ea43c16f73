"""The thread behind a measurement: it reads the meters while the caller's code runs.

settle -> idle_before -> window -> settle -> idle_after, as in a trial of the harness. The thread
alone owns the store and the meters; the caller marks the window's edges and waits on futures, so
that a Ctrl-C or a cancelled task reaches the caller at once. What comes of it is derived by the
same code as every trial.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchharness.api.destination import Place, place
from benchharness.api.guarded import GuardedMeter
from benchharness.api.own_use import CPU_METHOD, OwnUse
from benchharness.clock import NANOSECONDS_PER_SECOND, MonotonicClock, seconds
from benchharness.errors import BenchharnessError
from benchharness.meters.base import Meter
from benchharness.model import Factors, Status, TrialSummary
from benchharness.report.derive import derive_trial
from benchharness.store.records import TrialResult
from benchharness.trial.equip import Rest, open_meters, open_one, rest_for
from benchharness.trial.recorder import Recorder

_SAMPLE_S = 0.1
_TICK_NS = NANOSECONDS_PER_SECOND
_HELD_S = 1.0  # without the interpreter, from which on stamps are doubtful
_FAILED = "meter-failed"
_WINDOW_METHOD = "marked by benchharness.measure"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured, and how. ``meters`` are names, or objects that satisfy Meter."""

    factors: Factors
    meters: Sequence[str | Meter] = ()
    idle_s: float | None = None
    results: Path | None = None
    opened: bool = False  # the meters are open, and stay so


@dataclass(frozen=True, slots=True)
class Ended:
    """How the block ended. No window: it never began, or nobody knows it."""

    window_ns: tuple[int, int] | None
    cpu_s: float | None = None
    status: Status = Status.OK
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    rest: bool = True  # whether idle power is measured after it


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded: the derived trial, and where it is stored."""

    trial: TrialSummary
    campaign_id: str
    period_s: float | None  # of the first meter: how often it says something


class Recording:
    """One measurement. ``begin``, wait for ``ready``, mark the window, ``end``, wait for ``done``.

    ``ready`` raises what keeps the measurement from beginning (a meter that is not fit); ``done``
    gives what was recorded.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ready: Future[None] = Future()
        self.done: Future[Recorded] = Future()
        self._clock = MonotonicClock()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._ended: Ended | None = None
        self._use = OwnUse(os.getpid())
        self._thread = threading.Thread(target=self._run, name="benchharness", daemon=True)

    def begin(self) -> None:
        """Start: meters, store, settling and rest; ``ready`` is then done."""
        self._thread.start()

    def end(self, ended: Ended) -> None:
        """Say that the block has ended; ``done`` follows, after the rest if there is one."""
        self._ended = ended
        self._wake.set()

    def hurry(self) -> None:
        """Leave out what is still to be waited for: somebody has pressed Ctrl-C."""
        self._hurry.set()
        if self._ended is None and not self.done.done():
            self.end(Ended(None, status=Status.INVALID, reason="interrupted", rest=False))

    def join(self) -> None:
        """Wait for the thread, whatever came of it."""
        self._thread.join()

    def _run(self) -> None:
        try:
            recorded = self._record()
        except BaseException as error:
            # A thread hands on what it cannot treat: ready raises it if the block has not begun.
            target: Future[Any] = self.done if self.ready.done() else self.ready
            target.set_exception(error)
            if not self.done.done():
                self.done.set_exception(error)
        else:
            if not self.ready.done():
                self.ready.set_result(None)
            self.done.set_result(recorded)

    def _record(self) -> Recorded:
        with self._meters() as meters, place(self.plan.results, self.plan.factors) as where:
            rest = rest_for(meters, self.plan.idle_s)
            if not meters:
                rest = Rest(0.0, 0.0)
            where.store.start_trial(where.trial_id)
            guarded = [GuardedMeter(meter, self._clock) for meter in meters]
            recorder = Recorder(where.store, where.trial_id, self._clock, self._use, guarded)
            state = "interrupted"
            try:
                result = self._stages(recorder, rest)
                self._finish(where, recorder, result)
                state = "done"
            except BenchharnessError as error:
                where.store.finish_trial(where.trial_id, TrialResult(Status.INVALID, error.line()))
                raise
            finally:
                where.store.finish_campaign(where.campaign_id, state)
            trial = derive_trial(where.store, where.store.trial(where.trial_id))
            period_s = meters[0].capabilities().period_s if meters else None
            return Recorded(trial, where.campaign_id, period_s)

    @contextmanager
    def _meters(self) -> Iterator[list[Meter]]:
        """Open what is named, and close it; objects are opened unless they are open already."""
        objects = [each for each in self.plan.meters if not isinstance(each, str)]
        if self.plan.opened:
            yield objects
        elif not objects:
            with open_meters([each for each in self.plan.meters if isinstance(each, str)]) as found:
                yield found
        else:
            try:
                for meter in objects:
                    open_one(meter, alone=len(objects) == 1)
                yield objects
            finally:
                for meter in objects:
                    meter.close()

    def _stages(self, recorder: Recorder, rest: Rest) -> TrialResult:
        self._pause(recorder, "settle", rest.settle_s)
        self._idle(recorder, "idle_before", rest.idle_s)
        self._request(recorder)
        recorder.stage("window", "start")
        self._use.window_begins()
        self._use.sample(self._clock.now_ns())
        self.ready.set_result(None)
        held_s = self._watch(recorder, self._wake, None)
        ended = self._ended
        assert ended is not None
        peak_bytes, how = self._use.peak()
        self._request(recorder)
        self._use.sample(self._clock.now_ns())
        recorder.stage("window", "end")
        if held_s > _HELD_S and recorder.meters:
            recorder.caution(
                "interpreter-held",
                f"the code kept the interpreter to itself for {held_s:.1f} s at a time: readings "
                "that came meanwhile are stamped late",
                "measure it from outside: benchharness run -- python SCRIPT",
            )
        self._pause(recorder, "settle", rest.settle_s)
        if ended.rest:
            self._idle(recorder, "idle_after", rest.idle_s)
        return TrialResult(
            status=ended.status,
            reason=ended.reason,
            window_start_ns=None if ended.window_ns is None else ended.window_ns[0],
            window_end_ns=None if ended.window_ns is None else ended.window_ns[1],
            cpu_s=ended.cpu_s,
            memory_peak_bytes=peak_bytes,
            methods={"cpu": CPU_METHOD, "memory": how, "window": _WINDOW_METHOD},
            details=dict(ended.details),
        )

    def _finish(self, where: Place, recorder: Recorder, result: TrialResult) -> None:
        recorder.tick()
        recorder.note_what_meters_learnt()
        for meter in recorder.meters:
            if isinstance(meter, GuardedMeter) and meter.failure is not None:
                name = meter.instrument.name
                recorder.caution(
                    _FAILED,
                    f"meter {name} failed: {meter.failure}",
                    f"look at it with 'benchharness meters check {name}'",
                )
        told = list(recorder.cautions)
        where.store.finish_trial(where.trial_id, replace(result, cautions=told))

    def _idle(self, recorder: Recorder, name: str, duration_s: float) -> None:
        """Observe the machine at rest, with a reading asked for at both edges."""
        if duration_s > 0.0 and not self._hurry.is_set():
            self._request(recorder)
            self._pause(recorder, name, duration_s, read_at_end=True)

    def _pause(
        self, recorder: Recorder, name: str, duration_s: float, *, read_at_end: bool = False
    ) -> None:
        if duration_s <= 0.0 or self._hurry.is_set():
            return
        start_ns = recorder.stage(name, "start")
        until_ns = start_ns + round(duration_s * NANOSECONDS_PER_SECOND)
        self._watch(recorder, self._hurry, until_ns)
        if read_at_end:
            self._request(recorder)
        recorder.stage(name, "end")

    def _watch(self, recorder: Recorder, stop: threading.Event, until_ns: int | None) -> float:
        """Observe until ``stop`` is set or the time has come; return the longest lateness, s."""
        now_ns = self._clock.now_ns()
        tick_ns, latest_s = now_ns + _TICK_NS, 0.0
        while until_ns is None or now_ns < until_ns:
            wait_s = _SAMPLE_S if until_ns is None else min(_SAMPLE_S, seconds(until_ns - now_ns))
            stopped = stop.wait(wait_s)
            before_ns, now_ns = now_ns, self._clock.now_ns()
            latest_s = max(latest_s, seconds(now_ns - before_ns) - wait_s)
            self._use.sample(now_ns)
            if now_ns >= tick_ns:
                recorder.tick()
                tick_ns = now_ns + _TICK_NS
            if stopped:
                break
        return latest_s

    def _request(self, recorder: Recorder) -> None:
        for meter in recorder.meters:
            meter.request()
