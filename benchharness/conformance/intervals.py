"""Whether stated 95 % intervals hold the truth as often as they say, over many cases.

Single misses are expected, so that a meter is judged by the number of them: it fails where so
few hits would come about by chance less than once in a thousand times.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchharness.conformance.case import Result

LEVEL = 0.95
CHANCE = 1e-3


def least_hits(count: int, level: float = LEVEL, chance: float = CHANCE) -> int:
    """Return the least k with P(X <= k) >= ``chance`` for X binomial of ``count`` and ``level``."""
    below = 0.0
    for hits in range(count + 1):
        below += math.comb(count, hits) * level**hits * (1.0 - level) ** (count - hits)
        if below >= chance:
            return hits
    return count


@dataclass(frozen=True, slots=True)
class Hits:
    """Of ``count`` stated intervals, ``hits`` hold the truth."""

    count: int
    hits: int

    @classmethod
    def of(cls, covered: Iterable[bool | None]) -> Hits:
        """Count; None is no interval."""
        stated = [hit for hit in covered if hit is not None]
        return cls(len(stated), sum(stated))

    @property
    def share(self) -> float | None:
        """Return the share of hits, None where there is no interval."""
        return self.hits / self.count if self.count else None

    @property
    def too_few(self) -> bool:
        """Say whether chance does not explain that there are so few."""
        return self.hits < least_hits(self.count)


@dataclass(frozen=True, slots=True)
class Summary:
    """What many results of one meter have in common. Errors are relative to the true energy."""

    cases: int
    figures: int
    mean_error: float | None
    error_95: float | None  # 95th percentile of the absolute error
    median_u: float | None
    gross: Hits
    net: Hits
    findings: int


def summarise(results: Sequence[Result]) -> Summary:
    """Summarise results; what none of them has is None."""
    errors = [result.error for result in results if result.error is not None]
    stated = [result.u_relative for result in results if result.u_relative is not None]
    return Summary(
        cases=len(results),
        figures=sum(result.figure is not None for result in results),
        mean_error=statistics.fmean(errors) if errors else None,
        error_95=_percentile([abs(error) for error in errors], 0.95),
        median_u=statistics.median(stated) if stated else None,
        gross=Hits.of(result.covered for result in results),
        net=Hits.of(result.net_covered for result in results),
        findings=sum(len(result.findings) for result in results),
    )


def interval_complaint(results: Sequence[Result]) -> str | None:
    """Return a sentence where the intervals of gross or net energy hold too rarely, else None."""
    summary = summarise(results)
    for what, hits in (("gross", summary.gross), ("net", summary.net)):
        if hits.too_few:
            missed = [
                r.case.id for r in results if not (r.covered if what == "gross" else r.net_covered)
            ]
            return (
                f"{hits.hits} of {hits.count} intervals of the {what} energy hold the truth, "
                f"{least_hits(hits.count)} would be the least by chance; missed: "
                + ", ".join(missed[:8])
            )
    return None


def _percentile(values: Sequence[float], share: float) -> float | None:
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]
