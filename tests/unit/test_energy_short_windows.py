"""Windows that are hardly longer than the plug's own delay: the stated interval holds, or none is.

A Tasmota plug shows the mean of its last second, worked out once a second: what is read in a
window of a second may be all idle power.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchharness.energy.figure import energy_figure
from benchharness.energy.readings import Readings, Window
from tests.unit.energy_models import Steps, ns, plug, window

pytestmark = pytest.mark.slow  # together: thousands of windows each

IDLE_W = 3.0
BUSY_W = 8.0
LATENCY_S = 1.5
MARGIN_S = 8.0
REPETITIONS = 200


def readings_of(load: Steps, rng: np.random.Generator, duration_s: float) -> Readings:
    """Poll once a second and at both edges; each reading is the mean of a second, up to 1 s old."""
    phase_s, update_s = rng.uniform(0.0, 1.0, size=2)
    asked = np.arange(-MARGIN_S + 2.5 + phase_s, duration_s + MARGIN_S - 0.5, 1.0)
    t_s = np.sort(np.concatenate([asked, [0.0, duration_s]])) + 0.002
    worked_out = np.floor(t_s - update_s) + update_s
    power_w = np.round(load.mean_w(worked_out - 1.0, worked_out), 1)
    counter_j = np.floor(load.energy_j(worked_out) / 36.0) * 36.0
    return Readings.of(ns(t_s), power_w, counter_j)


@pytest.mark.parametrize("duration_s", [0.05, 0.5, 1.0, 1.4, 1.6, 2.0, 2.5, 3.0, 5.0, 10.0])
def test_the_interval_holds_the_truth_however_short_the_window(duration_s: float) -> None:
    rng = np.random.default_rng(round(duration_s * 1000))
    load = Steps(np.array([-MARGIN_S - 2.0, 0.0, duration_s]), np.array([IDLE_W, BUSY_W, IDLE_W]))
    capabilities = plug(latency_bound_s=LATENCY_S, power_resolution_w=0.1, energy_resolution_j=36.0)
    gross_held = net_held = 0
    for _ in range(REPETITIONS):
        idle: list[Window] = [window(4.0, -5.5), window(4.0, duration_s + 2.5)]
        outcome = energy_figure(
            readings_of(load, rng, duration_s),
            capabilities,
            window(duration_s),
            meter="plug-1",
            target="board",
            idle=idle,
        )
        assert outcome.figure is not None, outcome.reason
        gross, net = outcome.figure.gross_j, outcome.figure.net_j
        assert net is not None
        assert gross.expanded_u is not None
        assert net.expanded_u is not None
        gross_held += abs(gross.value - BUSY_W * duration_s) <= gross.expanded_u
        net_held += abs(net.value - (BUSY_W - IDLE_W) * duration_s) <= net.expanded_u
    assert gross_held >= 0.93 * REPETITIONS
    assert net_held >= 0.93 * REPETITIONS


def test_powers_say_nothing_of_a_window_shorter_than_their_delay() -> None:
    times = ns(np.arange(-5.0, 6.0))
    powers_only = Readings.of(times, np.full(11, IDLE_W))
    capabilities = plug(latency_bound_s=LATENCY_S)
    outcome = energy_figure(powers_only, capabilities, window(1.0), meter="plug-1", target="board")
    assert outcome.figure is None
    assert outcome.reason is not None
    assert "shorter than the 1.5 s by which readings of meter plug-1 may lag" in outcome.reason
