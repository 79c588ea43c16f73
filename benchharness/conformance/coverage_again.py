"""How often a wrong word falls where a campaign is looked at, added to and looked at again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchharness.conformance.coverage import FloatArray, each, sample_of
from benchharness.standing import Needed, Word
from benchharness.stats.decision import judge
from benchharness.stats.interval import LEVEL
from benchharness.stats.needed import needed
from benchharness.stats.simultaneous import ratio_between

_MOST_LOOKS = 8


@dataclass(frozen=True, slots=True)
class Again:
    """Shares of campaigns of two equal variants that end with a wrong word.

    ``first`` is at the first look, ``second`` after the repetitions that were advised then,
    ``followed`` where the advice is followed until something is decided; ``decided`` is how often
    the advised repetitions decide, of those that were undecided and advised.
    """

    first: float
    second: float
    followed: float
    decided: float


def looked_again(
    variation: float, n: int, campaigns: int, *, margin: float = 0.0, seed: int = 1
) -> Again:
    """Follow the advice of needed() for two variants that do not differ at all."""
    wrong = {1: 0, 2: 0, _MOST_LOOKS: 0}
    advised = decided = 0
    for rng in each(campaigns, seed, n, round(1e6 * variation), round(1e6 * margin)):
        a, b = rng.normal(1.0, variation, n), rng.normal(1.0, variation, n)
        word, more = _look(a, b, margin)
        for look in range(1, _MOST_LOOKS + 1):
            if word is not Word.UNDECIDED:
                for least in wrong:
                    wrong[least] += look <= least and word is not Word.SAME
                decided += look == 2
                break
            count = 0 if more is None else more.repetitions or 0
            if not count:
                break
            advised += look == 1
            a, b = (_longer(x, rng.normal(1.0, variation, count)) for x in (a, b))
            word, more = _look(a, b, margin)
    first, second, followed = (wrong[looks] / campaigns for looks in sorted(wrong))
    return Again(first, second, followed, decided / max(1, advised))


def _look(a: FloatArray, b: FloatArray, margin: float) -> tuple[Word, Needed | None]:
    first, second = sample_of(a, 1.0), sample_of(b, 1.0)
    ratio = ratio_between(first, second, LEVEL)
    assert ratio is not None
    assert ratio.low is not None
    assert ratio.high is not None
    word = judge(ratio.low, ratio.high, margin)
    return word, needed(first, second, word, margin=margin, level=LEVEL)


def _longer(a: FloatArray, more: FloatArray) -> FloatArray:
    joined: FloatArray = np.concatenate([a, more])
    return joined
