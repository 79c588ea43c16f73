"""Whether the stated interval covers the true energy: random loads seen by random plugs."""

from __future__ import annotations

import numpy as np
import pytest

from benchharness.energy.figure import energy_figure
from tests.unit.energy_models import PlugModel, random_load, window

TRIALS = 200
SETTLE_S = 1.5


@pytest.mark.slow
def test_intervals_cover_the_truth_and_are_not_simply_wide() -> None:
    gross, net = [], []
    for seed in range(TRIALS):
        rng = np.random.default_rng(10_000 + seed)
        duration_s, idle_s = rng.uniform(10.0, 90.0), rng.uniform(8.0, 25.0)
        before_s, after_s = -idle_s - SETTLE_S, duration_s + SETTLE_S
        margin_s = idle_s + 6.0
        load = random_load(rng, duration_s, margin_s + 3.0)
        plug = PlugModel.random(rng)
        asked_s = [before_s, -SETTLE_S, 0.0, duration_s, after_s, after_s + idle_s]
        outcome = energy_figure(
            plug.read(rng, load, -margin_s, duration_s + margin_s, asked_s),
            plug.capabilities(),
            window(duration_s),
            meter="plug",
            target="board",
            idle=[window(idle_s, before_s), window(idle_s, after_s)],
        )
        figure = outcome.figure
        assert figure is not None, outcome.reason
        assert figure.net_j is not None
        true_j = float(load.energy_j(duration_s) - load.energy_j(0.0))
        starts = np.array([before_s, after_s])
        idle_w = float(np.mean(load.mean_w(starts, starts + idle_s)))
        gross.append((figure.gross_j.value - true_j, figure.gross_j.expanded_u))
        net.append((figure.net_j.value - true_j + idle_w * duration_s, figure.net_j.expanded_u))
    for found in (gross, net):
        errors, expanded = np.array(found, dtype=np.float64).T
        assert np.mean(np.abs(errors) <= expanded) >= 0.93
        # The interval would still cover 95 % of the errors at little less than its width.
        assert np.percentile(np.abs(errors) / expanded, 95) >= 0.5
