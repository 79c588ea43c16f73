"""A rig: one kind of meter on a bench of its own, with a load whose energy is known exactly.

A third party writes a rig for its driver, or takes MqttRig or SteppedRig, and hands it to
:class:`benchharness.conformance.MeterConformance`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from benchharness.conformance.faults import FaultClass
from benchharness.conformance.virtual_time import VirtualTime
from benchharness.conformance.waveforms import Span
from benchharness.meters.base import Meter
from benchharness.meters.emulator.waveform import Waveform


@dataclass(frozen=True, slots=True)
class Shape:
    """How long the parts of a trial are, in seconds, and between which watts its load lies.

    The instrument is switched on ``lead_s`` before the first idle interval, which leaves time to
    open the meter. ``gain`` is the half-width within which each seed draws the instrument's
    common gain error; its ``gain`` key should say the same.
    """

    window_s: float = 120.0
    idle_s: float = 20.0
    lead_s: float = 5.0
    dither_s: float = 1.0  # everything is later by up to this, as harness and meter keep no step
    tick_s: float = 1.0  # how often the harness calls read()
    idle_w: tuple[float, float] = (2.5, 5.0)
    swing_w: tuple[float, float] = (2.0, 10.0)
    gain: float = 0.01

    @property
    def span(self) -> Span:
        """Return where the window lies, in seconds since the instrument was switched on."""
        start_s = self.lead_s + self.idle_s
        return Span(start_s, start_s + self.window_s)

    @property
    def end_s(self) -> float:
        """Return when the last idle interval ends."""
        return self.span.end_s + self.idle_s


@dataclass(slots=True)
class Shown:
    """What the instrument has really shown, against which a driver's readings are held.

    ``at_ns`` and ``numbers`` go together: when something reached the driver (or lay there to be
    read), and every number in it, None where the driver works its powers out itself. ``sent``
    counts the messages with a number, twice where they came twice. ``away`` are the spans
    without any; ``injected`` counts the faults that were put in; ``failures`` says what the
    driver raised on the network's thread.
    """

    sent: int = 0
    at_ns: list[int] = field(default_factory=list)
    numbers: list[frozenset[float] | None] = field(default_factory=list)
    away: list[tuple[int, int]] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def note(self, t_ns: int, numbers: Iterable[float] | None) -> None:
        """Note what there was to be seen at ``t_ns``; the times must not fall."""
        self.at_ns.append(t_ns)
        self.numbers.append(None if numbers is None else frozenset(numbers))


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Bench:
    """A meter that is not open yet, its time, and what its instrument shows.

    ``refresh`` brings the instrument up to date before each call of the driver, where it does
    not do so by itself.
    """

    meter: Meter
    time: VirtualTime
    zero_ns: int  # time 0 of the load
    shown: Shown
    refresh: Callable[[], object] = _nothing


class Rig(Protocol):
    """Sets up a meter of an instrument that sees ``load``.

    ``faults`` names the classes of ``benchharness.conformance.faults.FAULTS`` that the
    instrument can have; "none" is always tried.
    """

    @property
    def name(self) -> str:
        """Return what the meter is called in tables."""
        ...

    @property
    def shape(self) -> Shape:
        """Return how long a trial must be for this meter."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """Return the fault classes that can happen to this meter."""
        ...

    def set_up(self, load: Waveform, fault: FaultClass, seed: int) -> AbstractContextManager[Bench]:
        """Return the bench; leaving the context takes it down."""
        ...
