"""A window as its meter saw it: the one argument of every estimator, and what they return."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from benchharness.clock import seconds
from benchharness.energy.arrays import diff, median
from benchharness.energy.budget import GAIN, Budget
from benchharness.energy.coverage import Coverage, coverage, gap_limit_s
from benchharness.energy.gate_counter import Stitch
from benchharness.energy.gate_powers import NO_PULSE_S
from benchharness.energy.lag import Lag, instrument_lag, power_lag
from benchharness.energy.readings import FloatArray, Readings, Samples, Window
from benchharness.energy.silence import Silence
from benchharness.energy.steps import counter_step_j
from benchharness.model import Capabilities, EnergyEstimate, MeasurementClass

_Made = TypeVar("_Made")

# Half-widths of the gain error that are assumed where an instrument states none.
ASSUMED_GAIN_BOUND = 0.05  # an uncalibrated pulse-counting plug
ASSUMED_MODEL_BOUND = 0.5  # a linear model of watts from CPU use
# Whatever decimals are shown, firmware works out a pulse chip's power in whole tenths of a watt
# (Tasmota, xnrg_01_hlw8012.ino).
PULSE_STEP_W = 0.1


@dataclass(frozen=True, slots=True)
class Candidate:
    """The energy of a window by one method, with its budget in joules."""

    method: str
    energy_j: float
    budget: Budget
    readings: int

    @property
    def own_u_j(self) -> float:
        """Return the standard uncertainty without the gain, which all methods share."""
        return self.budget.without(GAIN).combined

    @property
    def own_expanded_j(self) -> float:
        """Return that at 95 %: an uncertainty estimated from three readings is itself unsure."""
        return self.budget.without(GAIN).expanded()[0]

    def estimate(self, share: float | None) -> EnergyEstimate:
        """Return the record that is kept beside the figure."""
        return EnergyEstimate(
            method=self.method,
            energy_j=self.energy_j,
            standard_u_j=self.budget.combined,
            terms_j=self.budget.as_mapping(),
            readings=self.readings,
            coverage=share,
            nu=self.budget.degrees_of_freedom(),
        )


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why a method has no energy for a window."""

    method: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Readings in seconds from the window's start, and what the instrument is known to do.

    ``power`` (W) and ``counter`` (J) reach beyond the window [0, duration_s] on both sides; their
    times are those that they speak of, stamps less the mean delay of ``lag`` (powers) and
    ``counter_lag``. ``stitches`` are where the gate has joined the counter, on the same axis.
    ``period_s`` is the telemetry interval; readings farther apart than ``gap_limit_s`` do not
    vouch for the time between them.
    """

    duration_s: float
    power: Samples
    counter: Samples
    capabilities: Capabilities
    period_s: float
    gap_limit_s: float
    coverage: Coverage
    lag: Lag
    counter_lag: Lag
    counter_step_j: float
    stitches: tuple[Stitch, ...] = ()
    _known: dict[str, Any] = field(init=False, repr=False, default_factory=dict)

    def once(self, name: str, make: Callable[[], _Made]) -> _Made:
        """Return what ``make`` gives, worked out once for all estimators of the window."""
        if name not in self._known:
            self._known[name] = make()
        made: _Made = self._known[name]
        return made

    @property
    def inside(self) -> Samples:
        """Return the powers inside the window: the same object each time."""
        return self.once("inside", lambda: self.power.between(0.0, self.duration_s))

    @property
    def power_step_w(self) -> float:
        """Return the step of the powers: the stated one, or that of a pulse chip's firmware."""
        stated_w = self.capabilities.power_resolution_w or 0.0
        return max(stated_w, PULSE_STEP_W) if self.capabilities.pulse_j else stated_w

    @property
    def floor_w(self) -> float:
        """Return the power below which the instrument sees nothing, 0 if it has no such floor.

        Where it is not stated, a pulse chip's is one pulse in the ten seconds after which
        firmware says 0 W.
        """
        if self.capabilities.floor_w is not None:
            return self.capabilities.floor_w
        return (self.capabilities.pulse_j or 0.0) / NO_PULSE_S

    @property
    def gain_bound(self) -> float:
        """Return the half-width of the relative gain error, an assumed one if none is stated."""
        if self.capabilities.gain_bound is not None:
            return self.capabilities.gain_bound
        if self.capabilities.measurement_class is MeasurementClass.ESTIMATED:
            return ASSUMED_MODEL_BOUND
        return ASSUMED_GAIN_BOUND


def observe(
    readings: Readings,
    window: Window,
    capabilities: Capabilities,
    silent: Sequence[Silence] = (),
    stitches: Sequence[Stitch] = (),
    step_j: float | None = None,
) -> Observed:
    """Relate readings to a window. Never fails: no reading gives a coverage of 0.

    ``step_j`` is the counter's step, where it has been found out from the same readings.
    """
    t_s = readings.times_s(window.start_ns)
    spans = [
        (s.kind, seconds(s.start_ns - window.start_ns), seconds(s.end_ns - window.start_ns))
        for s in silent
    ]
    powers, counter = readings.powers(window.start_ns), readings.counters(window.start_ns)
    # Some instruments tell the two apart, one after the other: that is no interval.
    period_s = telemetry_period_s(max(powers.t_s, counter.t_s, key=np.size), capabilities)
    counter_lag = instrument_lag(capabilities)
    level_w = powers.between(0.0, window.duration_s).value
    lag = power_lag(capabilities, median(level_w) if level_w.size else 0.0)
    if step_j is None:
        step_j = counter_step_j(counter.t_s, counter.value, capabilities)
    return Observed(
        duration_s=window.duration_s,
        power=powers.earlier(lag.mean_s),
        counter=counter.earlier(counter_lag.mean_s),
        capabilities=capabilities,
        period_s=period_s,
        gap_limit_s=gap_limit_s(period_s),
        coverage=coverage(
            t_s - counter_lag.mean_s, window.duration_s, period_s, spans, late_s=counter_lag.mean_s
        ),
        lag=lag,
        counter_lag=counter_lag,
        counter_step_j=math.hypot(step_j, capabilities.pulse_j or 0.0),
        stitches=tuple(stitch.since(window.start_ns, counter_lag.mean_s) for stitch in stitches),
    )


def telemetry_period_s(t_s: FloatArray, capabilities: Capabilities) -> float:
    """Return the stated telemetry interval, else the median one, else 0: nothing is vouched for."""
    if capabilities.period_s is not None and capabilities.period_s > 0.0:
        return capabilities.period_s
    return median(diff(t_s)) if t_s.size > 1 else 0.0
