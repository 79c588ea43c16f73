"""How a variant stands to the one that it is compared with: words that stand in every report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Word(str, Enum):
    """The verdict on a pair. What each means is in ``stats.decision``."""

    REFERENCE = "reference"
    LOWER = "lower"
    HIGHER = "higher"
    LOWER_UNCLEAR = "lower, size unclear"
    HIGHER_UNCLEAR = "higher, size unclear"
    SAME = "same"
    UNDECIDED = "undecided"  # cannot be told apart
    NO_INTERVAL = "no interval"  # one run has no spread
    NOT_COMPARABLE = "not comparable"  # with a reason, and without a number

    @property
    def is_lower(self) -> bool:
        """Say whether the interval lies below the reference."""
        return self in (Word.LOWER, Word.LOWER_UNCLEAR)

    @property
    def is_higher(self) -> bool:
        """Say whether the interval lies above the reference."""
        return self in (Word.HIGHER, Word.HIGHER_UNCLEAR)


IF_AS_SEEN = "if the difference is what it looks like"


@dataclass(frozen=True, slots=True)
class Needed:
    """What would probably decide: more repetitions of each of the two, or windows of this length.

    That is if the true difference is the one that was seen. None where no practical number does.
    """

    repetitions: int | None = None
    window_s: float | None = None

    def text(self) -> str:
        """Return ``about 7 more repetitions, or windows of 90 s, would decide if ...``, or "".

        Of two that are equal in truth such a number decides a few per cent: hence the "if".
        """
        runs = self.repetitions
        parts = [] if runs is None else [f"about {runs} more repetition{'s' if runs > 1 else ''}"]
        if self.window_s is not None:
            parts.append(f"windows of {self.window_s:g} s")
        if not parts:
            return ""
        comma = "," if len(parts) > 1 else ""
        return f"{', or '.join(parts)}{comma} would decide {IF_AS_SEEN}"


@dataclass(frozen=True, slots=True)
class Standing:
    """A metric of a variant against that of its reference.

    ``ratio`` is of the means; ``low`` and ``high`` bound it, together with all other ratios that
    are compared beside it, at 95 %: ``comparisons`` is their number. ``reference`` is the index of
    the reference's variant.
    """

    word: Word
    reference: int | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str | None = None
    needed: Needed | None = None
    comparisons: int | None = None
