"""What is known of the energy of one phase by one method, before all of them are made to agree."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchharness.energy.budget import step
from benchharness.energy.readings import FloatArray

READINGS = "readings"
CPU_USE = "CPU use"
BETWEEN = "between the others"
UNSEEN_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Part:
    """The joules of one phase with their own standard uncertainty, the meter's gain left out.

    ``nu`` are the degrees of freedom behind ``u_j``, infinite for what is bounded and not
    estimated.
    """

    energy_j: float
    u_j: float
    method: str
    nu: float = math.inf


@dataclass(frozen=True, slots=True)
class NoPart:
    """Why a phase has no joules by a method, in a sentence."""

    reason: str


def parts_within(
    seen: list[Part | NoPart], durations_s: FloatArray, share: float = UNSEEN_SHARE
) -> list[Part] | NoPart:
    """Return the parts, those that are missing between the powers of those that are there.

    A phase that nothing tells draws no less than the one that draws least, and no more than the
    one that draws most. That is said only of ``share`` of the window at most, and next to two
    phases at least.
    """
    there = [(p, float(t)) for p, t in zip(seen, durations_s, strict=True) if isinstance(p, Part)]
    unseen_s = float(durations_s.sum()) - math.fsum(t for _, t in there)
    if len(there) < 2 or unseen_s > share * float(durations_s.sum()):
        return NoPart("too little of the window is told by readings")
    powers_w = [part.energy_j / t for part, t in there]
    low_w, high_w = min(powers_w), max(powers_w)
    return [
        part
        if isinstance(part, Part)
        else Part(0.5 * (low_w + high_w) * t, step("range", high_w - low_w).u * t, BETWEEN)
        for part, t in zip(seen, durations_s.tolist(), strict=True)
    ]
