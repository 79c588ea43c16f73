"""Whether values rise or fall over a campaign's time: one slope for all variants, with interval.

Each variant's values are taken relative to its mean, and its times relative to their mean, so
that only what changes within a variant counts: the variants are the blocks of an analysis of
covariance with one common slope (Fisher 1932; Montgomery, Design and Analysis of Experiments,
section 15.3), by least squares with Student's t. It takes the runs to be independent but for the
drift; see stats.autocorrelation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.stats.interval import LEVEL
from benchharness.stats.saying import percent
from benchharness.stats.student import t_factor

FEWEST_NU = 4.0  # below it an interval of a slope is too wide to say anything
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Drift:
    """``per_hour`` is the relative slope in 1/h; the others are the change over ``span_s``."""

    n: int
    span_s: float
    per_hour: float
    total: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Say whether the interval leaves out no change at all."""
        return self.low > 0.0 or self.high < 0.0

    @property
    def sentence(self) -> str:
        """Return what it says of the campaign, in per cent."""
        if not self.is_clear:
            most = max(abs(self.low), abs(self.high))
            if most == 0.0:
                return "no drift over the campaign"
            return f"no clear drift: less than {percent(most, digits=2)} % over the campaign"
        low, high = sorted((abs(self.low), abs(self.high)))
        return (
            f"drift of {percent(self.total, digits=2)} % over the campaign "
            f"({percent(math.copysign(low, self.total), digits=2)} to "
            f"{percent(math.copysign(high, self.total), digits=2)} %)"
        )


def drift(variants: Sequence[Sequence[tuple[float, float]]], level: float = LEVEL) -> Drift | None:
    """Return the common drift of variants, each a list of (time in s, value).

    None where it cannot be said: no time passes within a variant, or too few values. A variant
    without two values or with a mean that is not above 0 is left out.
    """
    used = [v for v in variants if len(v) > 1 and math.fsum(y for _, y in v) > 0.0]
    n = sum(len(v) for v in used)
    nu = n - len(used) - 1.0
    if nu < FEWEST_NU:
        return None
    points = [point for v in used for point in _centred(v)]
    along = math.fsum(t * t for t, _ in points)
    if along <= 0.0:
        return None
    slope = math.fsum(t * y for t, y in points) / along  # relative, per s
    rest = math.fsum((y - slope * t) ** 2 for t, y in points)
    half = t_factor(level, nu) * math.sqrt(rest / nu / along)
    times = [t for v in used for t, _ in v]
    span_s = max(times) - min(times)
    return Drift(
        n=n,
        span_s=span_s,
        per_hour=slope * _HOUR_S,
        total=slope * span_s,
        low=(slope - half) * span_s,
        high=(slope + half) * span_s,
    )


def _centred(variant: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return times without their mean, in s, and values as shares of theirs, less 1."""
    time_s = math.fsum(t for t, _ in variant) / len(variant)
    mean = math.fsum(y for _, y in variant) / len(variant)
    return [(t - time_s, y / mean - 1.0) for t, y in variant]
