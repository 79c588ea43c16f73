"""A seeded on/off pattern whose correlation with itself has one sharp peak."""

from __future__ import annotations

import math
import random

# Runs of several lengths: the short ones tell the lag sharply, the long ones show through a plug
# that averages over seconds, or that has no pulse for seconds at little power.
SHORTEST_S = 1.0
LONGEST_S = 8.0


def pulse_pattern(duration_s: float, seed: int) -> list[tuple[float, float]]:
    """Return (on, off) times in seconds from 0: runs of 1 to 8 s, log-uniform, none cut short.

    It begins and ends with the load off. A pseudo-random sequence of one bit length would lose
    its contrast for a plug that averages over more than a bit.
    """
    draw = random.Random(seed)  # noqa: S311 - a pattern, no secret
    runs: list[tuple[float, float]] = []
    t_s = _run_s(draw)
    while True:
        on_s, rest_s = _run_s(draw), _run_s(draw)
        if t_s + on_s + SHORTEST_S > duration_s:
            return runs
        runs.append((t_s, t_s + on_s))
        t_s += on_s + rest_s


def _run_s(draw: random.Random) -> float:
    return math.exp(draw.uniform(math.log(SHORTEST_S), math.log(LONGEST_S)))
