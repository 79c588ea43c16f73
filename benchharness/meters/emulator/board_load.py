"""Loads as boards have them: rest, a program, rest; of one of several kinds, from a seed."""

from __future__ import annotations

import math
import random

from benchharness.meters.emulator.waveform import Waveform

KINDS = ("steady", "phases", "epochs", "requests", "warming")
# Noise of a board at work: relative, changing at random times about this far apart.
_NOISE = 0.03
_NOISE_S = 0.7

_Levels = list[tuple[float, float]]  # seconds from the program's start, share of full load


def random_waveform(
    seed: int,
    duration_s: float,
    idle_w: float = 3.0,
    full_w: float = 7.0,
    rest_share: float = 0.15,
) -> Waveform:
    """Return steps from 0 to ``duration_s``: rest, work between ``idle_w`` and ``full_w``, rest.

    Rest before and after take ``rest_share`` each. Powers and times are random, fixed by ``seed``;
    noise of about 3 % of the power above idle rides on the work, about 0.5 % on the rest.
    """
    rng = random.Random(seed)  # noqa: S311 - a load, not a secret
    start_s, length_s = rest_share * duration_s, (1.0 - 2.0 * rest_share) * duration_s
    kind = rng.choice(KINDS)
    levels = [(start_s + t_s, share) for t_s, share in _MAKERS[kind](rng, length_s)]
    steps = [(0.0, 0.0), *levels, (start_s + length_s, 0.0)]
    times, powers = _noisy(rng, steps, duration_s, idle_w, full_w)
    return Waveform(tuple(times), tuple(powers))


def _noisy(
    rng: random.Random, steps: _Levels, duration_s: float, idle_w: float, full_w: float
) -> tuple[list[float], list[float]]:
    times: list[float] = []
    powers: list[float] = []
    ends = [t_s for t_s, _ in steps[1:]] + [duration_s]
    for (begin_s, share), end_s in zip(steps, ends, strict=True):
        t_s = begin_s
        while t_s < end_s:
            power_w = idle_w * (1.0 + 0.1 * _NOISE * rng.gauss(0.0, 1.0))
            power_w += (full_w - idle_w) * share * (1.0 + _NOISE * rng.gauss(0.0, 1.0))
            times.append(t_s)
            powers.append(max(0.0, power_w))
            t_s += max(1e-3, rng.expovariate(1.0 / _NOISE_S))
    return times, powers


def _steady(rng: random.Random, _length_s: float) -> _Levels:
    return [(0.0, rng.uniform(0.3, 1.0))]


def _phases(rng: random.Random, length_s: float) -> _Levels:
    """Return a few phases of different load: read, compute, write."""
    cuts = sorted(rng.uniform(0.0, length_s) for _ in range(rng.randint(1, 4)))
    return [(t_s, rng.uniform(0.1, 1.0)) for t_s in (0.0, *cuts)]


def _epochs(rng: random.Random, length_s: float) -> _Levels:
    """Return training: epochs of one length, with a dip between them (evaluation, waiting)."""
    count = rng.randint(3, 12)
    epoch_s, dip = length_s / count, rng.uniform(0.05, 0.2)
    high, low = rng.uniform(0.6, 1.0), rng.uniform(0.0, 0.4)
    levels: _Levels = []
    for i in range(count):
        levels += [(i * epoch_s, high), ((i + 1 - dip) * epoch_s, low)]
    return levels


def _requests(rng: random.Random, length_s: float) -> _Levels:
    """Return a server: short work at random times."""
    busy_s, pause_s = math.exp(rng.uniform(-2.0, 1.5)), math.exp(rng.uniform(-1.0, 2.0))
    high = rng.uniform(0.4, 1.0)
    levels: _Levels = [(0.0, 0.0)]
    t_s = rng.expovariate(1.0 / pause_s)
    while t_s < length_s:
        end_s = t_s + max(1e-3, rng.expovariate(1.0 / busy_s))
        levels.append((t_s, high))
        if end_s < length_s:
            levels.append((end_s, 0.0))
        t_s = end_s + max(1e-3, rng.expovariate(1.0 / pause_s))
    return levels


def _warming(rng: random.Random, length_s: float) -> _Levels:
    """Return power that climbs as the chip warms up, with a time constant."""
    start, end = rng.uniform(0.4, 0.7), rng.uniform(0.7, 1.0)
    tau_s, count = rng.uniform(0.1, 0.5) * length_s, 40
    times = [i * length_s / count for i in range(count)]
    return [(t_s, end + (start - end) * math.exp(-t_s / tau_s)) for t_s in times]


_MAKERS = {
    "steady": _steady,
    "phases": _phases,
    "epochs": _epochs,
    "requests": _requests,
    "warming": _warming,
}
