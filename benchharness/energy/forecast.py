"""The budget of a trial that has not been run: its readings as they would come, judged for real.

A load that rests, works and rests again is shown to an instrument of the given capabilities, and
:func:`energy_figure` judges the readings as it will judge the real ones. What comes out is not an
energy but its uncertainty, term by term.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchharness.energy.arrays import diff
from benchharness.energy.budget import GAIN, SYSTEMATIC
from benchharness.energy.figure import energy_figure
from benchharness.energy.readings import FloatArray, Readings, Window
from benchharness.energy.systematic import gross_terms_j, net_terms_j, shared_u_j
from benchharness.model import Capabilities, EnergyFigure, MeasurementClass

VARIATION = 0.05  # standard deviation of the power from reading to reading, relative
REST_SHARE = 0.5  # of the power, where the idle power is not known: what a small board does
_UNKNOWN_PERIOD_S = 1.0
_SETTLE_S = 1.5  # before and after the window, as between the stages of a trial
_MARGIN_PERIODS = 2.0
_FINE = 8  # pieces of load per reading
_MOST_PIECES = 400_000
_LOOKS = 5  # phases of telemetry and noises over which the squares of the terms are averaged
_ZERO_NS = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class Demand:
    """What a trial draws. ``idle_w`` None: not known, and the energy is gross."""

    power_w: float
    idle_w: float | None = None
    variation: float = VARIATION

    @property
    def useful_w(self) -> float:
        """Return the power that the energy in question is made of."""
        return self.power_w - (self.idle_w or 0.0)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The uncertainty of one trial: standard uncertainties in joules by term, and the energy."""

    window_s: float
    energy_j: float
    terms_j: Mapping[str, float]
    keeps_gain: bool  # a model's gain differs from program to program and stays in a ratio

    @property
    def shared_rel(self) -> float:
        """Return what repetitions do not average out in a comparison, relative to the energy."""
        return shared_u_j(self.terms_j, with_gain=self.keeps_gain) / self.energy_j

    @property
    def random_rel(self) -> float:
        """Return what the instrument adds to the spread between trials, relative."""
        total = math.hypot(*self.terms_j.values())
        known = shared_u_j(self.terms_j, with_gain=True)
        return math.sqrt(max(0.0, total**2 - known**2)) / self.energy_j

    @property
    def absolute_rel(self) -> float:
        """Return the combined standard uncertainty with the gain, relative."""
        return math.hypot(*self.terms_j.values()) / self.energy_j

    @property
    def lasting(self) -> str | None:
        """Return the largest of the terms that repetitions do not average out."""
        names = SYSTEMATIC | {GAIN} if self.keeps_gain else SYSTEMATIC
        kept = {name: u for name, u in self.terms_j.items() if name in names}
        return max(kept, key=lambda name: kept[name], default=None)

    def dominant(self, *, with_gain: bool) -> str | None:
        """Return the largest term, with the gain only where it counts."""
        kept = {n: u for n, u in self.terms_j.items() if with_gain or n != GAIN}
        return max(kept, key=lambda name: kept[name], default=None)


def forecast(
    can: Capabilities, demand: Demand, window_s: float, idle_s: float, *, asked: bool = True
) -> Forecast | None:
    """Return what the budget of such a window would be, None where it would have no energy.

    ``asked``: the instrument answers a request at the window's edges. Raises ValueError for a
    window or an idle time that has no length.
    """
    if window_s <= 0.0 or idle_s < 0.0:
        raise ValueError(f"a window must have a length, not {window_s:g} s")
    squares: dict[str, float] = {}
    for look in range(_LOOKS):
        figure = _figure(can, demand, window_s, idle_s, asked, np.random.default_rng(look))
        terms = None if figure is None else _terms(figure, net=demand.idle_w is not None)
        if not terms:
            return None
        for name, u in terms.items():
            squares[name] = squares.get(name, 0.0) + u * u / _LOOKS
    return Forecast(
        window_s,
        demand.useful_w * window_s,
        {name: math.sqrt(square) for name, square in squares.items()},
        can.measurement_class is MeasurementClass.ESTIMATED,
    )


