"""How long a window must be for an energy to be known well enough with an instrument."""

from __future__ import annotations

import math
from collections.abc import Mapping

from benchharness.energy.budget import (
    CLOCK,
    EDGES,
    GAIN,
    LATENCY,
    QUANTISATION,
    SAMPLING,
)
from benchharness.energy.counter import COUNTER
from benchharness.model import Capabilities

TARGET = 0.05
K = 2.0


def window_for(
    terms_j: Mapping[str, float],
    window_s: float,
    energy_j: float,
    method: str,
    target: float = TARGET,
) -> float | None:
    """Return the window in seconds at which k u/E would reach ``target``, at the same power.

    From the budget of a window that was measured: what belongs to the edges stays constant,
    sampling grows with the root of the time, everything else with the time. The gain is left
    out: no window changes it. None if the energy is not positive or no window is long enough.
    """
    if energy_j <= 0.0 or window_s <= 0.0:
        return None
    constant = _constant(method)
    power_w = energy_j / window_s
    squares = {name: u**2 for name, u in terms_j.items() if name != GAIN}
    fixed = sum(u2 for name, u2 in squares.items() if name in constant)
    root = squares.get(SAMPLING, 0.0) / window_s
    linear = (
        sum(u2 for name, u2 in squares.items() if name not in constant and name != SAMPLING)
        / window_s**2
    )
    # fixed x² + root x + linear = (target P / k)² with x = 1 / window
    room = (target * power_w / K) ** 2 - linear
    if room <= 0.0:
        return None
    if fixed == 0.0 and root == 0.0:
        return 0.0
    # The stable root of the quadratic: no difference of nearly equal numbers.
    return (root + math.sqrt(root**2 + 4.0 * fixed * room)) / (2.0 * room)


def rescaled(
    terms_j: Mapping[str, float], window_s: float, new_window_s: float, method: str
) -> dict[str, float]:
    """Return the budget of a window as it would be at another length, at the same power.

    By the rules of :func:`window_for`; the gain grows with the energy. Raises ValueError for a
    window that has no length.
    """
    if window_s <= 0.0 or new_window_s <= 0.0:
        raise ValueError(f"a window must have a length: {window_s:g} s, {new_window_s:g} s")
    longer = new_window_s / window_s
    constant = _constant(method)
    grows = {name: 1.0 if name in constant else longer for name in terms_j}
    if SAMPLING in grows:
        grows[SAMPLING] = math.sqrt(longer)
    return {name: u * grows[name] for name, u in terms_j.items()}


def shortest_window_s(
    capabilities: Capabilities,
    power_w: float,
    *,
    net_power_w: float | None = None,
    variation: float = 0.05,
    target: float = TARGET,
) -> float | None:
    """Return the shortest trustworthy window before anything has been measured, None if none is.

    ``variation`` is the standard deviation of the power relative to it. By powers: n readings
    leave variation/√n, and the step d of the power leaves d/√12 however long the window is. By
    the counter: its step q leaves q/√6. The better of the two counts, relative to
    ``net_power_w`` (default: ``power_w``). Without a telemetry interval the powers say nothing.
    """
    useful_w = power_w if net_power_w is None else net_power_w
    edge_j = (capabilities.latency_bound_s or 0.0) * power_w / math.sqrt(6.0)
    windows = []
    if capabilities.has_power and capabilities.period_s is not None:
        terms = {
            SAMPLING: variation * power_w * math.sqrt(capabilities.period_s),
            QUANTISATION: (capabilities.power_resolution_w or 0.0) / math.sqrt(12.0),
            LATENCY: edge_j,
        }
        windows.append(window_for(terms, 1.0, useful_w, "power", target))
    if capabilities.has_counter and capabilities.energy_resolution_j is not None:
        terms = {QUANTISATION: capabilities.energy_resolution_j / math.sqrt(6.0), LATENCY: edge_j}
        windows.append(window_for(terms, 1.0, useful_w, COUNTER, target))
    possible = [window for window in windows if window is not None]
    return min(possible, default=None)


def _constant(method: str) -> set[str]:
    """Return the terms that belong to the edges, whatever lies between them."""
    return {EDGES, LATENCY, CLOCK} | ({QUANTISATION} if method == COUNTER else set())
