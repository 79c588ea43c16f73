"""When a campaign that grows block by block has seen enough. Pure: values in, a sentence out.

A block holds every variant once. After each, :func:`decide` looks at what there is:

- width: the 95 % t interval of every variant's mean is within a full width relative to the mean;
- budgets of time and energy: no block begins that would not fit, judged by the mean of the blocks;
- repeat_max: there are as many blocks as there may be.

To look after every block and to stop at the first interval that is narrow enough picks those that
are narrow by chance: they hold the true mean less often than 95 % (sequential fixed-width
intervals: Chow and Robbins, Ann. Math. Stat. 36, 1965; Starr, Ann. Math. Stat. 37, 1966).
Simulated for normal values, a width of 5 % and standard deviations of 1 to 8 %: looking from 2
values on, 88 to 91 % hold it; from 5 on, 92 to 95 %. So the width counts once it has held for
``CONFIRM`` blocks, and not before ``LEAST``: then 93 to 95 % do (tests/unit/test_plan_stop.py
repeats it), for two blocks more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchharness.stats import saying
from benchharness.stats.interval import mean_interval
from benchharness.units import format_duration, format_si

LEAST = 5
MOST = 40
CONFIRM = 2


@dataclass(frozen=True, slots=True)
class StopRule:
    """What ends a campaign; all None: a fixed number of repetitions.

    ``width`` is relative and full (high - low over the mean); ``time_s`` is that of whole trials
    with their rest, ``energy_j`` the gross energy of their windows.
    """

    width: float | None = None
    repeat_min: int | None = None
    repeat_max: int | None = None
    time_s: float | None = None
    energy_j: float | None = None

    @property
    def grows(self) -> bool:
        """Say whether the number of blocks is not known beforehand."""
        return (self.width, self.time_s, self.energy_j) != (None, None, None)

    @property
    def least(self) -> int:
        """Return the number of blocks before which nothing but a budget stops."""
        return self.repeat_min or (LEAST if self.width is not None else 1)

    @property
    def most(self) -> int | None:
        """Return the number of blocks that is never passed, None where only budgets stop."""
        if self.repeat_max is not None:
            return self.repeat_max
        return max(MOST, self.least) if self.width is not None else None

    def spec(self) -> dict[str, Any]:
        """Return what is stored: the keys that say something."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is after some whole blocks.

    ``values`` are the metric's, of good trials in run order, by the variant's label; ``elapsed_s``
    and ``energy_j`` count everything that was spent, also on trials that were lost; ``block_s``
    and ``block_j`` are means of whole blocks, None where not known.
    """

    blocks: int
    values: Mapping[str, Sequence[float]]
    elapsed_s: float = 0.0
    block_s: float | None = None
    energy_j: float | None = None
    block_j: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether another block is run; ``reason`` says why not, and is empty where it is."""

    go_on: bool
    reason: str = ""


def decide(rule: StopRule, seen: Seen, metric: str = "the metric") -> Decision:
    """Return whether another block begins. ``metric`` is how a sentence calls what is looked at."""
    reason = _enough(rule, seen, metric) or _most(rule, seen) or _budgets(rule, seen)
    return Decision(reason is None, reason or "")


def relative_width(values: Sequence[float]) -> float:
    """Return the full width of the 95 % t interval over the mean; infinite where there is none.

    That is for fewer than two values, and for a mean that is not above 0.
    """
    interval = mean_interval(values)
    if interval.low is None or interval.high is None or not (interval.mean or 0.0) > 0.0:
        return math.inf
    return (interval.high - interval.low) / (interval.mean or math.nan)


def widest(values: Mapping[str, Sequence[float]]) -> tuple[str, float] | None:
    """Return the variant whose interval is the widest, of those that gave a value at all."""
    widths = {label: relative_width(each) for label, each in values.items() if each}
    if not widths:
        return None
    label = max(widths, key=lambda name: widths[name])
    return label, widths[label]


def standing(rule: StopRule, seen: Seen) -> str:
    """Return where the campaign is: ``block 7 of at most 40, width 6.1 % (numpy), wanted 5 %``."""
    parts = [f"block {seen.blocks}" + ("" if rule.most is None else f" of at most {rule.most}")]
    found = widest(seen.values)
    if rule.width is not None and found is not None:
        parts.append(f"width {_of(found, seen)}")
        parts.append(f"wanted {percent(rule.width)}")
    if rule.time_s is not None:
        parts.append(f"{format_duration(seen.elapsed_s)} of {format_duration(rule.time_s)}")
    if rule.energy_j is not None and seen.energy_j is not None:
        parts.append(f"{format_si(seen.energy_j, 'J')} of {format_si(rule.energy_j, 'J')}")
    return ", ".join(parts)


def percent(share: float) -> str:
    """Write a share in per cent, two significant digits."""
    return "unknown" if math.isinf(share) else f"{saying.percent(share, digits=2)} %"


def _of(found: tuple[str, float], seen: Seen) -> str:
    label, width = found
    return percent(width) if len(seen.values) == 1 else f"{percent(width)} ({label})"


def _enough(rule: StopRule, seen: Seen, metric: str) -> str | None:
    if rule.width is None or seen.blocks < rule.least:
        return None
    now = widest(seen.values)
    if now is None:
        return f"after {_blocks(seen)}: no good trial has given {metric}"
    before = widest({label: each[:-CONFIRM] for label, each in seen.values.items() if each})
    if now[1] > rule.width or before is None or before[1] > rule.width:
        return None
    silent = [label for label, each in seen.values.items() if not each]
    without = f"; without a value: {', '.join(silent)}" if silent else ""
    return (
        f"after {_blocks(seen)}: every interval of {metric} is within {percent(rule.width)}, "
        f"the widest {_of(now, seen)}{without}"
    )


def _most(rule: StopRule, seen: Seen) -> str | None:
    if rule.most is None or seen.blocks < rule.most:
        return None
    if rule.width is None:
        return f"after {_blocks(seen)}: as many as were asked for"
    found = widest(seen.values)
    width = "no variant has an interval" if found is None else f"the widest is {_of(found, seen)}"
    return f"after {_blocks(seen)}, the most there may be: {width}, wanted {percent(rule.width)}"


def _budgets(rule: StopRule, seen: Seen) -> str | None:
    if rule.time_s is not None and seen.elapsed_s + (seen.block_s or 0.0) > rule.time_s:
        return (
            f"after {_blocks(seen)}: another takes about {format_duration(seen.block_s)}, and "
            f"{format_duration(seen.elapsed_s)} of {format_duration(rule.time_s)} are spent"
        )
    if rule.energy_j is None:
        return None
    if seen.energy_j is None:
        return f"after {_blocks(seen)}: no trial gave an energy, so its budget cannot be kept"
    if seen.energy_j + (seen.block_j or 0.0) > rule.energy_j:
        return (
            f"after {_blocks(seen)}: another takes about {format_si(seen.block_j, 'J')}, and "
            f"{format_si(seen.energy_j, 'J')} of {format_si(rule.energy_j, 'J')} are spent"
        )
    return None


def _blocks(seen: Seen) -> str:
    return "1 block" if seen.blocks == 1 else f"{seen.blocks} blocks"
