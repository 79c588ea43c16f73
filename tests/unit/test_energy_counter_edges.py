"""A burst at an edge of the window, between two readings of the counter, against known powers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchharness.energy.counter import counter_difference
from benchharness.energy.observed import Candidate, observe
from benchharness.energy.readings import Readings
from tests.unit.energy_models import Steps, ns, plug, window

DURATION_S = 20.0
IDLE_W, BUSY_W = 2.0, 5.0
SHARE = st.floats(0.01, 0.99)


def counted(load: Steps, first_s: float) -> Candidate:
    """Return what a plug without steps or noise tells, read each second from ``first_s`` on."""
    t_s = np.arange(first_s - 10.0, DURATION_S + 10.0)
    readings = Readings.of(ns(t_s), load.mean_w(t_s - 1e-6, t_s), load.energy_j(t_s))
    found = counter_difference(observe(readings, window(DURATION_S), plug(latency_bound_s=0.0)))
    assert isinstance(found, Candidate)
    return found


@given(phase=SHARE, begin=SHARE, length=SHARE, burst_w=st.floats(-2.0, 50.0), at_end=st.booleans())
def test_a_burst_that_no_power_shows_is_within_the_interval(
    phase: float, begin: float, length: float, burst_w: float, at_end: bool
) -> None:
    """It lies anywhere between the readings about an edge: before it, after it, or on it."""
    first_s = phase  # the first reading in the window; the one before the edge is a second earlier
    from_s = first_s - 1.0 + 0.001 + 0.998 * begin
    to_s = from_s + length * (first_s - from_s - 0.001)
    base_s = DURATION_S if at_end else 0.0
    breaks = sorted({0.0, DURATION_S, base_s + from_s, base_s + to_s})
    edges = np.array([-30.0, *breaks])
    level_w = np.where((edges >= 0.0) & (edges < DURATION_S), BUSY_W, IDLE_W)
    inside = (edges >= base_s + from_s) & (edges < base_s + to_s)
    load = Steps(edges, level_w + np.where(inside, max(burst_w, -IDLE_W), 0.0))
    found = counted(load, first_s)
    true_j = float(load.energy_j(DURATION_S) - load.energy_j(0.0))
    assert abs(found.energy_j - true_j) <= found.own_expanded_j + 1e-3


@given(phase=SHARE)
def test_where_powers_and_counter_agree_the_interval_stays_narrow(phase: float) -> None:
    load = Steps(np.array([-30.0, 0.0, DURATION_S]), np.array([IDLE_W, BUSY_W, IDLE_W]))
    found = counted(load, phase)
    assert abs(found.energy_j - DURATION_S * BUSY_W) < 1e-3
    assert found.own_expanded_j < 0.02  # the stamps, to 1 ms
