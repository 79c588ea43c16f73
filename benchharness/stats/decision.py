"""The verdict on a pair, from the interval of its ratio and a margin that was set beforehand."""

from __future__ import annotations

from benchharness.standing import Word


def judge(low: float, high: float, margin: float = 0.0) -> Word:
    """Return the word for a ratio whose interval is ``low`` to ``high``.

    ``margin`` m is what is too little to matter, as a share of the reference. Lower: the whole
    interval is below 1 - m. Same: all of it is within 1 ± m (equivalence by interval inclusion:
    Schuirmann 1987). Lower, size unclear: below 1, and reaching into the margin. Undecided: on
    both sides of 1. Without a margin nothing is the same but what is equal to the last digit.
    Raises ValueError for an interval upside down, or a margin that is not from 0 to below 1.
    """
    if not low <= high:
        raise ValueError(f"the interval {low} to {high} is upside down")
    if not 0.0 <= margin < 1.0:
        raise ValueError(f"a margin is a share from 0 to below 1, not {margin}")
    if 1.0 - margin <= low and high <= 1.0 + margin:
        return Word.SAME
    if high < 1.0:
        return Word.LOWER if high < 1.0 - margin else Word.LOWER_UNCLEAR
    if low > 1.0:
        return Word.HIGHER if low > 1.0 + margin else Word.HIGHER_UNCLEAR
    return Word.UNDECIDED
