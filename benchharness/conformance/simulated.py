"""Random loads and plugs as arrays: fast enough for thousands of trials, without a broker.

The plugs follow the same sources as ``meters/emulator`` and are written apart from it, so that
each checks the other (tests/unit/test_conformance_simulated.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchharness.energy.readings import Readings
from benchharness.model import Capabilities, MeasurementClass

FloatArray = npt.NDArray[np.float64]

GRID_S = 0.05
_STEP_J = 36.0  # Tasmota counts in steps of 1e-5 kWh
_SLOT_S, _SILENCE_S = 0.2, 10.0


@dataclass(frozen=True)
class Load:
    """Power that is constant between breaks: ``power_w[i]`` (float64[n]) holds from ``t_s[i]``.

    ``net_j`` is what the window used above idle, exactly.
    """

    t_s: FloatArray
    power_w: FloatArray
    net_j: float = 0.0

    def energy_j(self, t_s: npt.ArrayLike) -> FloatArray:
        """Return the exact integral from the first break to each time, float64[m]."""
        result: FloatArray = np.interp(np.asarray(t_s, dtype=np.float64), self.t_s, self.total_j)
        return result

    @property
    def total_j(self) -> FloatArray:
        """Return the integral up to each break, float64[n]."""
        result: FloatArray = np.concatenate(
            [[0.0], np.cumsum(self.power_w[:-1] * np.diff(self.t_s))]
        )
        return result

    def mean_w(self, start_s: FloatArray, end_s: FloatArray) -> FloatArray:
        """Return the mean power between pairs of times, float64[m]."""
        result: FloatArray = (self.energy_j(end_s) - self.energy_j(start_s)) / (end_s - start_s)
        return result


def random_load(rng: np.random.Generator, duration_s: float, margin_s: float) -> Load:
    """Return idle power, from 0 s a window of one of six characters, and idle power again."""
    t = np.arange(-margin_s, duration_s + margin_s, GRID_S)
    edges = np.array([0.0, duration_s])
    t = np.unique(np.concatenate([t, edges]))
    busy = (t >= 0.0) & (t < duration_s)
    idle_w = rng.uniform(1.6, 5.0)
    swing_w = rng.uniform(0.3, 10.0)
    inside = t[busy]
    shape = np.zeros(t.size)
    shape[busy] = _shape(rng, inside, duration_s)
    noise = rng.normal(0.0, 0.02 * idle_w, t.size)
    drift = rng.uniform(-0.05, 0.05) * idle_w * _drift(rng, t, duration_s)
    power_w = np.maximum(0.0, idle_w + drift + noise + swing_w * shape)
    widths = np.diff(np.append(inside, duration_s))
    rest_j = float(np.dot((idle_w + drift)[busy], widths))
    gross_j = float(np.dot(power_w[busy], widths))
    return Load(t, power_w, gross_j - rest_j)


def _drift(rng: np.random.Generator, t: FloatArray, duration_s: float) -> FloatArray:
    """Return how the idle power moves: evenly, by a step, or as something that warms up."""
    kind = rng.integers(0, 3)
    if kind == 0:
        result: FloatArray = t / duration_s - 0.5
    elif kind == 1:
        result = np.where(t < rng.uniform(0.0, duration_s), -0.5, 0.5)
    else:
        result = 0.5 - np.exp(-np.maximum(t, 0.0) / rng.uniform(0.1, 1.0) / duration_s)
    return result


def _shape(rng: np.random.Generator, t: FloatArray, duration_s: float) -> FloatArray:
    """Return the load above idle, relative, float64[n]: about 1 on average."""
    shape = np.ones(t.size)
    kind = rng.integers(0, 6)
    if kind == 1:  # slow swing
        shape = 1.0 + 0.4 * np.sin(2 * np.pi * t / rng.uniform(0.2, 2.0) / duration_s)
    elif kind == 2:  # ramp
        shape = 0.5 + t / duration_s
    elif kind == 3:  # phases of equal length and random power
        length_s = rng.uniform(0.5, 0.3 * duration_s)
        levels = rng.uniform(0.2, 1.6, size=int(duration_s / length_s) + 2)
        shape = levels[(t / length_s).astype(int)]
    elif kind == 4:  # rounds: work, then waiting
        round_s, share = rng.uniform(1.5, 40.0), rng.uniform(0.2, 0.8)
        shape = np.where(t % round_s < share * round_s, 1.4, 0.2)
    elif kind == 5:  # noise with a memory
        memory = np.exp(-GRID_S / rng.uniform(0.05, 3.0))
        kernel = memory ** np.arange(int(8.0 / (1.0 - memory)))
        shocks = rng.normal(0.0, 0.3 * np.sqrt(1.0 - memory**2), t.size + kernel.size - 1)
        shape = np.maximum(0.0, 1.0 + np.convolve(shocks, kernel, mode="valid"))
    return shape


@dataclass(frozen=True)
class Plug:
    """A kind of plug, and how it is asked.

    ``chip`` is "mean" (the mean of the last second), "hlw8012", "bl0937" or "delayed" (a mean of
    ``rng``'s length that is late by up to ``latency_bound_s``). ``poll_s`` 0 leaves telemetry
    alone, each ``period_s``; ``watts`` and ``joules`` are the steps of the two figures (a choice).
    """

    name: str
    chip: str
    period_s: float
    poll: bool
    watts: tuple[float, ...] = (1.0, 0.1, 0.01, 0.001)
    joules: tuple[float, ...] = (3600.0, 360.0, _STEP_J)
    has_counter: bool = True
    calibrated: bool = False
    gain_bound: float = 0.05
    latency_bound_s: float = 1.5

    @property
    def pulse_j(self) -> float | None:
        """Return the energy of a pulse, None without pulses."""
        return {"hlw8012": 12.53, "bl0937": 12.53 * 0.1362}.get(self.chip)


def read(
    plug: Plug,
    rng: np.random.Generator,
    load: Load,
    asked_s: list[float],
) -> tuple[Readings, Capabilities]:
    """Return what a harness reads of the load through a plug, and what the plug can do.

    The load's 0 s is one hour on the readings' clock.
    """
    start_s, end_s = float(load.t_s[0]) + 12.0, float(load.t_s[-1]) - 1.0
    regular = np.arange(start_s + rng.uniform(0.0, plug.period_s), end_s, plug.period_s)
    regular = regular + rng.uniform(0.0, 0.05, regular.size)
    asked = np.asarray(asked_s) + rng.uniform(0.02, 0.12, len(asked_s))
    t = np.unique(np.concatenate([regular, asked]) if plug.poll else regular)
    gain = 1.0 + rng.uniform(-plug.gain_bound, plug.gain_bound)
    watt, joule = float(rng.choice(plug.watts)), float(rng.choice(plug.joules))
    powers, counter, lag_s = _figures(plug, rng, load, t)
    counter = counter + rng.uniform(0.0, 1e5)
    powers = np.round(gain * powers / watt) * watt
    if plug.chip == "delayed" or joule < _STEP_J:
        counter = np.floor(gain * counter / joule) * joule
    else:
        counter = np.round(np.floor(gain * counter / _STEP_J) * _STEP_J / joule) * joule
    capabilities = Capabilities(
        MeasurementClass.EMULATED,
        has_power=True,
        has_counter=plug.has_counter,
        period_s=plug.period_s,
        power_resolution_w=max(watt, 0.1) if plug.pulse_j else watt,
        energy_resolution_j=joule,
        floor_w=plug.pulse_j / 10.0 if plug.pulse_j else None,
        gain_bound=plug.gain_bound,
        latency_bound_s=plug.latency_bound_s,
        latency_s=max(0.0, lag_s + rng.normal(0.0, 0.05)) if plug.calibrated else None,
        latency_u_s=0.05 if plug.calibrated else None,
        pulse_j=plug.pulse_j,
    )
    t_ns = np.round((t + 3600.0) * 1e9).astype(np.int64)
    return Readings.of(t_ns, powers, counter if plug.has_counter else None), capabilities


def _figures(
    plug: Plug, rng: np.random.Generator, load: Load, t: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Return powers and counter at ``t`` and the mean lag of the powers, before gain and steps."""
    phase_s = rng.uniform(0.0, 1.0)
    tick = np.floor(t - phase_s) + phase_s
    if plug.pulse_j is not None:
        at_s = pulses(load, plug.pulse_j, rng.uniform(0.0, 1.0))
        look = np.floor((t - phase_s) / _SLOT_S) * _SLOT_S + phase_s
        counted = plug.pulse_j * np.searchsorted(at_s, tick, side="right").astype(np.float64)
        return pulse_powers(at_s, plug.pulse_j, look), counted, 0.1
    if plug.chip == "delayed":
        mean_s = rng.uniform(0.05, 1.0)
        late_s = rng.uniform(0.0, max(0.0, plug.latency_bound_s - 0.5 * mean_s))
        then = t - late_s
        return load.mean_w(then - mean_s, then), load.energy_j(then), late_s + 0.5 * mean_s
    return load.mean_w(tick - 1.0, tick), load.energy_j(tick), 1.0


def pulses(load: Load, pulse_j: float, phase: float) -> FloatArray:
    """Return the times of all pulses: where the energy passes a multiple of ``pulse_j``."""
    total_j = load.total_j
    levels = np.arange(1.0 - phase, total_j[-1] / pulse_j) * pulse_j
    rising = np.concatenate([[True], np.diff(total_j) > 0.0])
    times: FloatArray = np.interp(levels, total_j[rising], load.t_s[rising])
    return times


def pulse_powers(at_s: FloatArray, pulse_j: float, look: FloatArray) -> FloatArray:
    """Return the power that Tasmota makes of pulses ``at_s``, float64[n] for n looks.

    It looks each 200 ms, cuts to 0.1 W, and says 0 W after 10 s without a pulse.
    """
    last = np.searchsorted(at_s, look, side="right") - 1
    number = np.maximum(1, last - (np.searchsorted(at_s, look - _SLOT_S, side="right") - 1))
    first = np.maximum(last - number, 0)
    length_s = np.maximum(at_s[last] - at_s[first], 1e-9)
    powers = np.floor(pulse_j * (last - first) / length_s * 10.0 + 1e-6) / 10.0
    silent = (look - at_s[last] > _SILENCE_S) | (length_s > _SILENCE_S * number)
    result: FloatArray = np.where(silent, 0.0, powers)
    return result
