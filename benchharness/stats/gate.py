"""The rule of the gate: closed only where a regression beyond the limit is proven.

A gate looks at the ratio of the candidate's mean to the baseline's. Closed: the whole interval is
above 1 + limit. Open: all of it is at or below 1 + limit. Open but unproven: the interval reaches
across the limit, so that these runs do not decide, and nothing closes. With several variants or
metrics the intervals hold together (stats.simultaneous): of all that a gate looks at, one is
closed by chance with at most 2.5 % if every change is exactly at its limit, and far less often if
nothing changed. docs/statistics.md has what was simulated with :func:`decide`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

from benchharness.standing import Needed, Word
from benchharness.stats.interval import LEVEL
from benchharness.stats.least_difference import least_difference
from benchharness.stats.needed import needed
from benchharness.stats.power import CHANCE
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample, spread
from benchharness.stats.simultaneous import joint_level, ratio_between

ONE_RUN = "one good run has no spread"
NO_BOUND = "the baseline's mean cannot be told from 0"


class GateState(str, Enum):
    """What a gate says of one variant and metric."""

    OPEN = "open"
    UNPROVEN = "open, unproven"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Decision:
    """A state with the ratio that it follows from, and why there is no interval if there is none.

    ``level`` is that of the ratio's own interval.
    """

    state: GateState
    ratio: Ratio
    limit: float
    level: float
    reason: str | None = None


def decide(candidate: Sample, baseline: Sample, limit: float, comparisons: int = 1) -> Decision:
    """Return what the gate says of a candidate; ``limit`` is a share of the baseline.

    ``comparisons`` is how many decisions hold together. Raises ValueError without a value on
    either side, for a baseline whose mean is not above 0, and for a limit below 0.
    """
    if limit < 0.0:
        raise ValueError(f"a limit is a share of 0 or more, not {limit}")
    level = joint_level(comparisons)
    ratio = ratio_between(candidate, baseline, level)
    if ratio is None:
        raise ValueError("no ratio: a side has no value, or the baseline's mean is not above 0")
    if ratio.low is None or ratio.high is None:
        single = min(len(candidate.values), len(baseline.values)) < 2
        reason = ONE_RUN if single else NO_BOUND
        return Decision(GateState.UNPROVEN, ratio, limit, level, reason)
    return Decision(state_of(ratio.low, ratio.high, limit), ratio, limit, level)


def state_of(low: float, high: float, limit: float) -> GateState:
    """Return the state of an interval of the ratio: at the limit itself the gate is open."""
    if low > 1.0 + limit:
        return GateState.CLOSED
    return GateState.OPEN if high <= 1.0 + limit else GateState.UNPROVEN


def would_prove(candidate: Sample, baseline: Sample, decision: Decision) -> Needed | None:
    """Return what would probably decide an unproven gate, one way or the other.

    None where it is decided, and where no practical number of repetitions does: the candidate is
    then about as far from the baseline as the limit.
    """
    if decision.state is not GateState.UNPROVEN or decision.reason is not None:
        return None
    # Against a baseline that is higher by the limit the question is: on which side of it?
    scale = 1.0 + decision.limit
    raised = replace(
        baseline,
        values=tuple(scale * value for value in baseline.values),
        common_u=scale * baseline.common_u,
        window_u=scale * baseline.window_u,
        lasting_u=scale * baseline.lasting_u,
    )
    return needed(candidate, raised, Word.UNDECIDED, margin=0.0, level=decision.level)


def least_regression(
    baseline: Sample, limit: float, n: int, comparisons: int = 1, chance: float = CHANCE
) -> float | None:
    """Return the least regression that closes a gate with ``chance``, n runs on either side.

    The candidate is supposed to vary as the baseline does, relative to its mean. None where the
    baseline has no spread, or no regression is seen so.
    """
    found = spread(baseline)
    if found is None or found.mean <= 0.0:
        return None
    sd = math.sqrt(found.trial_variance * len(baseline.values)) / found.mean
    common_u = baseline.common_u / found.mean
    beyond = least_difference(sd, n, common_u, joint_level(comparisons, LEVEL), chance)
    return None if beyond is None else (1.0 + limit) * (1.0 + beyond) - 1.0
