"""The part that all emulated plugs have in common: load, relay, chip, latency, clock, counter.

It is moved on in time. Once every ``update_s`` the firmware takes its figures; whatever it is
asked in between shows those (a pulse chip's power is looked at every 200 ms, see chips.py).
``latency_s`` delays the whole load as the chip sees it, power and counter alike.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from benchharness.clock import seconds
from benchharness.meters.emulator.chips import Chip, SerialChip
from benchharness.meters.emulator.device import ns
from benchharness.meters.emulator.faults import Faults
from benchharness.meters.emulator.load import Switched
from benchharness.meters.emulator.segments import energy_at, power_at
from benchharness.meters.emulator.truth import TruthPoint
from benchharness.meters.emulator.wrong_figures import WrongFigures

Record = Callable[[list[TruthPoint]], None]
# A day on which nothing happens, for devices that nobody gave the time.
SOME_DAY = datetime(2024, 5, 14, 9, 30)


class Shown(NamedTuple):
    """Figures as they are shown: ``power`` may be NaN or text that is no number."""

    power: float | str
    energy_j: float


@dataclass(frozen=True, slots=True)
class MeteringSettings:
    """``base_j`` is what the counter has counted before the start; ``epoch`` its clock then."""

    update_s: float = 1.0
    latency_s: float = 0.0
    base_j: float = 0.0
    epoch: datetime = SOME_DAY


def forget(_points: list[TruthPoint]) -> None:
    """Record nothing."""


class Metering:
    """One metered socket. ``record`` is given every point of the true load."""

    def __init__(
        self,
        load: Switched,
        chip: Chip | None = None,
        settings: MeteringSettings | None = None,
        record: Record = forget,
        wrong: WrongFigures | None = None,
    ) -> None:
        self.load = load
        self.chip = chip or SerialChip()
        self.settings = settings or MeteringSettings()
        self._record = record
        self._wrong = wrong or WrongFigures(Faults())
        self._gain = self.chip.gain
        self._ahead: deque[TruthPoint] = deque()

    def start(self, now_ns: int) -> None:
        """Switch on at ``now_ns``."""
        point = self.load.start(now_ns)
        self._record([point])
        self.start_ns = self.now_ns = now_ns
        self._next_step_ns = now_ns + ns(self.load.step_s)
        self._next_tick_ns = now_ns + ns(self.settings.update_s)
        # Before the start the same power was drawn, which a late chip is still to see.
        before_j = -point.power_w * self.settings.latency_s
        self._fed = TruthPoint(now_ns, point.power_w, before_j)
        self.chip.start(self._fed, linear=self.load.linear)
        self._queue([point])
        self._wrong.start(now_ns)

    @property
    def next_due_ns(self) -> int:
        """Return when the load wants to be moved on or figures are to be taken."""
        return min(self._next_step_ns, self._next_tick_ns)

    def advance(self, now_ns: int) -> None:
        """Move on to ``now_ns``, taking figures at their times on the way."""
        while self._next_tick_ns <= now_ns:
            tick_ns = self._next_tick_ns
            self._move(tick_ns)
            self.chip.tick(tick_ns)
            self.chip.gain = (1.0 + self._gain) * (1.0 + self._wrong.gain(tick_ns)) - 1.0
            self._wrong.tick(self._total_j(), tick_ns)
            self._next_tick_ns += ns(self.settings.update_s)
        if now_ns > self.now_ns:
            self._move(now_ns)

    def switch(self, on: bool) -> None:
        """Turn the relay at the time to which it was moved on."""
        self._take(self.load.switch(on, self.now_ns))

    def obey(self, word: str) -> bool:
        """Turn the relay ``on``, ``off`` or ``toggle``; returns whether it was one of them."""
        on = {"on": True, "off": False, "toggle": not self.on}.get(word.strip().lower())
        if on is not None:
            self.switch(on)
        return on is not None

    @property
    def on(self) -> bool:
        """Return whether the relay is closed."""
        return self.load.on

    def shown(self) -> Shown:
        """Return the figures for one message, with what goes wrong in it."""
        return Shown(self._wrong.power(self.power_w, self.now_ns), self.energy_j)

    @property
    def power_w(self) -> float:
        """Return the power that the firmware shows if nothing goes wrong."""
        return self.chip.power_w(self.now_ns)

    @property
    def energy_j(self) -> float:
        """Return the counter that the firmware shows, base_j included."""
        return self._wrong.counter_j(self._total_j())

    @property
    def counted_j(self) -> float:
        """Return what the chip has counted since the start."""
        return self.chip.counted_j()

    def time(self) -> datetime:
        """Return the device's own clock, which shows whole seconds."""
        since_s = seconds(self.now_ns - self.start_ns) + self._wrong.clock_offset_s(self.now_ns)
        return (self.settings.epoch + timedelta(seconds=since_s)).replace(microsecond=0)

    def _total_j(self) -> float:
        return self.settings.base_j + self.chip.counted_j()

    def _move(self, now_ns: int) -> None:
        self._take(self.load.advance(now_ns))
        self.now_ns = now_ns
        self._next_step_ns = now_ns + ns(self.load.step_s)
        self._feed(now_ns)

    def _take(self, points: list[TruthPoint]) -> None:
        if points:
            self._record(points)
            self._queue(points)

    def _queue(self, points: list[TruthPoint]) -> None:
        late_ns = ns(self.settings.latency_s)
        self._ahead.extend(
            replace(point, t_ns=point.t_ns + late_ns) if late_ns else point for point in points
        )

    def _feed(self, until_ns: int) -> None:
        while self._ahead and self._ahead[0].t_ns <= until_ns:
            self._fed = self._ahead.popleft()
            self.chip.feed(self._fed)
        if self._ahead and self._fed.t_ns < until_ns:
            self._fed = _cut(self._fed, self._ahead[0], until_ns, linear=self.load.linear)
            self.chip.feed(self._fed)


def _cut(before: TruthPoint, after: TruthPoint, t_ns: int, *, linear: bool) -> TruthPoint:
    """Return the point at ``t_ns`` between two points."""
    since_s, length_s = seconds(t_ns - before.t_ns), seconds(after.t_ns - before.t_ns)
    curve = (since_s, length_s, before.power_w, after.power_w, after.energy_j - before.energy_j)
    energy_j = before.energy_j + energy_at(*curve, linear=linear)
    return TruthPoint(t_ns, power_at(*curve, linear=linear), energy_j)
