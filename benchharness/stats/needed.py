"""What would decide a pair that is undecided: more repetitions, or longer windows.

The two differ by |d| in the logarithm; their spread and what the meter adds to both are relative.
An interval keeps clear of a bound at a distance g with a chance of 80 % if
(t_a + t_0.8) s sqrt(2/n) <= g, with t_a for the level of the comparison (Cohen 1988, section 2.4,
with Student's t in place of the normal distribution). For "same" both ends must keep clear, each
of its bound: where the two are about equal that is (t_a + t_0.9). The chance is that of a truth
which is what was seen; the truth is often less (docs/statistics.md).

Longer windows shrink what edges and quantisation add in proportion, and what sampling adds by the
root; the spread of the program itself stays. Where the meter's budget claims to add more than the
trials differ by, it is no guide to what longer windows would do, and none are proposed from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from benchharness.standing import Needed, Word
from benchharness.stats.power import CHANCE
from benchharness.stats.ratio import ratio_of_means
from benchharness.stats.sample import Sample, Spread, effective_nu, spread
from benchharness.stats.student import t_factor, t_quantile

MOST_REPETITIONS = 200
MOST_LONGER = 64.0  # times the window
_STEP = 1.02
_MOST_UNCERTAIN = 0.3  # of a mean, its standard error
_BOTH_ENDS = 0.9  # the chance of each of two ends that makes both keep clear in 80 %
_MOST_CLAIMED = 1.25  # times the spread between trials, as variances
_NEAR = 0.25  # of the margin: nearer to equality than this, both ends count


def needed(
    sample: Sample,
    reference: Sample,
    word: Word,
    *,
    margin: float,
    level: float,
) -> Needed | None:
    """Return what would probably decide the pair, None where it is decided or nothing would.

    ``level`` is that of the pair's own interval. Where a mean is hardly known, or the ratio has no
    upper end, the difference that was seen is no guide, and there is no number.
    """
    a, b = spread(sample), spread(reference)
    if a is None or b is None or not (_is_known(a) and _is_known(b)):
        return None
    ratio = ratio_of_means(a, b, level)
    if ratio is None or not ratio.is_bounded:
        return None
    found = _gap(abs(math.log(a.mean / b.mean)), word, margin)
    if found is None or found.width == 0.0:
        return None
    gap = found
    parts = _parts(sample, a, reference, b)
    now = min(len(sample.values), len(reference.values))
    enough = _least_repetitions(
        lambda n: _reaches(gap, parts.random, parts.common, n, level), now, MOST_REPETITIONS
    )
    longer = _least_factor(
        lambda f: _reaches(gap, parts.random_at(f), parts.common_at(f), now, level)
    )
    window_s = sample.window_s
    what = Needed(
        repetitions=None if enough is None else max(1, enough - now),
        window_s=None if longer is None or window_s is None else _rounded_up(longer * window_s),
    )
    return what if what != Needed() else None


def _is_known(found: Spread) -> bool:
    return found.mean > 0.0 and math.sqrt(found.variance) <= _MOST_UNCERTAIN * found.mean


@dataclass(frozen=True, slots=True)
class _Gap:
    """How far the interval must shrink, and with which chance an end is to do so."""

    width: float
    chance: float = CHANCE


def _gap(distance: float, word: Word, margin: float) -> _Gap | None:
    """Return what must be reached for another word, whichever is nearest."""
    edge = math.log1p(margin)
    if word is Word.UNDECIDED:
        if distance < _NEAR * edge:
            return _Gap(edge - distance, _BOTH_ENDS)
        return _Gap(max(distance, edge - distance))
    if word in (Word.LOWER_UNCLEAR, Word.HIGHER_UNCLEAR):
        return _Gap(abs(distance - edge))
    return None


@dataclass(frozen=True, slots=True)
class _Parts:
    """Relative variances of the pair, the mean of the two.

    ``random`` is between trials, ``window`` the part of it that the meter makes; ``common`` is of
    the meter in all trials, ``lasting`` the part of it that longer windows keep.
    """

    random: float
    window: float
    common: float
    lasting: float

    def random_at(self, factor: float) -> float:
        """Return what is between trials whose windows are so many times as long."""
        return self.random - self.window * (1.0 - 1.0 / factor)

    def common_at(self, factor: float) -> float:
        """Return what is common to them."""
        return self.lasting + (self.common - self.lasting) / factor**2


def _parts(sample: Sample, a: Spread, reference: Sample, b: Spread) -> _Parts:
    random = window = common = lasting = 0.0
    for each, found in ((sample, a), (reference, b)):
        share = 0.5 / found.mean**2
        random += share * found.trial_variance * len(each.values)
        window += share * each.window_u**2
        common += share * each.common_u**2
        lasting += share * each.lasting_u**2
    if window > _MOST_CLAIMED * random:  # then what it claims is not what blurs
        window = 0.0
    return _Parts(random, min(window, random), common, min(lasting, common))


def _reaches(gap: _Gap, random_sq: float, common_sq: float, n: int, level: float) -> bool:
    trial = random_sq / n
    variance = 2.0 * (trial + common_sq)
    if variance == 0.0:
        return True
    nu = max(1.0, effective_nu([(trial, n - 1.0), (trial, n - 1.0)], 2.0 * common_sq))
    return (t_factor(level, nu) + t_quantile(gap.chance, nu)) * math.sqrt(variance) <= gap.width


def _least_repetitions(reached: Callable[[int], bool], low: int, most: int) -> int | None:
    """Return the least number above ``low`` that reaches it, by bisection; None beyond ``most``."""
    high = low
    while not reached(high):
        if high >= most:
            return None
        low, high = high, min(most, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _least_factor(reached: Callable[[float], bool]) -> float | None:
    if not reached(MOST_LONGER):
        return None
    factor = _STEP
    while not reached(factor):
        factor *= _STEP
    return min(factor, MOST_LONGER)


def _rounded_up(value: float) -> float:
    """Round up to two digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit - 1e-9) * unit:.10g}")
