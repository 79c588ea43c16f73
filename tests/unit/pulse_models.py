"""Plugs that see a known load pulse, with a latency that is known exactly: for the check tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from benchharness.meters.check.pattern import pulse_pattern
from benchharness.meters.check.pulse import ASK_S
from benchharness.stats.activity import Activity
from benchharness.stats.lag import Means

FloatArray = npt.NDArray[np.float64]

REST_W = 3.0
_GRID_S = 0.01
_BEFORE_S = 40.0


@dataclass(frozen=True)
class PulsedPlug:
    """Works out its mean power once each ``update_s``; polled at ``poll_s``, or pushed at it."""

    poll_s: float
    polled: bool
    power_step_w: float
    step_w: float = 4.0
    averaging_s: float = 1.0

    def see(self, seed: int, duration_s: float) -> tuple[Means, Activity, float]:
        """Return readings, the cause, and their mean age: stamp less the middle of what they mean.

        The board idles at 3 W with a slow drift, white noise, and background work that comes and
        goes over seconds; the network takes 20 to 120 ms and the plug up to 1.5 s more.
        """
        rng = np.random.default_rng(seed)
        runs = pulse_pattern(duration_s, seed)
        load = _Load(rng, runs, duration_s, self.step_w)
        if self.polled:
            asks = np.concatenate(
                [
                    np.arange(0.0, duration_s, self.poll_s),
                    rng.uniform(0.0, duration_s, int(duration_s / ASK_S)),
                ]
            )
            phase = rng.uniform(0.0, 1.0)
            worked_out = np.floor(np.sort(asks) - phase) + phase
            asked = np.sort(asks)
        else:
            worked_out = np.arange(rng.uniform(0.0, self.poll_s), duration_s, self.poll_s)
            asked = worked_out = worked_out + rng.normal(0.0, 0.05, worked_out.size)
        delay_s = rng.uniform(0.0, 1.5) + rng.uniform(0.02, 0.12, asked.size)
        stamps = asked + delay_s
        powers = load.mean_w(worked_out - self.averaging_s, worked_out)
        powers = np.round(powers / self.power_step_w) * self.power_step_w
        age_s = float(np.mean(stamps - (worked_out - 0.5 * self.averaging_s)))
        order = np.argsort(stamps)
        stamps, powers = stamps[order], powers[order]
        return Means(stamps, stamps, powers, True), Activity.of_runs(runs), age_s


class _Load:
    def __init__(
        self,
        rng: np.random.Generator,
        runs: list[tuple[float, float]],
        duration_s: float,
        step_w: float,
    ) -> None:
        self.t_s = np.arange(-_BEFORE_S, duration_s + 5.0, _GRID_S)
        n = self.t_s.size
        memory = np.exp(-_GRID_S / 5.0)
        shocks = rng.normal(0.0, 0.15 * np.sqrt(1.0 - memory**2), n)
        background = lfilter([1.0], [1.0, -memory], shocks)
        white = rng.normal(0.0, 0.15, n)
        power = REST_W + 0.2 * self.t_s / duration_s + background + white
        self._energy_j = np.concatenate([[0.0], np.cumsum(power[:-1] * _GRID_S)])
        self._pulse = Activity.of_runs(runs)
        self._step_w = step_w

    def mean_w(self, start_s: FloatArray, end_s: FloatArray) -> FloatArray:
        base = np.interp(end_s, self.t_s, self._energy_j)
        base = (base - np.interp(start_s, self.t_s, self._energy_j)) / (end_s - start_s)
        result: FloatArray = base + self._step_w * self._pulse.mean(start_s, end_s)
        return result
