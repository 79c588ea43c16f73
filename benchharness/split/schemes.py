"""Which cut each device has in a round: as the scheme says, or the best that is predicted now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchharness.cuts.adapt import Hysteresis
from benchharness.cuts.costs import costs, estimate
from benchharness.cuts.optimise import best_cuts
from benchharness.cuts.records import (
    BoolArray,
    Costs,
    DeviceProfile,
    Estimate,
    Layers,
    Terms,
    Watts,
)
from benchharness.cuts.rules import per_device
from benchharness.split.config import SplitConfig


@dataclass(frozen=True, slots=True)
class Plan:
    """The cuts of a round by device number, and what it is predicted to take."""

    cuts: dict[int, int]
    predicted: Estimate


class Planner:
    """Plans the rounds of a training over the network's ``layers``."""

    def __init__(
        self, config: SplitConfig, layers: Layers, server_watts: Watts | None = None
    ) -> None:
        self._config, self._layers = config, layers
        self._hysteresis = Hysteresis(config.hysteresis)
        self._names: tuple[str, ...] = ()
        self._terms = Terms(
            waiting=config.waiting_energy,
            server=config.server_energy,
            server_watts=server_watts or _server_watts(config),
        )

    def plan(self, devices: dict[int, DeviceProfile]) -> Plan:
        """Return the cuts of the devices that are there, by their numbers.

        Raises UsageError where waiting is to be counted and an idle power is not known.
        """
        numbers, profiles = sorted(devices), [devices[number] for number in sorted(devices)]
        found = costs(self._layers, profiles, self._terms)
        cuts = self._cuts(found, numbers)
        predicted = estimate(found, cuts)
        if self._config.is_sequential:
            predicted = _one_after_another(predicted, found)
        return Plan(dict(zip(numbers, cuts, strict=True)), predicted)

    def _cuts(self, found: Costs, numbers: Sequence[int]) -> tuple[int, ...]:
        config = self._config
        if (said := config.cuts_of_devices) is not None:
            return tuple(said[number - 1] for number in numbers)
        if config.rule == "as-published":
            allowed = self._allowed(found)
            choice = per_device(found, config.alpha, normalise=config.normalise, allowed=allowed)
            return choice.cuts
        if found.names != self._names:  # cuts in use are of other devices
            self._names, self._hysteresis = found.names, Hysteresis(config.hysteresis)
        allowed = self._allowed(found)
        best = best_cuts(found, config.alpha, normalise=config.normalise, allowed=allowed)
        settled = self._hysteresis.settle(found, best, config.alpha, normalise=config.normalise)
        return settled.cuts

    def _allowed(self, found: Costs) -> BoolArray:
        """Return which cuts may be chosen, bool[n, L + 1]."""
        return np.broadcast_to(
            np.arange(found.last_cut + 1) >= self._config.least_cut, found.duration_s.shape
        )


def _one_after_another(predicted: Estimate, found: Costs) -> Estimate:
    """Return the estimate of a round in which each device waits while another one trains."""
    round_s = sum(predicted.device_s)
    longer_s = round_s - predicted.round_s
    device_j = tuple(
        joules + waiting_w * longer_s
        for joules, waiting_w in zip(predicted.device_j, found.waiting_w.tolist(), strict=True)
    )
    server_j = predicted.server_j + found.server_idle_w * longer_s
    return replace(
        predicted,
        round_s=round_s,
        device_j=device_j,
        energy_j=sum(device_j) + server_j,
        server_j=server_j,
    )


def _server_watts(config: SplitConfig) -> Watts | None:
    if config.server_w is None:
        return None
    compute_w, idle_w = config.server_w
    return Watts(compute_w, 0.0, 0.0, idle_w, "server_watts")
