"""The power at rest, before and after the window: what the net energy is counted from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.energy.budget import (
    CLOCK,
    EDGES,
    GAIN,
    GAPS,
    IDLE_DRIFT,
    SAMPLING,
    Budget,
    Term,
    step,
)
from benchharness.energy.counter import counter_difference
from benchharness.energy.gate_counter import Stitch
from benchharness.energy.interior import interior_hold
from benchharness.energy.lag import instrument_lag
from benchharness.energy.observed import Candidate, Unavailable, observe
from benchharness.energy.readings import Readings, Window
from benchharness.energy.silence import Silence
from benchharness.model import Capabilities

COVERAGE_LIMIT = 0.5  # a mean power bears more missing time than an energy
_INDEPENDENT = frozenset({SAMPLING, EDGES, GAPS})


@dataclass(frozen=True, slots=True)
class IdlePower:
    """The idle power with its budget in watts, without the gain, which is common to all.

    ``each_w`` and ``each_u_w`` are the powers of the single intervals and their own standard
    uncertainties, in order of time.
    """

    power_w: float
    budget: Budget
    each_w: tuple[float, ...]
    each_u_w: tuple[float, ...]

    @property
    def drift_w(self) -> float | None:
        """Return last minus first, None for a single interval."""
        return self.each_w[-1] - self.each_w[0] if len(self.each_w) > 1 else None

    @property
    def drift_is_clear(self) -> bool:
        """Say whether the drift exceeds twice what the readings themselves explain."""
        drift_w = self.drift_w
        return drift_w is not None and abs(drift_w) > 2.0 * math.hypot(
            self.each_u_w[0], self.each_u_w[-1]
        )


def declared_idle(power_w: float) -> IdlePower:
    """Return the idle power of a model, which knows it but for its gain."""
    return IdlePower(power_w, Budget(()), (power_w,), (0.0,))


def idle_power(
    readings: Readings,
    capabilities: Capabilities,
    intervals: Sequence[Window],
    silent: Sequence[Silence] = (),
    stitches: Sequence[Stitch] = (),
    step_j: float | None = None,
) -> IdlePower | None:
    """Return the mean idle power over the intervals, None if no reading fell into any.

    Each interval is judged by the better of interior hold and counter. Their mean stands for
    the window between them; how far they differ, as if the power had moved evenly, is the drift
    term: its error is within half the difference, u = |ΔP|/√12. ``step_j`` is the counter's step,
    where it is known.
    """
    found = []
    for interval in sorted(intervals):
        rest = _at_rest(readings, capabilities, interval, silent, stitches, step_j)
        if rest is not None:
            found.append(rest)
    if not found:
        return None
    powers = tuple(power_w for power_w, _ in found)
    budgets = [budget for _, budget in found]
    terms = _mean_terms(budgets)
    if len(found) > 1:
        terms.append(step(IDLE_DRIFT, max(powers) - min(powers)))
    return IdlePower(
        sum(powers) / len(powers),
        Budget.of(terms),
        powers,
        tuple(budget.combined for budget in budgets),
    )


def _at_rest(
    readings: Readings,
    capabilities: Capabilities,
    interval: Window,
    silent: Sequence[Silence],
    stitches: Sequence[Stitch],
    step_j: float | None,
) -> tuple[float, Budget] | None:
    """Return the mean power of one interval and its budget in watts."""
    # Powers outside belong to other work; the counter alone may use readings there.
    inside = (readings.t_ns >= interval.start_ns) & (readings.t_ns <= interval.end_ns)
    alone = Readings(readings.t_ns[inside], readings.power_w[inside], readings.energy_j[inside])
    observed = observe(alone, interval, capabilities, silent)
    if observed.coverage.share < COVERAGE_LIMIT:
        return None
    settled = _without_lag(interval, instrument_lag(capabilities).reach_s)
    beyond = observe(readings, settled, capabilities, silent, stitches, step_j)
    means = [
        _mean_power(interior_hold(observed), interval),
        _mean_power(counter_difference(beyond), settled),
    ]
    known = [mean for mean in means if mean is not None]
    return min(known, key=lambda mean: mean[1].combined, default=None)


def _mean_power(result: Candidate | Unavailable, interval: Window) -> tuple[float, Budget] | None:
    if isinstance(result, Unavailable):
        return None
    per_s = 1.0 / interval.duration_s
    terms = result.budget.without(GAIN, CLOCK).terms
    return result.energy_j * per_s, Budget.of(term.scaled(per_s) for term in terms)


def _without_lag(interval: Window, reach_s: float) -> Window:
    """Leave out the start, where lagging readings show what came before; half at most."""
    lag_ns = min(round(reach_s * 1e9), (interval.end_ns - interval.start_ns) // 2)
    return Window(interval.start_ns + lag_ns, interval.end_ns)


def _mean_terms(budgets: Sequence[Budget]) -> list[Term]:
    """Return the terms of a mean: independent ones in quadrature, common ones in a row."""
    share = 1.0 / len(budgets)
    means = []
    for name in dict.fromkeys(term.name for budget in budgets for term in budget.terms):
        same = [term.scaled(share) for b in budgets for term in b.terms if term.name == name]
        if name in _INDEPENDENT:
            together = Budget.of(same)
            means.append(Term(name, together.combined, together.nu_eff))
        else:
            means.append(Term(name, sum(term.u for term in same)))
    return means
