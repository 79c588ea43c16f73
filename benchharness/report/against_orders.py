"""Orderings and ratios of one workload, published beside measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from benchharness.report.against_measured import SIZES, Measured, Measuring
from benchharness.report.against_records import (
    AGREES,
    AS_PUBLISHED,
    CANNOT_TELL,
    CONTRADICTS,
    NOT_COMPARABLE,
    NOT_MEASURED,
    NOT_PUBLISHED,
    Order,
    PairAgreement,
    RatioRow,
    Reading,
)
from benchharness.report.published import Place, Published, Row, Value
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
        sizes = [
            {
                level: figure.mean
                for level, figure in each.items()
                if not all(self.apart(device, quantity, level) for device in self.devices)
            }
            for each in (here, before)
        ]
        return quantity in SIZES and sizes[0] == sizes[1]

    def apart(self, device: str, quantity: str, level: str) -> bool:
        """Say whether a printed figure is, by the audit, of another thing than the measured one."""
        place = Place(self.rows[0].workload, device, level, quantity)
        return bool(self.published.not_comparable(place))

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
        """Return an ordering a device, where both sides have two levels at least.

        A level whose printed figure is of another thing is named as published, and left out of the
        other readings: there is nothing like it to be set against.
        """
        figures = self.measured(reading, quantity)
        found = []
        for device in self.devices:
            printed = {k: v for k, v in self.printed(device, quantity).items() if k in figures}
            apart = tuple(k for k in printed if self.apart(device, quantity, k))
            if reading.name != AS_PUBLISHED:
                printed = {k: v for k, v in printed.items() if k not in apart}
                apart = ()
            if len(printed) > 1:
                found.append(self.order(reading, quantity, device, printed, apart))
        return found

    def order(
        self,
        reading: Reading,
        quantity: str,
        device: str,
        printed: Mapping[str, Value],
        apart: tuple[str, ...],
    ) -> Order:
        """Return the ordering on one device: of the levels that can be compared."""
        figures = self.measured(reading, quantity)
        left_out = [k for k in figures if self.apart(device, quantity, k)]
        compared = {k: v for k, v in figures.items() if k not in left_out}
        relations = self.relations(compared)
        names = tuple(compared)
        like = {k: v for k, v in printed.items() if k not in apart}
        unlike = [pair for pair in combinations(printed, 2) if {*pair} & {*apart}]
        everything = self.relations(figures)
        return Order(
            reading.name,
            quantity,
            device,
            published=tuple(sorted(like.items(), key=lambda item: item[1].value)),
            measured=names,
            measured_signs=tuple(_sign(relations[frozenset(pair)][1]) for pair in pairwise(names)),
            pairs=(
                *self.pairs(quantity, like, relations),
                *(
                    replace(pair, word=NOT_COMPARABLE)
                    for first, second in unlike
                    for pair in self.pairs(
                        quantity, {first: printed[first], second: printed[second]}, everything
                    )
                ),
            ),
            apart=apart,
        )

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
        """Return a row a level but the reference; none where neither side has the reference.

        Of a level that cannot be compared: one as published, none in the other readings.
        """
        reference = self.published.reference
        figures = self.measured(reading, quantity)
        found = []
        for level in self.levels:
            if level == reference or level not in reading.variants:
                continue
            ratios, words = {}, {}
            for device in self.devices:
                printed = self.printed(device, quantity)
                words[device] = self.word(quantity, level, device, figures)
                if words[device] == NOT_COMPARABLE and reading.name != AS_PUBLISHED:
                    continue
                if level in printed and reference in printed:
                    ratios[device] = printed_ratio(printed[level], printed[reference])
            measured = _ratio(figures.get(level), figures.get(reference))
            alike = ratios or {*words.values()} != {NOT_COMPARABLE}
            if alike and (ratios or measured is not None):
                found.append(RatioRow(reading.name, quantity, level, ratios, measured, words))
        return found

    def word(self, quantity: str, level: str, device: str, figures: Mapping[str, Measured]) -> str:
        """Return whether a level stands to the reference as published."""
        reference = self.published.reference
        printed = self.printed(device, quantity)
        if level not in printed or reference not in printed:
            return NOT_PUBLISHED
        if level not in figures or reference not in figures:
            return NOT_MEASURED
        if any(self.apart(device, quantity, name) for name in (level, reference)):
            return NOT_COMPARABLE
        like = {k: v for k, v in figures.items() if not self.apart(device, quantity, k)}
        pair = {name: printed[name] for name in (level, reference)}
        return self.pairs(quantity, pair, self.relations(like))[0].word


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