def _terms(figure: EnergyFigure, *, net: bool) -> Mapping[str, float]:
    return net_terms_j(figure) if net else gross_terms_j(figure)


def _figure(
    can: Capabilities,
    demand: Demand,
    window_s: float,
    idle_s: float,
    asked: bool,
    rng: np.random.Generator,
) -> EnergyFigure | None:
    rest_w = demand.idle_w if demand.idle_w is not None else REST_SHARE * demand.power_w
    period_s = can.period_s or _UNKNOWN_PERIOD_S
    margin_s = idle_s + _SETTLE_S + _MARGIN_PERIODS * period_s
    edges_s = [0.0, window_s, -_SETTLE_S - idle_s, window_s + _SETTLE_S + idle_s]
    readings = _readings(
        can, demand, rest_w, period_s, window_s, margin_s, edges_s if asked else [], rng
    )
    idle = []
    if demand.idle_w is not None and idle_s > 0.0:
        after_s = window_s + _SETTLE_S
        idle = [_window(-_SETTLE_S - idle_s, -_SETTLE_S), _window(after_s, after_s + idle_s)]
    outcome = energy_figure(
        readings, can, _window(0.0, window_s), meter="", target="", idle=idle,
        declared_idle_w=demand.idle_w,
    )  # fmt: skip
    return outcome.figure


def _readings(
    can: Capabilities,
    demand: Demand,
    rest_w: float,
    period_s: float,
    window_s: float,
    margin_s: float,
    asked_s: Sequence[float],
    rng: np.random.Generator,
) -> Readings:
    """Return what the instrument would say, at its period and when it is asked."""
    piece_s = max(period_s / _FINE, (window_s + 2.0 * margin_s) / _MOST_PIECES)
    lag_s = can.latency_s if can.latency_s is not None else 0.5 * (can.latency_bound_s or 0.0)
    start_s = -margin_s - lag_s - 2.0 * period_s
    t = np.arange(start_s, window_s + margin_s + piece_s, piece_s)
    works = (t >= 0.0) & (t < window_s)
    level = np.where(works, demand.power_w, rest_w)
    # One shock for each reading's time, so that the spread of the readings is the variation.
    shocks = rng.normal(0.0, 1.0, math.ceil(t.size * piece_s / period_s) + 1)
    noise = shocks[np.floor((t - start_s) / period_s).astype(np.int64)]
    # A machine at rest is at least as even as usual, however unevenly its program works.
    rest = min(demand.variation, VARIATION)
    power = np.maximum(0.0, level * (1.0 + noise * np.where(works, demand.variation, rest)))
    energy = np.concatenate([[0.0], np.cumsum(power[:-1] * diff(t))])
    stamps = np.arange(-margin_s + rng.uniform(0.0, period_s), window_s + margin_s, period_s)
    stamps = np.unique(np.concatenate([stamps, np.asarray(asked_s, dtype=np.float64)]))
    mean_s = min(period_s, 1.0)  # plugs show a mean of a second, boards of less
    at, before = (np.interp(stamps - lag_s - back_s, t, energy) for back_s in (0.0, mean_s))
    return Readings.of(
        _ZERO_NS + np.round(stamps * 1e9).astype(np.int64),
        _rounded((at - before) / mean_s, can.power_resolution_w) if can.has_power else None,
        _floored(at, can.energy_resolution_j) if can.has_counter else None,
    )


def _rounded(values: FloatArray, step: float | None) -> FloatArray:
    if not step:
        return values
    result: FloatArray = np.round(values / step) * step
    return result


def _floored(values: FloatArray, step: float | None) -> FloatArray:
    if not step:
        return values
    result: FloatArray = np.floor(values / step) * step
    return result


def _window(start_s: float, end_s: float) -> Window:
    return Window(_ZERO_NS + round(start_s * 1e9), _ZERO_NS + round(end_s * 1e9))
