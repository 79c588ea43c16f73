"""An emulated device for a make that benchharness does not know: say how it words its figures.

    def say(figures, time):
        return [Message("acme/1", json.dumps({"watts": figures.power, "joules": figures.energy_j}))]

    device = SpokenDevice.maker(say, period_s=1.0, ask="acme/1/get")

All faults of figures and of the way (``docs/conformance.md``) can happen to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from benchharness.conformance.rig_mqtt import DeviceFactory, Fate
from benchharness.meters.emulator.device import NEVER_NS, Device, Message, ns
from benchharness.meters.emulator.faulty_device import FaultyDevice
from benchharness.meters.emulator.load import Switched, WaveformLoad
from benchharness.meters.emulator.metering import Metering, MeteringSettings, Shown
from benchharness.meters.emulator.waveform import Waveform
from benchharness.meters.emulator.wrong_figures import WrongFigures

# Power (W; a text or NaN where that is the fault) and counter (J), and the device's own clock.
Say = Callable[[Shown, datetime], Sequence[Message]]


class SpokenDevice:
    """Figures once each ``update_s``, said every ``period_s`` and when ``ask`` is published.

    ``period_s`` 0 says nothing of itself. ``online`` and ``offline`` are what it says when it
    comes, and its last will.
    """

    address = ""

    def __init__(
        self,
        load: Waveform,
        fate: Fate,
        say: Say,
        *,
        period_s: float = 1.0,
        update_s: float = 1.0,
        ask: str | None = None,
        online: Message | None = None,
        offline: Message | None = None,
    ) -> None:
        wrong = WrongFigures(fate.faults, fate.seed, fate.log)
        settings = MeteringSettings(update_s=update_s, base_j=3.6e6)
        self._metering = Metering(Switched(WaveformLoad(load)), settings=settings, wrong=wrong)
        self._say = say
        self._period_s = period_s
        self._next_say_ns = NEVER_NS
        self._ask = ask
        self._online, self._offline = online, offline

    @classmethod
    def maker(
        cls,
        say: Say,
        *,
        period_s: float = 1.0,
        update_s: float = 1.0,
        ask: str | None = None,
        online: Message | None = None,
        offline: Message | None = None,
    ) -> DeviceFactory:
        """Return what makes such devices, for :class:`MqttRig`."""

        def make(load: Waveform, fate: Fate) -> Device:
            device = cls(
                load,
                fate,
                say,
                period_s=period_s,
                update_s=update_s,
                ask=ask,
                online=online,
                offline=offline,
            )
            return FaultyDevice(device, fate.faults, fate.seed, fate.log)

        return make

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Return the topic on which it can be asked, if there is one."""
        return () if self._ask is None else (self._ask,)

    @property
    def next_due_ns(self) -> int:
        """Return when advance() has something to do."""
        return min(self._metering.next_due_ns, self._next_say_ns)

    def start(self, now_ns: int) -> list[Message]:
        """Switch on; its first figures come a period later."""
        self._metering.start(now_ns)
        if self._period_s > 0:
            self._next_say_ns = now_ns + ns(self._period_s)
        return self.greeting()

    def advance(self, now_ns: int) -> list[Message]:
        """Move on to ``now_ns``; returns the figures if they have become due."""
        self._metering.advance(now_ns)
        if now_ns < self._next_say_ns:
            return []
        self._next_say_ns += ns(self._period_s)
        return self._figures()

    def command(self, _topic: str, _payload: str, now_ns: int) -> list[Message]:
        """Answer with the figures, whatever is asked."""
        return [*self.advance(now_ns), *self._figures()]

    def greeting(self) -> list[Message]:
        """Return what it says when it has connected."""
        return [] if self._online is None else [self._online]

    def farewell(self) -> Message | None:
        """Return its last will."""
        return self._offline

    def _figures(self) -> list[Message]:
        return list(self._say(self._metering.shown(), self._metering.time()))
