"""What a comparison consists of: sides, changes and pairs."""

from __future__ import annotations

from dataclasses import dataclass

from benchharness.model import CampaignSummary, MetricSummary, VariantSummary
from benchharness.standing import Standing, Word
from benchharness.stats.ratio import Ratio
from benchharness.stats.saying import percent


@dataclass(frozen=True, slots=True)
class Side:
    """One variant of a pair, with the campaign that it was run in."""

    name: str
    campaign: CampaignSummary
    variant: VariantSummary


@dataclass(frozen=True, slots=True)
class Change:
    """A metric of B against A: how B stands to A, and the p of Welch's test corrected by Holm."""

    metric: str
    a: MetricSummary
    b: MetricSummary
    standing: Standing
    p_holm: float | None = None

    @property
    def word(self) -> Word:
        """Return the verdict."""
        return self.standing.word

    @property
    def ratio(self) -> Ratio | None:
        """Return B/A with its joint interval, None where no multiple of A says anything."""
        found = self.standing
        return None if found.ratio is None else Ratio(found.ratio, found.low, found.high)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two variants that differ in what is compared, and in nothing else."""

    label: str
    a: Side
    b: Side
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every pair, what could not be paired, and what differs besides.

    ``comparisons`` is how many intervals of a metric hold together, of the workload with most.
    ``margin_set`` is the margin that the campaign set beforehand, None for none.
    """

    title: str
    pairs: tuple[Pair, ...]
    unpaired: tuple[str, ...]
    differs: tuple[str, ...]  # what should keep one from comparing
    notes: tuple[str, ...]  # what is as well to know
    margin: float = 0.0
    comparisons: int = 1
    margin_set: float | None = None

    @property
    def margin_words(self) -> str:
        """Say that the margin was given after the fact; "" where the campaign set it."""
        if not self.margin or self.margin == self.margin_set:
            return ""
        of_campaign = f"{percent(self.margin_set)} %" if self.margin_set else "none"
        return f"margin given now: {percent(self.margin)} %; the campaign set {of_campaign}"
