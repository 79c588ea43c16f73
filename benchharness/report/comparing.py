"""What a figure of changes compares, in words: the reference, how many comparisons, the margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.groups import groups, has_levels
from benchharness.report.metrics import metric_of
from benchharness.report.text import plain
from benchharness.stats.saying import percent


@dataclass(frozen=True, slots=True)
class Comparing:
    """How the variants of a metric are compared.

    ``references`` are the indices of the variants that others are compared with; ``comparisons``
    the number of each group; ``named`` that the reference was named beforehand.
    """

    references: tuple[VariantSummary, ...]
    comparisons: tuple[int, ...]
    named: bool
    margin: float

    @property
    def against(self) -> str:
        """Return the reference in words."""
        if len(self.references) == 1:
            return plain(self.references[0].label, 60)
        if self.named:
            return "the baseline with the same other levels"
        return "the lowest mean" if not self.references else "the lowest mean of the same kind"

    @property
    def count(self) -> str:
        """Return how many comparisons hold together, of all groups: "6", "up to 6"; "" for none."""
        if not self.comparisons:
            return ""
        least, most = min(self.comparisons), max(self.comparisons)
        return f"{most}" if least == most else f"up to {most}"

    @property
    def joint(self) -> str:
        """Say over how many comparisons the intervals hold together."""
        if not self.comparisons:
            return ""
        if max(self.comparisons) == 1:
            return "95 % interval of the one comparison"
        count = self.count
        why = "" if self.named else ", since the lowest was chosen from the data"
        return f"95 % intervals that hold together over {count} comparisons{why}"

    @property
    def margin_text(self) -> str:
        """Say what is too little to matter, or that nobody has said so."""
        if self.margin <= 0.0:
            return "No margin was set beforehand, so that no difference is called the same."
        share = percent(self.margin)
        return f"Grey band: ±{share} %, the margin that was set beforehand."


def comparing(summary: CampaignSummary, key: str) -> Comparing:
    """Return how a metric is compared: within each group, with its reference."""
    baseline = summary.baseline or {}
    references: dict[int, VariantSummary] = {}
    comparisons = []
    any_named = False
    for group in groups(summary.variants):
        valued = [v for v in group.members if metric_of(v, key) is not None]
        named = bool(baseline) and any(has_levels(v, baseline) for v in group.members)
        any_named |= named
        standings = [(v.index, v.metrics[key].standing) for v in valued]
        found = [(own, s.reference) for own, s in standings if s is not None]
        by_index = {v.index: v for v in group.members}
        for _, reference in found:
            if reference is not None and reference in by_index:
                references[reference] = by_index[reference]
        numbers = [s.comparisons for _, s in standings if s is not None and s.comparisons]
        if numbers and any(reference not in (None, own) for own, reference in found):
            comparisons.append(max(numbers))
    return Comparing(tuple(references.values()), tuple(comparisons), any_named, summary.margin)


def runs_word(variants: Sequence[VariantSummary]) -> str:
    """Return how many good runs the variants have: ``5 runs``, ``3 to 5 runs``."""
    numbers = sorted({v.ok for v in variants})
    if len(numbers) == 1:
        return f"{numbers[0]} run{'' if numbers[0] == 1 else 's'}"
    return f"{numbers[0]} to {numbers[-1]} runs" if numbers else "no run"
