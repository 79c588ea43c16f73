"""The smallest difference that so many repetitions will probably tell apart."""

from __future__ import annotations

from benchharness.stats.interval import LEVEL
from benchharness.stats.power import CHANCE, chance_to_tell

_LARGEST = 10.0  # a difference of ten times the value: what is not told there is never told
_STEPS = 40


def least_difference(
    sd: float, n: int, common_u: float = 0.0, level: float = LEVEL, chance: float = CHANCE
) -> float | None:
    """Return the least d at which :func:`chance_to_tell` reaches ``chance``, None if none does.

    All relative to one mean: ``sd`` between trials, ``common_u`` what repeating does not average
    out, d. Found by bisection, as the chance grows with d. None for n < 2: no value has a spread.
    """
    if n < 2 or chance_to_tell(_LARGEST, sd, n, common_u, level) < chance:
        return None
    low, high = 0.0, _LARGEST
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        if chance_to_tell(middle, sd, n, common_u, level) < chance:
            low = middle
        else:
            high = middle
    return high
