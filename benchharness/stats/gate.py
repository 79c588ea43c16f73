"""The rule of the gate: closed only where a regression beyond the limit is proven.

A gate looks at the ratio of the candidate's mean to the baseline's. Closed: the whole interval is
above 1 + limit. Open: all of it is at or below 1 + limit. Open but unproven: the interval reaches
across the limit, so that these runs do not decide, and nothing closes.

The intervals are at 97 %, half of what is left on either side, and with several variants or metrics
they hold together (Bonferroni, Dunn 1961): of all that a gate looks at, one is closed by chance in
1.5 % of cases if every change is exactly at its limit, and less often if nothing changed. So false
alarms stay below 2 % for every limit, 0 % among them, and every spread. docs/statistics.md has what
was simulated with :func:`decide`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from benchharness.standing import Needed, Word
from benchharness.stats.needed import needed
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample
from benchharness.stats.simultaneous import ratio_between

FALSE_ALARMS = 0.015  # of a whole gate whose every change is exactly at the limit
LEVEL = 1.0 - 2.0 * FALSE_ALARMS  # of its intervals together

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


def gate_level(comparisons: int) -> float:
    """Return the level of each of so many intervals of a gate."""
    return 1.0 - 2.0 * FALSE_ALARMS / max(1, comparisons)


def decide(candidate: Sample, baseline: Sample, limit: float, comparisons: int = 1) -> Decision:
    """Return what the gate says of a candidate; ``limit`` is a share of the baseline.

    ``comparisons`` is how many decisions hold together. Raises ValueError without a value on
    either side, for a baseline whose mean is not above 0, and for a limit below 0.
    """
    if limit < 0.0:
        raise ValueError(f"a limit is a share of 0 or more, not {limit}")
    level = gate_level(comparisons)
    ratio = ratio_between(candidate, baseline, level)
    if ratio is None:
        raise ValueError("no ratio: a side has no value, or the baseline's mean is not above 0")
    if ratio.low is None or ratio.high is None:
        single = min(len(candidate.values), len(baseline.values)) < 2
        reason = ONE_RUN if single else NO_BOUND
        return Decision(GateState.UNPROVEN, ratio, limit, level, reason)
    state = state_of(ratio.low, ratio.high, limit)
    unbounded = state is GateState.UNPROVEN and not ratio.is_bounded
    return Decision(state, ratio, limit, level, NO_BOUND if unbounded else None)


def state_of(low: float, high: float, limit: float) -> GateState:
    """Return the state of an interval of the ratio: at the limit itself the gate is open."""
    if low > 1.0 + limit:
        return GateState.CLOSED
    return GateState.OPEN if high <= 1.0 + limit else GateState.UNPROVEN


def would_prove(candidate: Sample, baseline: Sample, decision: Decision) -> Needed | None:
    """Return what would probably decide an unproven gate, if the difference is what it looks like.

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
