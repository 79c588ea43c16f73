"""Orderings and ratios of one workload, published beside measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from benchharness.report.against_measured import SIZES, Measured, Measuring
from benchharness.report.against_records import (
    AGREES,
    CANNOT_TELL,
    CONTRADICTS,
    NOT_MEASURED,
    NOT_PUBLISHED,
    Order,
    PairAgreement,
    RatioRow,
    Reading,
)
from benchharness.report.published import Published, Row, Value
from benchharness.stats.ordering import Relation, pair_relations
from benchharness.stats.ratio import Ratio, ratio_of_means


@dataclass(frozen=True, slots=True)
class PartComparison:
    """The comparisons of one workload's rows with one reading."""

    measuring: Measuring
    published: Published
    rows: Sequence[Row]
    devices: Sequence[str]
    levels: Sequence[str]

    def printed(self, device: str, quantity: str) -> dict[str, Value]:
        """Return the published figures of a device by level, of two the first that is printed."""
        found: dict[str, Value] = {}
        for row in self.rows:
            level = row.factors.get(self.published.compare)  # a row at rest has no runtime
            if level is not None and row.device == device and quantity in row.values:
                found.setdefault(level, row.values[quantity])
        return found

    def measured(self, reading: Reading, quantity: str) -> dict[str, Measured]:
        """Return the measured figures of a reading by level, least first."""
        found = {
            level: value
            for level, variant in reading.variants.items()
            if (value := self.measuring.get(variant, quantity)) is not None
        }
        return dict(sorted(found.items(), key=lambda item: item[1].mean))

    def same(self, reading: Reading, earlier: Reading, quantity: str) -> bool:
        """Say whether a reading says of a quantity what an earlier one has said already.

        Sizes of hosts and modules are often those of another mode, and what nobody has measured
        is not measured in any reading.
        """
        here, before = self.measured(reading, quantity), self.measured(earlier, quantity)
        if not here or not before:
            return not here and not before
        sizes = [{level: figure.mean for level, figure in each.items()} for each in (here, before)]
        return quantity in SIZES and sizes[0] == sizes[1]

    def relations(
        self, figures: Mapping[str, Measured]
    ) -> dict[frozenset[str], tuple[str, Relation | None]]:
        """Return for each pair of levels which was first, and how it stands to the other."""
        names = list(figures)
        return {
            frozenset((names[p.first], names[p.second])): (names[p.first], p.relation)
            for p in pair_relations([figures[name].spread for name in names])
        }

    def orders(self, reading: Reading, quantity: str) -> list[Order]:
        """Return an ordering a device, where both sides have two levels at least."""
        figures = self.measured(reading, quantity)
        relations = self.relations(figures)
        names = tuple(figures)
        signs = tuple(_sign(relations[frozenset(pair)][1]) for pair in pairwise(names))
        found = []
        for device in self.devices:
            printed = {k: v for k, v in self.printed(device, quantity).items() if k in figures}
            if len(printed) > 1:
                least_first = sorted(printed.items(), key=lambda item: item[1].value)
                pairs = tuple(self.pairs(quantity, printed, relations))
                found.append(
                    Order(reading.name, quantity, device, tuple(least_first), names, signs, pairs)
                )
        return found

    def pairs(
        self,
        quantity: str,
        printed: Mapping[str, Value],
        relations: Mapping[frozenset[str], tuple[str, Relation | None]],
    ) -> list[PairAgreement]:
        """Return how each pair of levels stands on both sides."""
        found = []
        for first, second in combinations(printed, 2):
            head, relation = relations[frozenset((first, second))]
            if relation is not None and head != first:
                relation = relation.reversed()
            published = _printed_relation(printed[first], printed[second])
            word = agreement(published, relation, exact=quantity in SIZES)
            found.append(PairAgreement(first, second, published, relation, word))
        return found

    def ratios(self, reading: Reading, quantity: str) -> list[RatioRow]:
        """Return a row a level but the reference; none where neither side has the reference."""
        reference = self.published.reference
        figures = self.measured(reading, quantity)
        relations = self.relations(figures)
        found = []
        for level in self.levels:
            if level == reference or level not in reading.variants:
                continue
            ratios, words = {}, {}
            for device in self.devices:
                printed = self.printed(device, quantity)
                if level in printed and reference in printed:
                    ratios[device] = printed_ratio(printed[level], printed[reference])
                words[device] = self.word(quantity, level, printed, relations)
            measured = _ratio(figures.get(level), figures.get(reference))
            if ratios or measured is not None:
                found.append(RatioRow(reading.name, quantity, level, ratios, measured, words))
        return found

    def word(
        self,
        quantity: str,
        level: str,
        printed: Mapping[str, Value],
        relations: Mapping[frozenset[str], tuple[str, Relation | None]],
    ) -> str:
        """Return whether a level stands to the reference as published."""
        reference = self.published.reference
        if level not in printed or reference not in printed:
            return NOT_PUBLISHED
        if frozenset((level, reference)) not in relations:
            return NOT_MEASURED
        pair = {name: printed[name] for name in (level, reference)}
        return self.pairs(quantity, pair, relations)[0].word


def agreement(published: Relation, measured: Relation | None, *, exact: bool) -> str:
    """Return in words whether the measured relation is the published one.

    Equal figures as printed rank nothing, unless they are sizes of files (``exact``).
    """
    if measured in (None, Relation.UNDECIDED):
        return CANNOT_TELL
    if measured is published:
        return AGREES
    if published is Relation.EQUAL and not exact:
        return CANNOT_TELL
    return CONTRADICTS


def printed_ratio(above: Value, below: Value) -> Ratio:
    """Return above/below with the bounds that the rounding of both leaves."""
    low_below, high_below = below.value - below.half, below.value + below.half
    if below.value <= 0.0:
        return Ratio(float("nan"), None, None)
    ratio = above.value / below.value
    if low_below <= 0.0:
        return Ratio(ratio, None, None)
    return Ratio(
        ratio, (above.value - above.half) / high_below, (above.value + above.half) / low_below
    )


def _printed_relation(first: Value, second: Value) -> Relation:
    if first.value == second.value:
        return Relation.EQUAL
    return Relation.LESS if first.value < second.value else Relation.MORE


def _ratio(above: Measured | None, below: Measured | None) -> Ratio | None:
    if above is None or below is None or below.mean <= 0.0 or above.mean <= 0.0:
        return None
    if above.spread is None or below.spread is None:
        return Ratio(above.mean / below.mean, None, None)
    return ratio_of_means(above.spread, below.spread)


def _sign(relation: Relation | None) -> str:
    return Relation.UNDECIDED.value if relation is None else relation.value
