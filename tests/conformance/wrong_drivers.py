"""Drivers that are wrong, each in one way: what the suite must find, by name."""

from __future__ import annotations

from dataclasses import replace

from benchharness.meters.mqtt.connection import Arrival
from benchharness.model import Capabilities, Reading
from tests.conformance.acme.driver import AcmeMeter

SECOND = 1_000_000_000


class StampsWhenRead(AcmeMeter):
    """Stamps a reading when somebody asks for it, up to a second after it came."""

    def read(self) -> list[Reading]:
        now_ns = self.clock.now_ns()
        return [replace(r, t_ns=now_ns + i) for i, r in enumerate(super().read())]


class StampsAhead(AcmeMeter):
    """Is two seconds ahead."""

    def reading(self, message: Arrival) -> Reading | None:
        reading = super().reading(message)
        return reading and replace(reading, t_ns=reading.t_ns + 2 * SECOND)


class NewestFirst(AcmeMeter):
    """Returns its readings the wrong way round, where there are several."""

    def read(self) -> list[Reading]:
        return super().read()[::-1] if len(self._readings) > 1 else []


class DoublesEnergy(AcmeMeter):
    """Reads the joules as if they were in units of two."""

    def reading(self, message: Arrival) -> Reading | None:
        reading = super().reading(message)
        if reading is None or reading.energy_j is None:
            return reading
        return replace(reading, energy_j=2.0 * reading.energy_j)


class DoublesPower(AcmeMeter):
    """Multiplies watts by two."""

    def reading(self, message: Arrival) -> Reading | None:
        reading = super().reading(message)
        if reading is None or reading.power_w is None:
            return reading
        return replace(reading, power_w=2.0 * reading.power_w)


class SilenceIsZero(AcmeMeter):
    """Calls it 0 W when nothing has come for three seconds."""

    _latest_ns = 0

    def read(self) -> list[Reading]:
        readings = super().read()
        now_ns = self.clock.now_ns()
        if not readings and self._latest_ns and now_ns - self._latest_ns > 3 * SECOND:
            readings = [Reading(now_ns, 0.0)]
        if readings:
            self._latest_ns = readings[-1].t_ns
        return readings


class Interpolates(AcmeMeter):
    """Puts a reading between each two."""

    _before: Reading | None = None

    def reading(self, message: Arrival) -> Reading | None:
        reading, before = super().reading(message), self._before
        self._before = reading
        if reading is None or before is None or reading.power_w is None:
            return reading
        middle_w = 0.5 * ((before.power_w or 0.0) + reading.power_w)
        self._readings.append(Reading((before.t_ns + reading.t_ns) // 2, middle_w))
        return reading


class RepeatsItself(AcmeMeter):
    """Gives its last power again at each call."""

    _latest: Reading | None = None

    def read(self) -> list[Reading]:
        readings = super().read()
        if not readings and self._latest is not None:
            readings = [replace(self._latest, t_ns=self.clock.now_ns(), energy_j=None)]
        if readings:
            self._latest = readings[-1]
        return readings


class TrustsNumbers(AcmeMeter):
    """Lets what is no number escape as an exception."""

    def reading(self, message: Arrival) -> Reading | None:
        reading = super().reading(message)
        if reading is None:
            raise ValueError("not a reading")
        return reading


class SaysNothing(AcmeMeter):
    """Drops what it cannot read, and its absence, without a word."""

    def note(self, t_ns: int, kind: str, detail: str) -> None:
        pass


class BelievesRetained(AcmeMeter):
    """Takes what the broker has kept for a reading of now."""

    def on_message(self, message: Arrival) -> None:
        super().on_message(message._replace(retained=False))


class TooSure(AcmeMeter):
    """States a gain that it does not have."""

    def capabilities(self) -> Capabilities:
        return replace(super().capabilities(), gain_bound=0.0005)


class CannotOpen(AcmeMeter):
    """Raises what is not a MeterError."""

    def open(self) -> None:
        raise KeyError("topic")
