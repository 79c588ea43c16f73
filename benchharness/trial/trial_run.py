"""The stages of one trial, as its programs are started, observed and ended.

settle -> idle_before -> warmup -> settle -> window -> settle -> idle_after
"""

from __future__ import annotations

import os
import selectors
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, seconds
from benchharness.meters.base import Meter
from benchharness.store.records import TrialResult
from benchharness.trial.cgroup_factory import CgroupFactory
from benchharness.trial.event_file import EventFile
from benchharness.trial.launch import Child, kill_marked
from benchharness.trial.leftovers import own_prefix
from benchharness.trial.outcome import Stop, memory_stop, timeout_stop
from benchharness.trial.recorder import Recorder
from benchharness.trial.result import collect_result
from benchharness.trial.sampling import Sampler
from benchharness.trial.spec import Participant, TrialOptions, VariantSpec

EVENTS_VARIABLE = "BENCHHARNESS_EVENTS"
# Stands for the scratch directory in a participant's arguments; no argument can hold a NUL.
SCRATCH_PLACE = "\0scratch\0"
_TICK_NS = NANOSECONDS_PER_SECOND

# Called about once a second: stage, seconds since it started, seconds expected (None: unknown).
StageWatcher = Callable[[str, float, float | None], None]


@dataclass(frozen=True, slots=True)
class Equipment:
    """What every trial of a campaign is run with. ``watch`` is told the stage once a second."""

    clock: Clock
    meters: Sequence[Meter]
    options: TrialOptions
    cgroups: CgroupFactory
    watch: StageWatcher


@dataclass(slots=True)
class Running:
    """A participant that has been started."""

    participant: Participant
    child: Child
    file: EventFile


