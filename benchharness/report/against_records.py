"""What a comparison with published results consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchharness.model import CampaignSummary, VariantSummary
from benchharness.report.against_measured import Measuring
from benchharness.report.published import Published, Row, Value
from benchharness.stats.ordering import Relation
from benchharness.stats.ratio import Ratio

AS_PUBLISHED = "as published"
AGREES, CONTRADICTS, CANNOT_TELL = "agrees", "contradicts", "cannot tell"
NOT_MEASURED, NOT_PUBLISHED = "not measured", "not published"
NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True)
class Reading:
    """Which variant stands for which level: ``all jit``, or each as it was published."""

    name: str
    variants: Mapping[str, VariantSummary]
    missing: tuple[str, ...] = ()  # what the campaign would need besides


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two levels: how they stand as published and as measured (None: no spread), in a word."""

    first: str
    second: str
    published: Relation
    measured: Relation | None
    word: str


@dataclass(frozen=True, slots=True)
class Order:
    """The levels by one quantity on one published device, and as measured in one reading.

    Both are least first; ``measured_signs[i]`` stands between the levels i and i + 1. ``apart`` are
    levels whose printed figure is of another thing: they are in neither order, in ``pairs`` only.
    """

    reading: str
    quantity: str
    device: str
    published: tuple[tuple[str, Value], ...]
    measured: tuple[str, ...]
    measured_signs: tuple[str, ...]
    pairs: tuple[PairAgreement, ...]
    apart: tuple[str, ...] = ()

    def count(self, word: str) -> int:
        """Return how many pairs have this word."""
        return sum(pair.word == word for pair in self.pairs)


@dataclass(frozen=True, slots=True)
class RatioRow:
    """A level over the reference: as published by device, as measured, and a word by device."""

    reading: str
    quantity: str
    level: str
    published: Mapping[str, Ratio]
    measured: Ratio | None
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One workload (and one combination of what else was varied): all that is said of it."""

    workload: str
    words: str  # of the other factors, such as ``build=simd128``; "" where none was varied
    devices: tuple[str, ...]
    levels: tuple[str, ...]
    quantities: tuple[str, ...]  # published or measured
    rows: tuple[Row, ...]
    variants: tuple[VariantSummary, ...]
    readings: tuple[Reading, ...]
    orders: tuple[Order, ...]
    ratios: tuple[RatioRow, ...]
    notes: tuple[str, ...]

    @property
    def heading(self) -> str:
        """Return workload and words."""
        return f"{self.workload}, {self.words}" if self.words else self.workload


@dataclass(frozen=True, slots=True)
class Against:
    """The whole comparison."""

    published: Published
    campaign: CampaignSummary
    measuring: Measuring
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
