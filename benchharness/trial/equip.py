"""Which meters are meant, opened together; and how long rest must be for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from benchharness.energy.lag import power_lag
from benchharness.errors import MeterError, UsageError
from benchharness.meters.address import parse_broker
from benchharness.meters.base import Instrument, Meter
from benchharness.meters.instrument import default_instrument, load_meter, resolve_instrument
from benchharness.model import MeasurementClass

NO_METER = "none"
_SHORTEST_IDLE_S = 2.0
_LONGEST_IDLE_S = 60.0
_IDLE_READINGS = 5
_IDLE_LOOKS_BACK = 2.0  # so that half of the readings at rest show nothing else
_LONGEST_SETTLE_S = 10.0
_SETTLE_WITHOUT_INSTRUMENT_S = 0.2
_LOW_POWER_W = 3.0  # a small board at rest: how far apart the pulses of a chip are then
_QUICK_IDLE_S = 1.0


@contextmanager
def open_meters(names: Sequence[str], devices: Sequence[Instrument] = ()) -> Iterator[list[Meter]]:
    """Open the meters that are named, or the best that this machine has; close them at the end.

    ``devices`` are the instruments of a testbed's devices, which stand beside those that are
    named, and in place of the machine's own. Raises UsageError for a name, MeterError for a meter
    that is not fit.
    """
    if list(names) == [NO_METER]:
        yield []
        return
    with ExitStack() as stack:
        meters: list[Meter] = []
        for instrument in chosen_instruments(names, devices):
            meter = load_meter(instrument)
            stack.callback(meter.close)
            meters.append(meter)
        for meter in meters:
            open_one(meter, alone=len(meters) == 1)
        yield meters


def chosen_instruments(
    names: Sequence[str], devices: Sequence[Instrument] = ()
) -> list[Instrument]:
    """Return the instruments of devices and those that are named, or the best of this machine.

    Instruments that happen to share a name get one of their own; the same one twice is refused.
    """
    chosen: list[Instrument] = []
    named = [(name, resolve_instrument(name)) for name in names]
    for name, instrument in [*((each.name, each) for each in devices), *named]:
        for other in chosen:
            if _identity(other) == _identity(instrument):
                raise UsageError(
                    f"{name} is the same meter as {other.name}",
                    where="--meter",
                    remedy="name each meter once",
                )
        chosen.append(replace(instrument, name=_free_name(instrument.name, chosen)))
    return chosen or [default_instrument()]


def open_one(meter: Meter, *, alone: bool) -> None:
    """Open a meter; of several, say which one is not fit and that the others would do."""
    try:
        meter.open()
    except MeterError as error:
        if alone:
            raise
        remedy = "or measure without it: leave out its --meter"
        raise MeterError(
            f"meter {meter.instrument.name} is not fit: {error.what}",
            where=error.where,
            remedy=f"{error.remedy}; {remedy}" if error.remedy else remedy,
        ) from error


@dataclass(frozen=True, slots=True)
class Rest:
    """How long the machine is let settle before and after a window, and rests, in seconds."""

    settle_s: float
    idle_s: float


def rest_for(meters: Sequence[Meter], idle_s: float | None, *, quick: bool = False) -> Rest:
    """Choose what the user left open (``idle_s`` None) to suit open meters.

    Idle power wants several readings of the slowest meter, and to last longer than readings look
    back; what needs no idle (no meter at all) spends no time on it.
    """
    instruments = [
        capabilities
        for capabilities in (meter.capabilities() for meter in meters)
        if capabilities.measurement_class is not MeasurementClass.ESTIMATED
    ]
    period_s = max((capabilities.period_s or 0.0 for capabilities in instruments), default=0.0)
    lags = [power_lag(capabilities, _LOW_POWER_W) for capabilities in instruments]
    looks_back_s = max((lag.reach_s for lag in lags), default=0.0)
    if idle_s is None:
        shortest_s = _QUICK_IDLE_S if quick else _SHORTEST_IDLE_S
        if not quick:
            shortest_s = max(shortest_s, _IDLE_LOOKS_BACK * looks_back_s)
        idle_s = min(_LONGEST_IDLE_S, max(shortest_s, _IDLE_READINGS * period_s)) if meters else 0.0
    # A plug's power is a mean over its last seconds: let it forget what was before.
    settle_s = max(1.0, min(max(period_s, looks_back_s), _LONGEST_SETTLE_S)) + 0.5
    return Rest(settle_s if instruments else _SETTLE_WITHOUT_INSTRUMENT_S, idle_s)


def _identity(instrument: Instrument) -> tuple[object, ...]:
    """Return what is equal for one instrument under two names: its plug, else its file."""
    options = instrument.options
    if isinstance(options.get("broker"), str) and "topic" in options:
        broker = parse_broker(options["broker"], instrument.where, options.get("port"))
        return (instrument.driver, broker, options["topic"], options.get("channel", 1))
    return (instrument.driver, Path(instrument.where).resolve())


def _free_name(name: str, others: Sequence[Instrument]) -> str:
    taken = {instrument.name for instrument in others}
    numbered = (f"{name}-{number}" for number in count(2))
    return name if name not in taken else next(each for each in numbered if each not in taken)
