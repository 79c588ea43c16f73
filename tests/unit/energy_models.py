"""Waveforms with a known integral, and plugs that see them: the truth of the energy tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchharness.energy.readings import Readings, Window
from benchharness.model import Capabilities, MeasurementClass

FloatArray = npt.NDArray[np.float64]

ZERO_NS = 7_000_000_000_000  # the start of every window in these tests
SECOND_NS = 1_000_000_000


def ns(t_s: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return times in ns of seconds since the window's start."""
    return ZERO_NS + np.round(np.asarray(t_s, dtype=np.float64) * SECOND_NS).astype(np.int64)


def window(duration_s: float, start_s: float = 0.0) -> Window:
    start, end = ns([start_s, start_s + duration_s])
    return Window(int(start), int(end))


def plug(**options: float | None) -> Capabilities:
    """Return a measuring plug with powers and a counter."""
    defaults: dict[str, float | None] = {"period_s": 1.0, "gain_bound": 0.0}
    return Capabilities(MeasurementClass.MEASURED, True, True, **{**defaults, **options})


@dataclass(frozen=True)
class Steps:
    """Power that is constant between breaks: ``power_w[i]`` holds from ``t_s[i]``."""

    t_s: FloatArray
    power_w: FloatArray

    def energy_j(self, t_s: npt.ArrayLike) -> FloatArray:
        """Return the exact integral from the first break to each time, float64[n]."""
        at_break = np.concatenate([[0.0], np.cumsum(self.power_w[:-1] * np.diff(self.t_s))])
        t = np.asarray(t_s, dtype=np.float64)
        place = np.clip(np.searchsorted(self.t_s, t, side="right") - 1, 0, None)
        result: FloatArray = at_break[place] + self.power_w[place] * (t - self.t_s[place])
        return result

    def mean_w(self, start_s: FloatArray, end_s: FloatArray) -> FloatArray:
        result: FloatArray = (self.energy_j(end_s) - self.energy_j(start_s)) / (end_s - start_s)
        return result


def random_load(rng: np.random.Generator, duration_s: float, margin_s: float) -> Steps:
    """Return idle power, a window of one of several characters, and idle power again."""
    grid_s = 0.02
    t = np.arange(-margin_s, duration_s + margin_s, grid_s)
    idle_w = rng.uniform(1.5, 4.0)
    swing_w = rng.uniform(0.0, 6.0)
    busy = (t >= 0.0) & (t < duration_s)
    kind = rng.integers(0, 5)
    if kind == 0:  # constant
        shape = np.ones(t.size)
    elif kind == 1:  # slow swing
        shape = 1.0 + 0.4 * np.sin(2 * np.pi * t / rng.uniform(0.2, 2.0) / duration_s)
    elif kind == 2:  # ramp
        shape = 0.5 + t / duration_s
    elif kind == 3:  # phases of random length
        length_s = rng.uniform(0.5, 0.3 * duration_s)
        levels = rng.uniform(0.2, 1.6, size=int(t.size * grid_s / length_s) + 2)
        shape = levels[((t + margin_s) / length_s).astype(int)]
    else:  # noise with a memory
        memory = np.exp(-grid_s / rng.uniform(0.05, 3.0))
        shocks = rng.normal(0.0, 0.3 * np.sqrt(1 - memory**2), t.size)
        shape = np.empty(t.size)
        state = 0.0
        for i, shock in enumerate(shocks):
            state = memory * state + shock
            shape[i] = max(0.0, 1.0 + state)
    noise = rng.normal(0.0, 0.02 * idle_w, t.size)
    drift = rng.uniform(-0.05, 0.05) * idle_w * t / (duration_s + margin_s)
    return Steps(t, idle_w + drift + noise + np.where(busy, swing_w * shape, 0.0))


@dataclass(frozen=True)
class PlugModel:
    """A plug: telemetry period, averaging time of its powers, steps, gain."""

    period_s: float
    averaging_s: float
    power_step_w: float
    energy_step_j: float
    gain: float
    gain_bound: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> PlugModel:
        bound = float(rng.choice([0.005, 0.01, 0.05]))
        return cls(
            period_s=float(rng.choice([1.0, 1.0, 2.0, 5.0, 10.0])),
            averaging_s=float(rng.uniform(0.05, 1.0)),
            power_step_w=float(rng.choice([0.01, 0.1, 1.0])),
            energy_step_j=float(rng.choice([0.36, 3.6, 36.0, 3600.0])),
            gain=1.0 + float(rng.uniform(-bound, bound)),
            gain_bound=bound,
        )

    def capabilities(self) -> Capabilities:
        return plug(
            period_s=self.period_s,
            power_resolution_w=self.power_step_w,
            energy_resolution_j=self.energy_step_j,
            gain_bound=self.gain_bound,
            latency_bound_s=self.averaging_s,
        )

    def read(
        self,
        rng: np.random.Generator,
        load: Steps,
        start_s: float,
        end_s: float,
        asked_s: list[float],
    ) -> Readings:
        """Return telemetry with jitter, and answers to requests at ``asked_s`` soon after."""
        phase = rng.uniform(0.0, self.period_s)
        regular = np.arange(start_s + phase, end_s, self.period_s)
        regular = regular + rng.normal(0.0, 0.01 * self.period_s, regular.size)
        asked = np.asarray(asked_s) + rng.uniform(0.02, 0.12, len(asked_s))
        t = np.sort(np.concatenate([regular, asked]))
        t = t[(t > start_s) & (t < end_s)]
        power = self.gain * load.mean_w(t - self.averaging_s, t)
        energy = self.gain * load.energy_j(t)
        return Readings.of(
            ns(t),
            np.round(power / self.power_step_w) * self.power_step_w,
            np.floor(energy / self.energy_step_j) * self.energy_step_j,
        )
