"""Costs and profiles for the tests of cuts, and the best cuts by trying all of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from benchharness.cuts import published
from benchharness.cuts.costs import estimate
from benchharness.cuts.optimise import weights
from benchharness.cuts.records import Costs, DeviceProfile, Estimate, Layers, Watts


def made_up(
    duration_s: Sequence[Sequence[float]],
    energy_j: Sequence[Sequence[float]],
    waiting_w: Sequence[float] | None = None,
    server_j: Sequence[Sequence[float]] | None = None,
    server_idle_w: float = 0.0,
) -> Costs:
    """Return costs of as many devices as there are rows."""
    times = np.array(duration_s, dtype=np.float64)
    return Costs(
        names=tuple(f"device-{i}" for i in range(1, len(times) + 1)),
        duration_s=times,
        energy_j=np.array(energy_j, dtype=np.float64),
        waiting_w=np.zeros(len(times)) if waiting_w is None else np.array(waiting_w),
        server_j=np.zeros(times.shape) if server_j is None else np.array(server_j),
        server_idle_w=server_idle_w,
    )


def brute_force(costs: Costs, alpha: float, *, normalise: bool) -> tuple[float, Estimate]:
    """Return the smallest objective and its cuts, of equal ones the quickest, then thriftiest."""
    per_s, per_j = weights(costs, alpha, normalise=normalise)
    usable = np.isfinite(costs.duration_s) & np.isfinite(costs.energy_j)
    found = [
        estimate(costs, cuts)
        for cuts in itertools.product(*(np.flatnonzero(row).tolist() for row in usable))
    ]
    best = min(found, key=lambda e: (per_s * e.round_s + per_j * e.energy_j, e.round_s, e.energy_j))
    return per_s * best.round_s + per_j * best.energy_j, best


def small_layers() -> Layers:
    """Return a network of two layers: cut 0 sends 1000 bytes a batch, cut 1 500, cut 2 none."""
    return Layers(np.array([1000.0, 500, 0]), np.array([0.0, 250, 0]), np.array([0.0, 125, 250]))


def small_device(name: str = "device-1", idle_w: float | None = 1.0) -> DeviceProfile:
    """Return a device of that network on a link of 1 kB/s up and 500 B/s down, ten batches."""
    return DeviceProfile(
        name=name,
        forward_s=np.array([0.0, 1, 2]),
        backward_s=np.array([0.0, 2, 3]),
        server_s=np.array([0.5, 0.25, 0]),
        up_bit_s=8000.0,
        down_bit_s=4000.0,
        overhead_s=0.125,
        watts=Watts(8.0, 4.0, 2.0, idle_w),
        batches=10,
    )


def boards(mbit_s: float, mode: str = "MAXN") -> list[DeviceProfile]:
    """Return the paper's testbed: a Pi and four Nanos on links of one rate."""
    link = published.Link(mbit_s * 1e6, mbit_s * 1e6)
    nanos = [published.device("nano", link, name=f"nano-{i}", mode=mode) for i in range(1, 5)]
    return [published.device("pi", link), *nanos]
