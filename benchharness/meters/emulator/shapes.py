"""Curves from formulas, each with its analytic integral: ``square:low=3,high=6,period=20``.

Random ones are fixed by their seed. Those without an end repeat after an hour.
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from benchharness.errors import UnknownNameError, UsageError
from benchharness.meters.emulator.board_load import random_waveform
from benchharness.meters.emulator.waveform import Break, Curve, Waveform

_HOUR_S = 3600.0
_SLACK_S = 1e-6
# Points on a period of a sine: between them its energy is known to 1e-8 of a period's.
_SINE_POINTS = 256


@dataclass(frozen=True, slots=True)
class Periodic:
    """A waveform again and again; the part of it before ``period_s`` counts."""

    one: Waveform
    period_s: float
    _period_j: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.period_s < math.inf:
            raise ValueError("a period is above 0")
        object.__setattr__(self, "_period_j", self.one.energy_j(self.period_s))

    @property
    def linear(self) -> bool:
        """Return whether power runs from point to point."""
        return self.one.linear

    def power_w(self, t_s: float) -> float:
        """Return the power at ``t_s``; at a step, the power after it."""
        return self.one.power_w(self._within(t_s)[1])

    def energy_j(self, t_s: float) -> float:
        """Return the exact energy from 0 to ``t_s``."""
        count, rest_s = self._within(t_s)
        return count * self._period_j + self.one.energy_j(rest_s)

    def breaks(self, after_s: float, until_s: float) -> list[Break]:
        """Return the breaks in (after_s, until_s], in their order."""
        found = []
        for count in range(self._within(after_s)[0], self._within(until_s)[0] + 1):
            offset_s = count * self.period_s
            # A little more than asked for, as offsets round; what is too much is left out below.
            low_s = max(0.0, after_s - offset_s - _SLACK_S)
            high_s = min(math.nextafter(self.period_s, 0.0), until_s - offset_s + _SLACK_S)
            inner = self.one.breaks(low_s, high_s)
            found += [Break(offset_s + b.t_s, b.before_w, b.after_w) for b in inner]
            found.append(Break(offset_s + self.period_s, self._end_w(), self.one.power_w(0.0)))
        return [b for b in found if after_s < b.t_s <= until_s]

    def _end_w(self) -> float:
        """Return the power that leads up to the end of a period."""
        at_end = self.one.breaks(math.nextafter(self.period_s, 0.0), self.period_s)
        return at_end[0].before_w if at_end else self.one.power_w(self.period_s)

    def _within(self, t_s: float) -> tuple[int, float]:
        count = math.floor(t_s / self.period_s)
        return count, min(self.period_s, max(0.0, t_s - count * self.period_s))


@dataclass(frozen=True, slots=True)
class Sine:
    """mean_w + amplitude_w * sin(2 pi t / period_s)."""

    mean_w: float
    amplitude_w: float
    period_s: float

    def __post_init__(self) -> None:
        if not (0 <= self.amplitude_w <= self.mean_w < math.inf and 0 < self.period_s < math.inf):
            raise ValueError("a sine needs a period above 0 and an amplitude from 0 to its mean")

    @property
    def linear(self) -> bool:
        """Return True: power runs smoothly."""
        return True

    def power_w(self, t_s: float) -> float:
        """Return the power at ``t_s``."""
        return self.mean_w + self.amplitude_w * math.sin(math.tau * t_s / self.period_s)

    def energy_j(self, t_s: float) -> float:
        """Return the exact energy from 0 to ``t_s``."""
        # 1 - cos(x) loses its digits for small x; 2 sin(x/2)^2 does not.
        half = math.sin(math.pi * t_s / self.period_s)
        return self.mean_w * t_s + self.amplitude_w * self.period_s / math.pi * half**2

    def breaks(self, after_s: float, until_s: float) -> list[Break]:
        """Return points close enough to each other that what lies between them is known."""
        step_s = self.period_s / _SINE_POINTS
        low, high = math.floor(after_s / step_s), math.floor(until_s / step_s)
        times = (k * step_s for k in range(low, high + 2))
        return [
            Break(t_s, self.power_w(t_s), self.power_w(t_s))
            for t_s in times
            if after_s < t_s <= until_s
        ]


def constant(power: float = 5.0) -> Curve:
    """Return one power, in watts."""
    return Waveform((0.0,), (power,))


def ramp(start: float = 3.0, end: float = 7.0, duration: float = 300.0) -> Curve:
    """Return a straight line from ``start`` to ``end`` watts in ``duration`` seconds."""
    return Waveform((0.0, duration), (start, end), linear=True)


def step(low: float = 3.0, high: float = 6.0, at: float = 150.0) -> Curve:
    """Return ``low`` watts, and ``high`` from ``at`` seconds on."""
    return Waveform((0.0, at), (low, high))


def square(low: float = 3.0, high: float = 6.0, period: float = 20.0, duty: float = 0.5) -> Curve:
    """Return ``high`` watts for the share ``duty`` of each period, then ``low``."""
    if not 0 < duty < 1:
        raise ValueError("duty lies between 0 and 1")
    if period <= 0:
        raise ValueError("a period is above 0")
    return Periodic(Waveform((0.0, duty * period), (high, low)), period)


def sine(mean: float = 5.0, amplitude: float = 2.0, period: float = 20.0) -> Curve:
    """Return a sine about ``mean`` watts."""
    return Sine(mean, amplitude, period)


def sawtooth(low: float = 3.0, high: float = 6.0, period: float = 20.0) -> Curve:
    """Return a straight rise from ``low`` to ``high`` watts in each period, then a step down."""
    return Periodic(Waveform((0.0, period), (low, high), linear=True), period)


def bursts(
    low: float = 3.0, high: float = 6.0, busy: float = 0.5, pause: float = 5.0, seed: float = 0
) -> Curve:
    """Return bursts of ``high`` watts, ``busy`` and ``pause`` seconds long on average.

    Lengths are exponential, as those of requests that come independently of each other.
    """
    return _two_levels(low, high, pause, busy, seed)


def telegraph(low: float = 3.0, high: float = 6.0, stay: float = 10.0, seed: float = 0) -> Curve:
    """Return a random telegraph signal: it stays at each level for ``stay`` s on average."""
    return _two_levels(low, high, stay, stay, seed)


def board(idle: float = 3.0, high: float = 7.0, duration: float = 300.0, seed: float = 0) -> Curve:
    """Return a board that rests, works as a program does, and rests (board_load.py)."""
    return random_waveform(int(seed), duration, idle, high)


SHAPES: dict[str, Callable[..., Curve]] = {
    make.__name__: make
    for make in (constant, ramp, step, square, sine, sawtooth, bursts, telegraph, board)
}


def parse_shape(text: str, where: str = "shape") -> Curve:
    """Read ``NAME`` or ``NAME:key=value,...``; what is left out has the defaults above.

    Raises UsageError in one line.
    """
    name, _, rest = text.partition(":")
    if name not in SHAPES:
        raise UnknownNameError("shape", name, SHAPES, where=where)
    known = list(inspect.signature(SHAPES[name]).parameters)
    values: dict[str, float] = {}
    for item in filter(None, (part.strip() for part in rest.split(","))):
        key, _, value = (part.strip() for part in item.partition("="))
        if key not in known:
            raise UnknownNameError(f"key of {name}", key, known, where=where)
        try:
            values[key] = float(value)
        except ValueError:
            values[key] = math.nan
        if not math.isfinite(values[key]):
            raise UsageError(f"{key}: {value!r} is not a number", where=where)
    try:
        return SHAPES[name](**values)
    except ValueError as error:
        raise UsageError(f"{name}: {error}", where=where) from None


def _two_levels(low_w: float, high_w: float, low_s: float, high_s: float, seed: float) -> Curve:
    if not (0 < low_s < math.inf and 0 < high_s < math.inf):
        raise ValueError("the mean lengths are above 0")
    rng = random.Random(int(seed))  # noqa: S311 - a load, not a secret
    times: list[float] = []
    powers: list[float] = []
    t_s = 0.0
    while t_s < _HOUR_S:
        low = len(times) % 2 == 0
        times.append(t_s)
        powers.append(low_w if low else high_w)
        t_s += max(1e-6, rng.expovariate(1.0 / (low_s if low else high_s)))
    return Periodic(Waveform(tuple(times), tuple(powers)), _HOUR_S)
