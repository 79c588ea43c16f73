"""How far readings lag behind a known cause: irregular cross-correlation by least squares.

A reading i that is stamped t_i is taken to be a mean of the power over a width w around t_i - L:

    y_i = a + c t_i + b * mean of x over [t_i - L - w/2, t_i - L + w/2] + noise

x is the known share of activity, b the step that it makes, c a drift. For each lag L and width w
the rest is linear, so the sum of squares that x explains is a cross-correlation that needs no
regular sampling; its highest place gives L. A counter's increment is a mean of its own between
two stamps and is fitted alike.

The uncertainty of L is the larger of two: from a jackknife over blocks of time, which allows for
noise that has a memory (one step from the optimum: Fox, Hinkley and Larntz, Technometrics 22,
1980), and from the range of L whose sum of squares is not clearly worse (profile likelihood;
Bates and Watts, Nonlinear Regression Analysis, 1988, section 6.1), which sees a second place that
is nearly as good and a flat top.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchharness.stats.activity import Activity
from benchharness.stats.student import t_factor

FloatArray = npt.NDArray[np.float64]

LEVEL = 0.95
FEWEST = 25  # readings; below it the uncertainty itself is not known
_EARLIEST_S = -2.0  # a lag below 0 is no lag, but the fit must be able to say so
_COARSE_S = 0.25
_WIDTHS_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_ZOOMS = 7
_CLEAR = 5.0  # standard uncertainties
_BEYOND_CHANCE = 3.0
_BLOCKS = 20
_FEWEST_IN_BLOCK = 4
_STAMPS_U_S = 0.005  # the cause's own stamps: one tick of the kernel's accounting, a/√3


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Values that are means of a power: ``start_s``, ``end_s``, ``value`` float64[n].

    A snapshot has start = end. ``widen`` says whether the real width is unknown and fitted.
    """

    start_s: FloatArray
    end_s: FloatArray
    value: FloatArray
    widen: bool

    def __len__(self) -> int:
        return int(self.value.size)

    @property
    def middle_s(self) -> FloatArray:
        """Return the middles, float64[n]."""
        middle: FloatArray = 0.5 * (self.start_s + self.end_s)
        return middle


@dataclass(frozen=True, slots=True)
class Lag:
    """``lag_s`` is the mean lag, ``u_s`` its standard uncertainty with ``nu`` degrees of freedom.

    ``spread_s`` is the standard deviation of what single readings look back at (w/√12): their age
    and their averaging. ``step`` is what full activity adds to the value, ``step_u`` its standard
    uncertainty, ``explained`` the share of the variance that the cause explains, ``by_chance`` what
    the same cause run backwards explains at its best: noise alone can look like that much.
    """

    lag_s: float
    u_s: float
    nu: float
    spread_s: float
    step: float
    step_u: float
    explained: float
    by_chance: float
    n: int

    @property
    def is_clear(self) -> bool:
        """Say whether the step is above the noise, and above the best of many lags by chance."""
        if self.step <= _CLEAR * self.step_u:
            return False
        # As odds, since shares of 0.9 and 0.5 are far apart. A perfect fit is no chance.
        odds = self.explained * (1.0 - self.by_chance)
        return odds > _BEYOND_CHANCE * self.by_chance * (1.0 - self.explained)

    @property
    def half_width_s(self) -> float:
        """Return the half-width of the 95 % interval of the mean lag."""
        return t_factor(LEVEL, self.nu) * self.u_s


class _Profile:
    """The share of the variance that the cause explains, for any lag and width."""

    def __init__(self, means: Means, cause: Activity) -> None:
        self.means, self.cause = means, cause
        t = means.middle_s - means.middle_s.mean()
        basis = np.column_stack([np.ones_like(t), t])
        self.rest, _ = np.linalg.qr(basis)
        self.value = self._project(means.value)
        self.total = float(self.value @ self.value)

    def share(self, lags_s: FloatArray, width_s: float) -> FloatArray:
        """Return the explained shares float64[m] at ``lags_s`` float64[m]; 0 for a step down."""
        x = self._project(self.causes(lags_s, width_s))
        with_value = x @ self.value
        power = np.einsum("ij,ij->i", x, x)
        good = (power > 1e-9) & (with_value > 0.0)
        result: FloatArray = np.zeros_like(power)
        np.divide(with_value**2, power * self.total, out=result, where=good)
        return result

    def table(self, lags_s: FloatArray, widths_s: Sequence[float]) -> FloatArray:
        """Return the explained shares float64[widths, lags]."""
        return np.array([self.share(lags_s, width_s) for width_s in widths_s])

    def causes(self, lags_s: FloatArray, width_s: float) -> FloatArray:
        """Return the mean activity that each reading looks back at, float64[m, n]."""
        half = 0.5 * width_s
        lags = lags_s[:, None]
        return self.cause.mean(
            self.means.start_s[None, :] - half - lags, self.means.end_s[None, :] + half - lags
        )

    def _project(self, rows: FloatArray) -> FloatArray:
        result: FloatArray = rows - (rows @ self.rest) @ self.rest.T
        return result


