"""Loads with a known integral: rest, a window of one of several shapes, and rest again.

Each is a :class:`benchharness.meters.emulator.waveform.Waveform`, made of steps or of straight
lines, so that its energy is exact; a sine is the polygon through it, and the polygon is the truth.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchharness.meters.emulator.waveform import Waveform

# How fast a straight-line load turns from rest to work: one scheduling interval of a board.
EDGE_S = 0.001
_LEAST_S = 1e-6  # between two points


@dataclass(frozen=True, slots=True)
class Span:
    """Where a trial's window lies, in seconds of the waveform's own time."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Return the length in seconds."""
        return self.end_s - self.start_s


Points = list[tuple[float, float]]  # seconds from the window's start, watts above rest
Shape = Callable[[random.Random, float, float], Points]  # random, window's length in s, swing in W


def _constant(_rng: random.Random, _length_s: float, swing_w: float) -> Points:
    return [(0.0, swing_w)]


def _step(rng: random.Random, length_s: float, swing_w: float) -> Points:
    """Return two levels that change somewhere in the middle."""
    return [(0.0, 0.5 * swing_w), (rng.uniform(0.3, 0.7) * length_s, swing_w)]


def _square(rng: random.Random, length_s: float, swing_w: float) -> Points:
    """Return work and rest in turns, about ten of each."""
    half_s = length_s / rng.uniform(15.0, 25.0)
    count = math.ceil(length_s / half_s)
    return [(i * half_s, swing_w * (i % 2 == 0)) for i in range(count)]


def _bursts(rng: random.Random, length_s: float, swing_w: float) -> Points:
    """Return short requests at random times, as a server has them."""
    points: Points = []
    t_s = 0.0
    while t_s < length_s:
        busy_s = rng.uniform(0.05, 0.5)
        points += [(t_s, swing_w), (t_s + busy_s, 0.0)]
        t_s += busy_s + rng.expovariate(1.0) * 2.0 + 0.01
    return points


def _random(rng: random.Random, length_s: float, swing_w: float) -> Points:
    """Return noise with a memory (Ornstein-Uhlenbeck), each half second."""
    memory = math.exp(-0.5 / rng.uniform(0.5, 5.0))
    state, points = 0.0, []
    for i in range(math.ceil(length_s / 0.5)):
        state = memory * state + rng.gauss(0.0, 0.3 * math.sqrt(1.0 - memory**2))
        points.append((0.5 * i, swing_w * max(0.0, 0.6 + state)))
    return points


def _ramp(rng: random.Random, length_s: float, swing_w: float) -> Points:
    low, high = sorted((rng.uniform(0.0, 0.5), rng.uniform(0.5, 1.0)))
    ends = (low, high) if rng.random() < 0.5 else (high, low)
    return [(EDGE_S, swing_w * ends[0]), (length_s - EDGE_S, swing_w * ends[1])]


def _sine(rng: random.Random, length_s: float, swing_w: float) -> Points:
    turns, phase = rng.uniform(1.0, 6.0), rng.uniform(0.0, 2.0 * math.pi)
    points = []
    count = 200
    for i in range(count + 1):
        t_s = EDGE_S + (length_s - 2.0 * EDGE_S) * i / count
        angle = 2.0 * math.pi * turns * i / count + phase
        points.append((t_s, 0.5 * swing_w * (1.0 + math.sin(angle))))
    return points


_STEPS: dict[str, Shape] = {
    "constant": _constant,
    "step": _step,
    "square": _square,
    "bursts": _bursts,
    "random": _random,
}
_LINES: dict[str, Shape] = {"ramp": _ramp, "sine": _sine}

WAVEFORMS: tuple[str, ...] = ("constant", "ramp", "step", "square", "sine", "bursts", "random")


def make_waveform(
    name: str, span: Span, rng: random.Random, *, idle_w: float, swing_w: float
) -> Waveform:
    """Return rest at ``idle_w``, up to ``swing_w`` more in the window, and rest again.

    Raises KeyError for a name that is not one of ``WAVEFORMS``.
    """
    linear = name in _LINES
    points = (_LINES if linear else _STEPS)[name](rng, span.length_s, swing_w)
    moved = [(span.start_s + t_s, idle_w + power_w) for t_s, power_w in points]
    inside = [point for point in moved if point[0] < span.end_s - _LEAST_S]
    if linear:
        ends = [(0.0, idle_w), (span.start_s, idle_w), *inside, (span.end_s, idle_w)]
    else:
        ends = [(0.0, idle_w), *inside, (span.end_s, idle_w)]
    return Waveform(
        tuple(t_s for t_s, _ in ends), tuple(power_w for _, power_w in ends), linear=linear
    )


def with_gain(waveform: Waveform, gain: float) -> Waveform:
    """Return the load as an instrument with a gain error sees it."""
    powers_w = tuple(gain * power_w for power_w in waveform.powers_w)
    return Waveform(waveform.times_s, powers_w, waveform.linear)


def range_w(waveform: Waveform, start_s: float, end_s: float) -> tuple[float, float]:
    """Return the least and the greatest power between two times."""
    seen: Sequence[float] = [
        waveform.power_w(t_s)
        for t_s in (start_s, end_s, *waveform.breaks_s(start_s, end_s))
    ]  # fmt: skip
    return min(seen), max(seen)
