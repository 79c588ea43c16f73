"""What the harness does once a second while a trial runs, and why it ended the programs if so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchharness.clock import NANOSECONDS_PER_SECOND, Clock, seconds
from benchharness.meters.base import Meter
from benchharness.trial.cgroup_factory import CgroupFactory
from benchharness.trial.devices import Devices
from benchharness.trial.links import LinkPlugs
from benchharness.trial.outcome import Stop, memory_stop
from benchharness.trial.recorder import Recorder
from benchharness.trial.spec import TrialOptions, VariantSpec

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
    devices: Devices | None = None
    plugs: LinkPlugs | None = None  # of a testbed, which draw for what links carry


@dataclass(slots=True)
class Watch:
    """The ticks of one trial; ``stop`` is why its programs were ended before they had, if so."""

    equipment: Equipment
    recorder: Recorder
    spec: VariantSpec
    stop: Stop | None = None
    next_tick_ns: int = 0

    def begin(self) -> None:
        """Tick a second from now, and every second from then on."""
        self.next_tick_ns = self.now_ns() + _TICK_NS

    def now_ns(self) -> int:
        """Return the time."""
        return self.equipment.clock.now_ns()

    def left_s(self, end_ns: int | None) -> float:
        """Return how long to wait: to the next tick, or to the end if that is sooner."""
        until_ns = self.next_tick_ns if end_ns is None else min(self.next_tick_ns, end_ns)
        return max(0.0, seconds(until_ns - self.now_ns()))

    def tick_if_due(self, stage: str, start_ns: int, expected_s: float | None) -> None:
        """Take what has been observed, hold the programs to their memory, tell the observer."""
        if self.now_ns() < self.next_tick_ns:
            return
        self.recorder.tick()
        now_ns = self.now_ns()
        self.next_tick_ns = now_ns + _TICK_NS
        self._check_memory()
        self.equipment.watch(stage, seconds(now_ns - start_ns), expected_s)

    def _check_memory(self) -> None:
        limit_bytes = self.spec.memory_limit_bytes
        peaks_bytes = self.recorder.trees.memory_peak_bytes.items()
        used_bytes = sum(peak for name, peak in peaks_bytes if name not in self.recorder.supports)
        if limit_bytes is not None and used_bytes > limit_bytes and self.stop is None:
            self.stop = memory_stop(used_bytes, limit_bytes)
