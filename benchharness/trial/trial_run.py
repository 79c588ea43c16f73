"""The stages of one trial, as its programs are started, observed and ended.

settle -> idle_before -> warmup -> settle -> window -> settle -> idle_after
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from benchharness.clock import NANOSECONDS_PER_SECOND
from benchharness.store.records import TrialResult
from benchharness.trial.descriptors import make_room
from benchharness.trial.links import TrialLinks
from benchharness.trial.outcome import Stop
from benchharness.trial.programs import Programs
from benchharness.trial.recorder import Recorder
from benchharness.trial.result import collect_result
from benchharness.trial.running import Launcher
from benchharness.trial.sampling import Sampler
from benchharness.trial.spec import VariantSpec
from benchharness.trial.watch import Equipment, Watch


@dataclass(slots=True)
class TrialRun:
    """The state of the trial that is running."""

    equipment: Equipment
    recorder: Recorder
    sampler: Sampler
    spec: VariantSpec
    marker: str
    scratch: Path
    links: TrialLinks = field(default_factory=TrialLinks)
    window_ns: tuple[int, int] | None = None
    watch: Watch = field(init=False)
    programs: Programs = field(init=False)

    def __post_init__(self) -> None:
        """Know how to start the programs, and whose windows are not the trial's."""
        support = (p.name for p in self.spec.participants if not p.is_main)
        self.recorder.supports = frozenset(support)
        mains = (p.name for p in self.spec.participants if p.is_main)
        self.recorder.shown.lead = next(mains, "main")
        self.watch = Watch(self.equipment, self.recorder, self.spec)
        equipment = self.equipment
        launcher = Launcher(
            equipment.cgroups, self.spec, self.marker, self.scratch, equipment.devices, self.links
        )
        make_room(len(self.spec.participants))
        self.programs = Programs(launcher, self.recorder, self.sampler, self.watch)

    def stages_in_modes(self, dither_s: float) -> TrialResult:
        """Go through the stages with devices in their power modes; return what came of it."""
        devices, modes = self.equipment.devices, self.spec.power_modes()
        if devices is None or not modes:
            return self.stages(dither_s)
        with devices.in_modes(modes) as cautions:
            for caution in cautions:
                self.recorder.caution(caution.code, caution.message, caution.remedy)
            return self.stages(dither_s)

    def stages(self, dither_s: float) -> TrialResult:
        """Go through the stages and return what came of it."""
        options = self.equipment.options
        self.links.open()
        self.watch.begin()
        self.pause("settle", options.settle_s + dither_s)
        self.idle("idle_before")
        for _ in range(options.warmup):
            self.warm_up()
            if self.watch.stop is not None:
                return self.result()
        if options.warmup:
            self.pause("settle", options.settle_s)
        self.window()
        # What the window leaves behind (a plug's mean over its last second) is not idle power.
        self.pause("settle", options.settle_s)
        self.idle("idle_after")
        return self.result()

    def pause(self, name: str, duration_s: float, *, read_at_end: bool = False) -> None:
        """Let time pass in a stage of its own, observing."""
        if duration_s <= 0:
            return
        start_ns = self.recorder.stage(name, "start")
        end_ns = start_ns + round(duration_s * NANOSECONDS_PER_SECOND)
        began_ns = self.watch.now_ns()
        while self.watch.now_ns() < end_ns:
            self.watch.tick_if_due(name, began_ns, duration_s)
            self.equipment.clock.sleep_s(self.watch.left_s(end_ns))
        if read_at_end:
            self._request_readings()
        self.recorder.stage(name, "end")

    def idle(self, name: str) -> None:
        """Observe the machine at rest, with a reading asked for at both edges.

        The second is asked for before the end: of a meter that answers at once it tells the mean
        power of a rest that is shorter than the meter's period.
        """
        self._request_readings()
        self.pause(name, self.equipment.options.idle_s, read_at_end=True)

    def warm_up(self) -> None:
        """Run the program once; its time and energy do not count, nor does its output."""
        self.recorder.stage("warmup", "start")
        if self.programs.start_supports("warmup"):
            self.programs.start_mains("warmup")
            self.programs.observe_mains("warmup")
        self.programs.end()
        # What the warm-up said and used is not the trial's.
        self.programs.forget()
        self.recorder.forget()
        self.recorder.stage("warmup", "end")

    def window(self) -> None:
        """Run the program and observe it until every main participant has ended."""
        self._request_readings()
        self.recorder.stage("window", "start")
        if self.programs.start_supports("window"):
            if self.programs.supports():
                self._request_readings()  # to be ready took its time
            self.programs.start_mains("window")
            self.programs.observe_mains("window")
            self.window_ns = self.programs.span_ns()
            self.programs.finish_links()
        self._request_readings()
        self.recorder.stage("window", "end")
        # What was sampled last may be the peak.
        self.recorder.take_last_samples()
        self.programs.end()

    def abandon(self, stop: Stop) -> TrialResult:
        """End everything at once and return what is known."""
        self.watch.stop = stop
        self.programs.kill()
        self.programs.kill_unnoted()
        return self.result()

    def result(self) -> TrialResult:
        """Return what has come of the trial; closes the programs."""
        self.recorder.cautions += self.links.cautions
        result = collect_result(
            self.spec,
            self.recorder,
            self.programs.ended,
            self.watch.stop,
            self.window_ns,
            self.programs.left_over,
            self.equipment.cgroups.reason,
        )
        self.programs.close()
        return replace(result, details={**result.details, **self.links.details()})

    def _request_readings(self) -> None:
        for meter in self.equipment.meters:
            meter.request()
