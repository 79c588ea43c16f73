"""Whether stated intervals hold the truth, and are not simply wide: thousands of random trials.

Pure simulation: random loads (simulated.py) are read through models of plugs, and the figure of
each trial is compared with the exact energy. Each kind of plug has a row of its own, since a kind
with poor coverage would hide in a pool.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchharness.conformance.simulated import Load, Plug, random_load, read
from benchharness.energy.budget import Budget
from benchharness.energy.figure import energy_figure
from benchharness.energy.readings import Readings, Window
from benchharness.model import EnergyFigure

Corrupt = Callable[[np.random.Generator, Readings], Readings]

SETTLE_S = 2.0
_BEFORE_S = 14.0  # what a plug needs to have seen before its first reading

PLUGS = (
    Plug("Tasmota, polled at 1 Hz", "mean", 1.0, poll=True),
    Plug("Tasmota, HLW8012, polled at 1 Hz", "hlw8012", 1.0, poll=True),
    Plug("Tasmota, BL0937, polled at 1 Hz", "bl0937", 1.0, poll=True),
    Plug("Tasmota, TelePeriod 10 s", "mean", 10.0, poll=False),
    Plug("Tasmota, HLW8012, TelePeriod 10 s", "hlw8012", 10.0, poll=False),
    Plug("Tasmota, TelePeriod 30 s", "mean", 30.0, poll=False),
    Plug("Tasmota, BL0937, TelePeriod 30 s", "bl0937", 30.0, poll=False),
    Plug("1 W and watt-minutes, each 1 s", "delayed", 1.0, False, (1.0,), (60.0,)),
    Plug("1 W and watt-minutes, each 30 s", "delayed", 30.0, False, (1.0,), (60.0,)),
    Plug("delay of 0 to 1.5 s, gain 0.5 %", "delayed", 1.0, True, gain_bound=0.005),
    Plug("power alone, gain 0.5 %", "delayed", 1.0, True, has_counter=False, gain_bound=0.005),
    Plug("delay calibrated, gain 0.5 %", "delayed", 1.0, True, gain_bound=0.005, calibrated=True),
    Plug("HLW8012, gain 0.5 %", "hlw8012", 1.0, True, (0.1,), (36.0,), gain_bound=0.005),
    Plug("BL0937, gain 0.5 %", "bl0937", 1.0, True, (0.1,), (36.0,), gain_bound=0.005),
    Plug("fine counter, gain 0.5 %", "mean", 1.0, True, joules=(0.36, 36.0), gain_bound=0.005),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One quantity over many trials: errors and half-widths in joules, float64[n] each."""

    error_j: np.ndarray
    half_width_j: np.ndarray

    @property
    def coverage(self) -> float:
        """Return the share of trials whose interval holds the truth."""
        return float(np.mean(np.abs(self.error_j) <= self.half_width_j))

    @property
    def width(self) -> float:
        """Return the median half-width over the 95th percentile of the errors."""
        return float(np.median(self.half_width_j) / np.percentile(np.abs(self.error_j), 95))

    @property
    def needed(self) -> float:
        """Return by what the half-widths could be multiplied to hold 95 % of the truths."""
        return float(np.percentile(np.abs(self.error_j) / self.half_width_j, 95))


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One kind of plug. ``bias`` is the mean relative error by estimator; ``missing`` have none.

    ``methods`` judges the gross energy of each estimator, whether it gave the figure or not.
    """

    model: str
    n: int
    gross: Judged
    net: Judged
    methods: dict[str, Judged] = field(default_factory=dict)
    bias: dict[str, float] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    missing: int = 0


def coverage_statistics(
    seed: int = 1,
    count: int = 1000,
    plugs: Sequence[Plug] = PLUGS,
    corrupt: Corrupt | None = None,
) -> list[CoverageRow]:
    """Return a row for each plug over ``count`` random loads; the loads are the same for all.

    ``corrupt`` does to the readings of every trial what the gate is there for.
    """
    return [_row(plug, seed, count, corrupt) for plug in plugs]


def trials(
    plug: Plug, seed: int, count: int, corrupt: Corrupt | None = None
) -> Iterator[tuple[Load, float, EnergyFigure | None]]:
    """Yield load, window's length in s and figure of random trials; None where it has none."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        duration_s, idle_s = float(rng.uniform(30.0, 600.0)), float(rng.uniform(10.0, 60.0))
        if not plug.poll:
            idle_s = max(idle_s, 3.0 * plug.period_s)
        load = random_load(rng, duration_s, idle_s + 2.0 * SETTLE_S + _BEFORE_S)
        before_s, after_s = -idle_s - SETTLE_S, duration_s + SETTLE_S
        edges_s = [before_s, -SETTLE_S, 0.0, duration_s, after_s, after_s + idle_s]
        readings, capabilities = read(plug, rng, load, edges_s)
        if corrupt is not None:
            readings = corrupt(rng, readings)
        yield (
            load,
            duration_s,
            energy_figure(
                readings,
                capabilities,
                _window(0.0, duration_s),
                meter="plug",
                target="board",
                idle=[_window(before_s, idle_s), _window(after_s, idle_s)],
            ).figure,
        )


def _row(plug: Plug, seed: int, count: int, corrupt: Corrupt | None) -> CoverageRow:
    gross, net = [], []
    bias: dict[str, list[float]] = defaultdict(list)
    methods: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
    chosen: dict[str, int] = defaultdict(int)
    missing = 0
    for load, duration_s, figure in trials(plug, seed, count, corrupt):
        if figure is None or figure.net_j is None:
            missing += 1
            continue
        true_j = float(load.energy_j(duration_s) - load.energy_j(0.0))
        gross.append((figure.gross_j.value - true_j, figure.gross_j.expanded_u))
        net.append((figure.net_j.value - load.net_j, figure.net_j.expanded_u))
        chosen[figure.method] += 1
        for estimate in figure.estimates:
            error_j = estimate.energy_j - true_j
            bias[estimate.method].append(error_j / true_j)
            budget = Budget.from_mappings(estimate.terms_j, estimate.nu)
            methods[estimate.method].append((error_j, budget.expanded()[0]))
    return CoverageRow(
        model=plug.name,
        n=len(gross),
        gross=_judged(gross),
        net=_judged(net),
        methods={method: _judged(found) for method, found in methods.items()},
        bias={method: float(np.mean(found)) for method, found in bias.items()},
        chosen=dict(chosen),
        missing=missing,
    )


def _judged(found: Sequence[tuple[float, float | None]]) -> Judged:
    errors, half_widths = np.array(found, dtype=np.float64).reshape(-1, 2).T
    return Judged(errors, half_widths)


def _window(start_s: float, length_s: float) -> Window:
    start_ns = round((start_s + 3600.0) * 1e9)
    return Window(start_ns, start_ns + round(length_s * 1e9))