@dataclass(slots=True)
class TrialRun:
    """The state of the trial that is running."""

    equipment: Equipment
    recorder: Recorder
    sampler: Sampler
    spec: VariantSpec
    marker: str
    scratch: Path
    stop: Stop | None = None
    running: list[Running] = field(default_factory=list)
    ended: list[Running] = field(default_factory=list)
    left_over: int = 0
    window_ns: tuple[int, int] | None = None
    next_tick_ns: int = 0

    def stages(self, dither_s: float) -> TrialResult:
        """Go through the stages and return what came of it."""
        options = self.equipment.options
        self.next_tick_ns = self.equipment.clock.now_ns() + _TICK_NS
        self.pause("settle", options.settle_s + dither_s)
        self.idle("idle_before")
        for _ in range(options.warmup):
            self.warm_up()
            if self.stop is not None:
                return self.result()
        if options.warmup:
            self.pause("settle", options.settle_s)
        self.window()
        # What the window leaves behind (a plug's mean over its last second) is not idle power.
        self.pause("settle", options.settle_s)
        self.idle("idle_after")
        return self.result()

    def pause(self, name: str, duration_s: float) -> None:
        """Let time pass in a stage of its own, observing."""
        if duration_s <= 0:
            return
        start_ns = self.recorder.stage(name, "start")
        self._observe_until(start_ns + round(duration_s * NANOSECONDS_PER_SECOND), name, duration_s)
        self.recorder.stage(name, "end")

    def idle(self, name: str) -> None:
        """Observe the machine at rest, with a reading asked for at both edges."""
        self._request_readings()
        self.pause(name, self.equipment.options.idle_s)
        self._request_readings()

    def warm_up(self) -> None:
        """Run the program once; its time and energy do not count, nor does its output."""
        self.recorder.stage("warmup", "start")
        self._launch("warmup")
        self._observe_running("warmup")
        self._end_programs()
        self._close()
        # What the warm-up said and used is not the trial's.
        self.left_over = 0
        self.recorder.events.clear()
        self.recorder.tree_memory_peak_bytes.clear()
        self.recorder.stage("warmup", "end")

    def window(self) -> None:
        """Run the program and observe it until every participant has ended."""
        self._request_readings()
        start_ns = self.recorder.stage("window", "start")
        self._launch("window")
        self._observe_running("window")
        end_ns = max(
            (item.child.ended.t_ns for item in self.running if item.child.ended is not None),
            default=self.equipment.clock.now_ns(),
        )
        self._request_readings()
        self.recorder.stage("window", "end")
        first_ns = min((item.child.started_ns for item in self.running), default=start_ns)
        self.window_ns = (first_ns, end_ns)
        # What was sampled last may be the peak.
        self.recorder.take_last_samples()
        self._end_programs()

    def abandon(self, stop: Stop) -> TrialResult:
        """End everything at once and return what is known."""
        self.stop = stop
        self._end_programs()
        # An interrupt may fall between the start of a program and our noting of it.
        kill_marked(self.marker)
        return self.result()

    def result(self) -> TrialResult:
        """Return what has come of the trial; closes the programs."""
        result = collect_result(
            self.spec,
            self.recorder,
            [(item.participant.name, item.child, item.file.outputs) for item in self.ended],
            self.stop,
            self.window_ns,
            self.left_over,
            self.equipment.cgroups.reason,
        )
        self._close()
        return result

    def _launch(self, stage: str) -> None:
        for number, participant in enumerate(self.spec.participants):
            name = f"{own_prefix()}{self.marker}-{stage}-{number}"
            cgroup = self.equipment.cgroups.make(name)
            limit_bytes = self.spec.memory_limit_bytes
            if cgroup is not None and limit_bytes is not None:
                cgroup.limit_memory(limit_bytes)
            folder = self.scratch / f"{stage}-{participant.name}"
            # A second warm-up starts as clean as the first.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            events = self.scratch / f"{stage}-{participant.name}.events"
            events.unlink(missing_ok=True)
            file = EventFile(events, participant.name)
            argv = tuple(word.replace(SCRATCH_PLACE, str(folder)) for word in participant.argv)
            child = Child(
                argv,
                cwd=participant.cwd or folder,
                env={**participant.env, "TMPDIR": str(folder), EVENTS_VARIABLE: str(events)},
                cgroup=cgroup,
                marker=self.marker,
            )
            self.running.append(Running(participant, child, file))
            self.recorder.files.append(file)
            self.sampler.add_tree(
                participant.name, child.pid, cgroup.paths if cgroup else None, self.marker
            )
        for item in self.running:
            item.child.go()

    def _end_programs(self) -> None:
        """Kill what is left of every program, and take the last of what it said."""
        for item in self.running:
            self.left_over += item.child.kill_all()
            self.sampler.remove_tree(item.participant.name)
            item.child.stdout.drain()
            item.child.stderr.drain()
            if item.file in self.recorder.files:
                self.recorder.finish_file(item.file)
            self.ended.append(item)
        self.running.clear()

    def _close(self) -> None:
        for item in self.ended:
            item.child.close()
            if item.child.cgroup is not None:
                item.child.cgroup.remove()
        self.ended.clear()

    def _request_readings(self) -> None:
        for meter in self.equipment.meters:
            meter.request()

    def _observe_until(self, end_ns: int, stage: str, expected_s: float | None) -> None:
        start_ns = self.equipment.clock.now_ns()
        while (now_ns := self.equipment.clock.now_ns()) < end_ns:
            if now_ns >= self.next_tick_ns:
                self._tick(stage, start_ns, expected_s)
            self.equipment.clock.sleep_s(seconds(min(end_ns, self.next_tick_ns) - now_ns))

    def _observe_running(self, stage: str) -> None:
        start_ns = self.equipment.clock.now_ns()
        timeout_s = self.spec.timeout_s
        limit_ns = None if timeout_s is None else start_ns + round(timeout_s * 1e9)
        with selectors.DefaultSelector() as selector:
            for item in self.running:
                selector.register(item.child.waker, selectors.EVENT_READ, None)
                selector.register(
                    item.child.stdout.descriptor, selectors.EVENT_READ, item.child.stdout
                )
                selector.register(
                    item.child.stderr.descriptor, selectors.EVENT_READ, item.child.stderr
                )
            while any(item.child.ended is None for item in self.running):
                now_ns = self.equipment.clock.now_ns()
                if limit_ns is not None and now_ns >= limit_ns:
                    assert timeout_s is not None
                    self.stop = timeout_stop(timeout_s)
                    return
                if now_ns >= self.next_tick_ns:
                    self._tick(stage, start_ns, None)
                    if self.stop is not None:
                        return
                until_ns = min(self.next_tick_ns, limit_ns or self.next_tick_ns)
                self._select(selector, max(0.0, seconds(until_ns - now_ns)))

    def _select(self, selector: selectors.BaseSelector, timeout_s: float) -> None:
        for key, _ in selector.select(timeout_s):
            if key.data is None:
                selector.unregister(key.fd)  # this program has ended; the loop sees it
                os.read(key.fd, 1)
            elif not key.data.drain():
                selector.unregister(key.fd)

    def _tick(self, stage: str, start_ns: int, expected_s: float | None) -> None:
        self.recorder.tick()
        now_ns = self.equipment.clock.now_ns()
        self.next_tick_ns = now_ns + _TICK_NS
        limit_bytes = self.spec.memory_limit_bytes
        used_bytes = sum(self.recorder.tree_memory_peak_bytes.values())
        if limit_bytes is not None and used_bytes > limit_bytes:
            self.stop = memory_stop(used_bytes, limit_bytes)
        self.equipment.watch(stage, seconds(now_ns - start_ns), expected_s)
