"""The published ways of summing powers beside benchharness's figure, on the load of the papers.

A window of 300 s at 6 W between 3 W: the mean error over where in the telemetry interval the
window begins. Snapshots without noise, steps or delay, so that what remains is the method's own.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchharness.clock import NANOSECONDS_PER_SECOND
from benchharness.energy.figure import energy_figure
from benchharness.energy.hold import hold_and_sum, hold_previous
from benchharness.energy.interior import interior_hold
from benchharness.energy.observed import Candidate, observe
from benchharness.energy.readings import FloatArray, Readings, Window
from benchharness.energy.trapezoid import trapezoid
from benchharness.model import Capabilities, MeasurementClass

WINDOW_S = 300.0
REST_W, WORK_W = 3.0, 6.0
INTERVALS_S = (30.0, 1.0)
PHASES = 60
TRIALS = 30  # through a plug
_ZERO_NS = 1_000 * NANOSECONDS_PER_SECOND

Energy = Callable[[Readings, float], float]  # readings, telemetry interval in s; joules


@dataclass(frozen=True, slots=True)
class MethodError:
    """The mean relative error of one method by telemetry interval, in the order INTERVALS_S."""

    method: str
    mean_errors: tuple[float, ...]


def step_errors() -> list[MethodError]:
    """Return the mean error of every method on the step."""
    true_j = WORK_W * WINDOW_S
    found = []
    for name, energy_j in _methods().items():
        errors = tuple(
            statistics.fmean(
                energy_j(_step(phase_s, interval_s), interval_s) / true_j - 1.0
                for phase_s in (np.arange(PHASES) + 0.5) * interval_s / PHASES
            )
            for interval_s in INTERVALS_S
        )
        found.append(MethodError(name, errors))
    return found


def plug_errors() -> MethodError:
    """Return the mean error of the figure where an emulated plug and its driver lie between."""
    from benchharness.conformance.case import Case, run_case
    from benchharness.conformance.catalogue import step_rigs

    errors = []
    for rig in step_rigs():
        results = [run_case(rig, Case("constant", "none", seed)) for seed in range(TRIALS)]
        errors.append(statistics.fmean(found.error for found in results if found.error is not None))
    return MethodError("**the same, through an emulated Tasmota plug**", tuple(errors))


def straight_line_errors() -> dict[str, float]:
    """Return the largest relative error of the figure on constant and on linear power."""
    slopes = {"constant power": (0.0,), "linear power": (0.01, -0.005)}
    return {
        f"{what}, {'power and counter' if counter else 'power alone'}": max(
            _line_error(slope, phase, interval_s, counter=counter)
            for slope in slopes[what]
            for interval_s in INTERVALS_S
            for phase in (np.arange(PHASES) + 0.5) / PHASES
        )
        for what in slopes
        for counter in (False, True)
    }


def _line_error(slope: float, phase: float, interval_s: float, *, counter: bool) -> float:
    t_s = _times(phase * interval_s, interval_s)
    if counter:  # the harness asks at both edges
        t_s = np.unique(np.concatenate([t_s, [0.0, WINDOW_S]]))
    power_w, energy_j = 5.0 + slope * t_s, 5.0 * t_s + 0.5 * slope * t_s**2
    readings = _readings(t_s, power_w, energy_j if counter else None)
    true_j = 5.0 * WINDOW_S + 0.5 * slope * WINDOW_S**2
    return abs(_figure_j(readings, interval_s) / true_j - 1.0)


def _methods() -> dict[str, Energy]:
    return {
        "trapezoid over the readings inside": _inside_j,
        "hold previous, clipped (E = Σ P Δt)": _by(hold_previous),
        "hold-and-sum, whole intervals (D1.4)": _by(hold_and_sum),
        "trapezoid, clipped": _by(trapezoid),
        "interior hold": _by(interior_hold),
        "**the figure of benchharness**": _figure_j,
    }


def _inside_j(readings: Readings, _interval_s: float) -> float:
    inside = readings.powers(_ZERO_NS).between(0.0, WINDOW_S)
    middle_w = 0.5 * (inside.value[1:] + inside.value[:-1])
    return float(np.dot(middle_w, np.diff(inside.t_s)))


def _by(estimator: Callable[..., object]) -> Energy:
    def energy_j(readings: Readings, interval_s: float) -> float:
        result = estimator(observe(readings, _window(), _ideal(interval_s)))
        assert isinstance(result, Candidate), result
        return result.energy_j

    return energy_j


def _figure_j(readings: Readings, interval_s: float) -> float:
    ideal = _ideal(interval_s)
    outcome = energy_figure(readings, ideal, _window(), meter="ideal", target="board")
    assert outcome.figure is not None, outcome.reason
    return outcome.figure.gross_j.value


def _ideal(interval_s: float) -> Capabilities:
    return Capabilities(MeasurementClass.MEASURED, True, True, period_s=interval_s, gain_bound=0.0)


def _window() -> Window:
    return Window(_ZERO_NS, _ZERO_NS + round(WINDOW_S * NANOSECONDS_PER_SECOND))


def _times(phase_s: float, interval_s: float) -> FloatArray:
    margin_s = 5.0 * interval_s
    return np.arange(phase_s - margin_s, WINDOW_S + margin_s, interval_s)


def _step(phase_s: float, interval_s: float) -> Readings:
    t_s = _times(phase_s, interval_s)
    return _readings(t_s, np.where((t_s >= 0.0) & (t_s < WINDOW_S), WORK_W, REST_W))


def _readings(t_s: FloatArray, power_w: FloatArray, energy_j: FloatArray | None = None) -> Readings:
    t_ns = _ZERO_NS + np.round(t_s * NANOSECONDS_PER_SECOND).astype(np.int64)
    return Readings.of(t_ns, power_w, energy_j)
