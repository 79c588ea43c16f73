"""Devices whose programs start at the full speed of this machine, and are held once they have.

Importing a large library would take minutes in a small share of the CPU, and is not what is
measured. A device is let go where every program on it wants that, until each of them has said that
it has started (``benchharness.events.started``), has ended for good, or has had its time. Then the
device is held to its share, and its programs are told so by a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchharness.clock import NANOSECONDS_PER_SECOND
from benchharness.trial.devices import Devices
from benchharness.trial.recorder import Recorder
from benchharness.trial.running import Running
from benchharness.trial.spec import Participant
from benchharness.trial.watch import Watch

START_LIMIT_S = 60.0
# How often it is looked whether they have started: until then a device is too fast.
STARTING_POLL_S = 0.02


@dataclass(slots=True)
class _Released:
    """A device that is let go, until when at most, and the programs on it."""

    device: str
    by_ns: int
    items: list[Running] = field(default_factory=list)


@dataclass(slots=True)
class Starting:
    """The devices that are let go now; ``devices`` is None without a testbed."""

    devices: Devices | None
    recorder: Recorder
    watch: Watch
    released: dict[str, _Released] = field(default_factory=dict)

    @property
    def poll_s(self) -> float | None:
        """Return how often :meth:`mind` is to be called; None where nothing is waited for."""
        return STARTING_POLL_S if self.released else None

    def let_go(self, participants: Sequence[Participant]) -> None:
        """Let go the devices of programs that are going to be started. Raises UnfitError."""
        if self.devices is None:
            return
        by_ns = self.watch.now_ns() + round(START_LIMIT_S * NANOSECONDS_PER_SECOND)
        for device in dict.fromkeys(each.device for each in participants):
            on_it = [each for each in participants if each.device == device]
            if device is not None and all(each.start_at_full_speed for each in on_it):
                self.devices.release(device)
                self.released[device] = _Released(device, by_ns)

    def wait_for(self, items: Sequence[Running]) -> None:
        """Wait for these programs; those whose device is held already are told so."""
        for item in items:
            released = self.released.get(item.device or "")
            if released is None:
                item.tell_held()
            else:
                released.items.append(item)

    def mind(self) -> None:
        """Hold the devices whose programs have started, or have had their time."""
        for released in list(self.released.values()):
            for item in released.items:
                self.recorder.take_file(item.file)
            if all(item.file.started or item.is_over for item in released.items):
                self._hold(released, "until its end")
            elif self.watch.now_ns() >= released.by_ns:
                self._hold(released, f"for the first {START_LIMIT_S:g} s")

    def end(self) -> None:
        """Hold every device: its programs have ended, or are going to be."""
        for released in list(self.released.values()):
            self._hold(released, "until its end")

    def _hold(self, released: _Released, how_long: str) -> None:
        assert self.devices is not None
        del self.released[released.device]
        self.devices.hold(released.device)
        for item in released.items:
            item.tell_held()
            if not item.file.started and item.left is None:
                self.recorder.caution(
                    "full-speed",
                    f"{item.name} ran on {released.device} at the full speed of this machine "
                    f"{how_long}: it did not say that it had started",
                    "call benchharness.events.started() once everything is imported",
                )
