"""How often a gate closes and each verdict falls, where the true change is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from benchharness.conformance.coverage import each, sample_of
from benchharness.standing import Word
from benchharness.stats.decision import judge
from benchharness.stats.gate import GateState, decide
from benchharness.stats.simultaneous import joint_level, ratio_between

LIMIT = 0.03  # of the gate
MARGIN = 0.02  # of the verdicts
VARIATIONS = (0.005, 0.01, 0.02, 0.05)
REPETITIONS = (5, 10, 20, 30)


def gate_closed(
    change: float,
    variation: float,
    n: int,
    campaigns: int,
    limit: float = LIMIT,
    seed: int = 1,
) -> float:
    """Return how often a gate closes on a variant that is ``change`` above its baseline.

    The rule is that of ``benchharness gate``, stats.gate.
    """
    closed = 0
    for rng in _cell(change, variation, n, campaigns, seed):
        now = sample_of(rng.normal(1.0, variation, n), 1.0 + change)
        found = decide(now, sample_of(rng.normal(1.0, variation, n), 1.0), limit)
        closed += found.state is GateState.CLOSED
    return closed / campaigns


def words(
    change: float,
    variation: float,
    n: int,
    campaigns: int,
    *,
    comparisons: int = 1,
    margin: float = MARGIN,
    seed: int = 1,
) -> dict[Word, float]:
    """Return how often each verdict falls on a variant that is ``change`` above the reference."""
    found: Counter[Word] = Counter()
    level = joint_level(comparisons)
    for rng in _cell(change, variation, n, campaigns, seed):
        own = sample_of(rng.normal(1.0, variation, n), 1.0 + change)
        ratio = ratio_between(own, sample_of(rng.normal(1.0, variation, n), 1.0), level)
        assert ratio is not None
        assert ratio.low is not None
        assert ratio.high is not None
        found[judge(ratio.low, ratio.high, margin)] += 1
    return {word: count / campaigns for word, count in found.items()}


def _cell(
    change: float, variation: float, n: int, campaigns: int, seed: int
) -> Iterator[np.random.Generator]:
    """Return generators that are other ones in each cell of a table."""
    return each(campaigns, seed, n, *(round(1e6 * abs(x)) for x in (change, variation)))
