"""The gate: every raw reading of a trial is accepted, repaired or rejected before it counts.

gate_powers.py    powers that no target draws: negative, above its maximum, spikes, false zeros
gate_counter.py   counters that go back, jump, restart or stand still
gate.py           both in turn, with a count by reason

Raw readings stay as they are in the store. Nothing is invented: a value that leaves the gate came
in as it is, but for a counter that was reset, whose later values are moved on by one offset. What
is rejected is missing, and lowers the coverage where it leaves a gap. The rules are cautious: a
short burst of a machine that idles at 10 W and draws 300 W passes, and so does every waveform that
an instrument within its stated capabilities can show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from benchharness.energy.gate_counter import Stitch, standing_still, stitched
from benchharness.energy.gate_powers import false_zeros, outside_bounds, spikes
from benchharness.energy.readings import Readings
from benchharness.energy.steps import counter_step_j
from benchharness.model import Capabilities

ACCEPTED = "accepted"
REJECTED = "rejected: "
REPAIRED = "repaired: "
NOT_NEWER = REJECTED + "not newer"
NOT_FINITE = REJECTED + "not a number"

# One rule may uncover work for another; real data need two turns.
_MOST_TURNS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Gated:
    """What passed, and what became of the rest.

    ``counts`` holds ``accepted`` (readings with nothing rejected), ``rejected: <reason>`` (values)
    and ``repaired: <reason>`` (resets of the counter). ``stitches`` say where a counter was joined.
    """

    readings: Readings
    counts: Mapping[str, int]
    stitches: tuple[Stitch, ...] = ()

    def number(self, prefix: str) -> int:
        """Return how many were ``REJECTED`` or ``REPAIRED``."""
        return sum(count for name, count in self.counts.items() if name.startswith(prefix))


def gate(readings: Readings, capabilities: Capabilities) -> Gated:
    """Put the readings of one trial through the gate. Never fails; idempotent."""
    counts: Counter[str] = Counter()
    if readings.not_newer:
        counts[NOT_NEWER] = readings.not_newer
    powers, counter = readings.power_w.copy(), readings.energy_j.copy()
    for values in (powers, counter):
        strange = np.isinf(values)
        counts[NOT_FINITE] += int(np.count_nonzero(strange))
        values[strange] = np.nan
    stitches: list[Stitch] = []
    t_s = readings.times_since_first_s()
    for _ in range(_MOST_TURNS):
        found = _turn(t_s, powers, counter, capabilities, stitches)
        counts.update(found)
        if not found:
            break
    passed = Readings(readings.t_ns, powers, counter)
    touched = _differ(readings.power_w, powers)
    touched |= np.isnan(counter) & ~np.isnan(readings.energy_j)
    said = ~(np.isnan(readings.power_w) & np.isnan(readings.energy_j))
    counts[ACCEPTED] = int(np.count_nonzero(said & ~touched))
    kept = {name: count for name, count in counts.items() if count or name == ACCEPTED}
    first_ns = int(readings.t_ns[0]) if len(readings) else 0
    return Gated(passed, kept, tuple(replace(s, zero_ns=first_ns) for s in stitches))


def _turn(
    t_s: np.ndarray,
    powers: np.ndarray,
    counter: np.ndarray,
    capabilities: Capabilities,
    stitches: list[Stitch],
) -> Counter[str]:
    """Apply every rule once, in place; return the counts of this turn, empty if nothing was."""
    counts: Counter[str] = Counter()
    for reason, wrong in outside_bounds(powers, capabilities):
        counts[REJECTED + reason] += _reject(powers, wrong)
    for reason, number in stitched(t_s, powers, counter, capabilities, stitches):
        counts[reason] += number
    step_j = counter_step_j(t_s, counter, capabilities)
    for reason, wrong in (
        *spikes(t_s, powers, counter, step_j, capabilities),
        *false_zeros(t_s, powers, counter, step_j, capabilities),
    ):
        counts[REJECTED + reason] += _reject(powers, wrong)
    for reason, wrong in standing_still(t_s, powers, counter, step_j, capabilities):
        counts[REJECTED + reason] += _reject(counter, wrong)
    return +counts


def _reject(values: np.ndarray, wrong: np.ndarray) -> int:
    values[wrong] = np.nan
    return int(np.count_nonzero(wrong))


def _differ(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    different: np.ndarray = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    return different
