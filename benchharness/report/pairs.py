"""Every variant against every other: ratios whose intervals hold together, and their verdicts.

The intervals are wider than those against one reference, since there are more of them. Of many
variants only the pairs with the reference are shown.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.change_text import ChangeText, change_text, short_change
from benchharness.report.derive_standings import possible
from benchharness.report.derive_variants import (
    ENERGY_METRICS,
    NET,
    VariantTrials,
    comparable,
    net_is_known,
    samples_of,
)
from benchharness.report.groups import Group
from benchharness.report.metrics import SIGNS, Sign
from benchharness.report.text import half_width, plain
from benchharness.report.timed_out import why_not_compared
from benchharness.standing import Needed, Word
from benchharness.stats.decision import judge
from benchharness.stats.needed import needed
from benchharness.stats.sample import Sample
from benchharness.stats.simultaneous import all_pairs, joint_level, pairs_of

MOST_VARIANTS = 12
_LEAST_VARIANTS = 3  # of two the forest has the only pair
_CLEAR = frozenset({Word.LOWER, Word.HIGHER, Word.SAME})


@dataclass(frozen=True, slots=True)
class PairOf:
    """The row's variant against the column's: ``text`` for the cell, ``change`` in full."""

    row: str
    column: str
    word: Word
    text: str
    change: ChangeText
    half: float | None  # of the interval, as a share of the reference
    needed: Needed | None = None

    @property
    def sign(self) -> Sign:
        """Return the glyph and the word."""
        return SIGNS[self.word]

    @property
    def is_clear(self) -> bool:
        """Say whether nothing is left open, neither the side nor whether the size matters."""
        return self.word in _CLEAR


@dataclass(frozen=True, slots=True)
class PairMatrix:
    """The pairs of one group, the highest first, so that most changes are savings.

    ``rows`` are a label and its cells, of the columns before it; None where a pair has no ratio.
    """

    kind: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[PairOf | None, ...]], ...]
    comparisons: int
    margin: float

    @property
    def pairs(self) -> tuple[PairOf, ...]:
        """Return the pairs that have a ratio."""
        return tuple(pair for _, cells in self.rows for pair in cells if pair is not None)

    @property
    def signs(self) -> tuple[Sign, ...]:
        """Return the signs that the table uses, each once."""
        return tuple(dict.fromkeys(pair.sign for pair in self.pairs))


def pair_matrix(
    summary: CampaignSummary, group: Group[VariantSummary], key: str
) -> PairMatrix | None:
    """Return the pairs of a group; None for fewer than three or too many variants.

    None, too, where joules are of several classes, or a net energy is below its uncertainty.
    """
    members = [
        v
        for v in of_summary(summary, group.members)
        if v.values(key) and why_not_compared(v.label, v.trials, key) is None
    ]
    if key in ENERGY_METRICS and not (comparable(members) and _bears_ratios(members, key)):
        return None
    if not _LEAST_VARIANTS <= len(members) <= MOST_VARIANTS:
        return None
    members.sort(key=lambda v: -statistics.fmean(v.values(key)))
    samples = samples_of(members, key)
    with_spread = sum(len(sample.values) > 1 for sample in samples)
    ratios = all_pairs(samples)
    if not ratios:
        return None
    level = joint_level(pairs_of(with_spread))
    names = [plain(member.label, 60) for member in members]
    found: Mapping[tuple[int, int], PairOf] = {
        (i, j): _pair(samples, names, (i, j), (r.ratio, r.low, r.high), level, summary.margin)
        for (i, j), ratio in ratios.items()
        if j < i and (r := possible(ratio, key)) is not None
    }
    return PairMatrix(
        kind=group.kind,
        columns=tuple(names[:-1]),
        rows=tuple(
            (names[i], tuple(found.get((i, j)) for j in range(i))) for i in range(1, len(names))
        ),
        comparisons=pairs_of(with_spread),
        margin=summary.margin,
    )


def of_summary(summary: CampaignSummary, members: Sequence[VariantSummary]) -> list[VariantTrials]:
    """Return variants with their trials."""
    return [
        VariantTrials(
            {"index": v.index, "label": v.label, "factors": v.factors}, summary.trials_of(v.index)
        )
        for v in members
    ]


def _bears_ratios(members: Sequence[VariantTrials], key: str) -> bool:
    if key == NET and not all(net_is_known(v.figures) for v in members):
        return False
    return all(statistics.fmean(v.values(key)) > 0.0 for v in members)


def _pair(
    samples: Sequence[Sample],
    names: Sequence[str],
    place: tuple[int, int],
    found: tuple[float, float | None, float | None],
    level: float,
    margin: float,
) -> PairOf:
    (i, j), (ratio, low, high) = place, found
    if low is None or high is None:
        word, more = Word.UNDECIDED, None
    else:
        word = judge(low, high, margin)
        more = needed(samples[i], samples[j], word, margin=margin, level=level)
    return PairOf(
        row=names[i],
        column=names[j],
        word=word,
        text=short_change(ratio, low, high),
        change=change_text(ratio, low, high),
        half=half_width(low, high),
        needed=more,
    )
