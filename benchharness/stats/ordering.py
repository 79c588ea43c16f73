"""Every pair of several variants: which is less, as far as the measurement can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

from benchharness.stats.ranking import SIGNIFICANCE
from benchharness.stats.sample import Spread
from benchharness.stats.welch import holm, welch_p


class Relation(str, Enum):
    """How the first of a pair stands to the second."""

    LESS = "<"
    MORE = ">"
    EQUAL = "="
    UNDECIDED = "?"  # both have a spread, and the test cannot tell them apart

    def reversed(self) -> Relation:
        """Return how the second stands to the first."""
        return {Relation.LESS: Relation.MORE, Relation.MORE: Relation.LESS}.get(self, self)


@dataclass(frozen=True, slots=True)
class PairRelation:
    """Two places into the variants, the first before the second; None without a spread."""

    first: int
    second: int
    relation: Relation | None


def pair_relations(spreads: Sequence[Spread | None]) -> list[PairRelation]:
    """Compare every pair by Welch's test at 5 %, corrected by Holm for all pairs.

    Two values without variance (sizes of files) are equal or they differ; nothing is tested, but
    they count as comparisons all the same, which only makes the others more careful.
    """
    pairs = list(combinations(range(len(spreads)), 2))
    known = [
        (place, first, second)
        for place, (i, k) in enumerate(pairs)
        if (first := spreads[i]) is not None and (second := spreads[k]) is not None
    ]
    p_values = holm([welch_p(first, second) for _, first, second in known])
    found: dict[int, Relation] = {}
    for (place, first, second), p in zip(known, p_values, strict=True):
        found[place] = _relation(first, second, p)
    return [PairRelation(i, k, found.get(place)) for place, (i, k) in enumerate(pairs)]


def _relation(first: Spread, second: Spread, p: float) -> Relation:
    if first.variance + second.variance == 0.0 and first.mean == second.mean:
        return Relation.EQUAL
    if p > SIGNIFICANCE:
        return Relation.UNDECIDED
    return Relation.LESS if first.mean < second.mean else Relation.MORE