def find_lag(means: Means, cause: Activity, longest_s: float = 30.0) -> Lag | None:
    """Return the lag of ``means`` behind ``cause``, None where there is nothing to be fitted.

    ``longest_s`` bounds the search. None for fewer than 25 values, for values or a cause that
    never change. Whether the step is above the noise is for the caller to judge.
    """
    if len(means) < FEWEST:
        return None
    profile = _Profile(means, cause)
    if profile.total <= 1e-12 * len(means):
        return None
    lags = np.arange(_EARLIEST_S, longest_s + _COARSE_S, _COARSE_S)
    widths = _WIDTHS_S if means.widen else (0.0,)
    table = profile.table(lags, widths)
    if table.max() <= 0.0:
        return None
    place = np.unravel_index(int(np.argmax(table)), table.shape)
    lag_s, width_s = _zoom(profile, float(lags[place[1]]), widths[place[0]])
    by_chance = _Profile(means, cause.backwards()).table(lags, widths[::2]).max()
    return _judge(profile, lag_s, width_s, lags, table, float(by_chance))


def _zoom(profile: _Profile, lag_s: float, width_s: float) -> tuple[float, float]:
    """Follow the explained share to its top, in ever smaller steps of lag and width."""
    step_s, ratio = _COARSE_S, 1.5
    for _ in range(_ZOOMS):
        lags = lag_s + step_s * np.linspace(-1.0, 1.0, 9)
        widths = (width_s / ratio, width_s, width_s * ratio) if width_s else (0.0,)
        shares = np.array([profile.share(lags, width) for width in widths])
        place = np.unravel_index(int(np.argmax(shares)), shares.shape)
        lag_s, width_s = float(lags[place[1]]), min(widths[place[0]], 2.0 * _WIDTHS_S[-1])
        step_s, ratio = 0.5 * step_s, math.sqrt(ratio)
    return lag_s, width_s


def _judge(
    profile: _Profile,
    lag_s: float,
    width_s: float,
    lags: FloatArray,
    table: FloatArray,
    by_chance: float,
) -> Lag:
    means = profile.means
    x = profile.causes(np.array([lag_s]), width_s)[0]
    slopes = _slopes(profile, lag_s, width_s)
    t = means.middle_s - means.middle_s.mean()
    linear = np.column_stack([x, np.ones_like(t), t])
    found, *_ = np.linalg.lstsq(linear, means.value, rcond=None)
    step = float(found[0])
    residual = means.value - linear @ found
    jacobian = np.column_stack([linear, *(step * slope for slope in slopes)])
    lag_place = linear.shape[1]
    u, blocks = _jackknife(jacobian, residual)
    nu = float(max(1, blocks - 1))
    likely_u_s = _flat_top_u_s(profile, lag_s, width_s, lags, table)
    explained = float(profile.share(np.array([lag_s]), width_s)[0])
    return Lag(
        lag_s=lag_s,
        u_s=math.hypot(max(float(u[lag_place]), likely_u_s), _STAMPS_U_S),
        nu=nu,
        spread_s=width_s / math.sqrt(12.0),
        step=step,
        step_u=float(u[0]),
        explained=explained,
        by_chance=by_chance,
        n=len(means),
    )


def _slopes(profile: _Profile, lag_s: float, width_s: float) -> list[FloatArray]:
    """Return the change of the mean activity with the lag and with the width, each float64[n]."""
    h = max(0.05, 0.125 * width_s)
    after, before = profile.causes(np.array([lag_s + h, lag_s - h]), width_s)
    slopes = [(after - before) / (2.0 * h)]
    if width_s:
        h = 0.25 * width_s
        wide = profile.causes(np.array([lag_s]), width_s + h)[0]
        narrow = profile.causes(np.array([lag_s]), width_s - h)[0]
        slopes.append((wide - narrow) / (2.0 * h))
    return slopes


def _jackknife(jacobian: FloatArray, residual: FloatArray) -> tuple[FloatArray, int]:
    """Return the standard uncertainty of each parameter, and the number of blocks."""
    n = residual.size
    blocks = max(2, min(_BLOCKS, n // _FEWEST_IN_BLOCK))
    normal = jacobian.T @ jacobian
    moves = []
    for part in np.array_split(np.arange(n), blocks):
        own = jacobian[part]
        moves.append(np.linalg.pinv(normal - own.T @ own) @ (own.T @ residual[part]))
    spread = np.array(moves)
    spread = spread - spread.mean(axis=0)
    variance = (blocks - 1) / blocks * np.sum(spread**2, axis=0)
    return np.sqrt(variance), blocks


def _flat_top_u_s(
    profile: _Profile, lag_s: float, width_s: float, lags: FloatArray, table: FloatArray
) -> float:
    """Return a standard uncertainty from the lags that explain nearly as much as the best.

    Those whose residual sum of squares is within 1 + t²/nu of the least form the 95 % region;
    half of its reach to the farther side, divided by t, is a standard uncertainty.
    """
    nu = float(profile.means.value.size - 5)
    t = t_factor(LEVEL, nu)
    best = float(profile.share(np.array([lag_s]), width_s)[0])
    limit = 1.0 - (1.0 - best) * (1.0 + t * t / nu)
    fine = lag_s + np.linspace(-2.0 * _COARSE_S, 2.0 * _COARSE_S, 81)
    widths = (0.7 * width_s, width_s, 1.4 * width_s) if width_s else (0.0,)
    near = np.max([profile.share(fine, width) for width in widths], axis=0)
    coarse = table.max(axis=0)
    likely = np.concatenate([fine[near >= limit], lags[coarse >= limit]])
    reach_s = float(np.max(np.abs(likely - lag_s), initial=0.0))
    return reach_s / t
