"""The Pareto front over alpha: seconds a round against joules a round, a panel a condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchharness.model import CampaignSummary
from benchharness.report.split.means import RoundMeans, round_means
from benchharness.report.split.schemes import schemes
from benchharness.report.text import number, plain

MOST_PANELS = 6


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A variant: mean seconds and joules a round, with half of their 95 % intervals.

    ``line`` joins the points of one rule over alpha; "" stands alone. ``on_front``: no other point
    of the panel is as fast and takes as little.
    """

    label: str
    line: str
    time_s: float
    energy_j: float
    half_s: float | None
    half_j: float | None
    on_front: bool


@dataclass(frozen=True, slots=True)
class FrontPanel:
    """The points under one condition; those of a line in order of alpha."""

    condition: str
    points: tuple[FrontPoint, ...]

    @property
    def lines(self) -> list[str]:
        """Return the lines that there are, in their order."""
        return list(dict.fromkeys(point.line for point in self.points if point.line))


def fronts(
    summary: CampaignSummary, means: Sequence[RoundMeans] | None = None
) -> tuple[list[FrontPanel], int]:
    """Return a panel for each condition with two points at least, and how many are left out."""
    of = {each.variant.index: each for each in means or round_means(summary)}
    known = [variant for variant in summary.variants if variant.index in of]
    by_condition: dict[str, list[FrontPoint]] = {}
    for scheme in schemes(known):
        point = _point(of[scheme.variant.index], scheme.label, scheme.line)
        if point is not None:
            by_condition.setdefault(scheme.condition, []).append(point)
    panels = [
        FrontPanel(plain(condition, 80), tuple(_marked(points)))
        for condition, points in by_condition.items()
        if len(points) > 1
    ]
    return panels[:MOST_PANELS], max(0, len(panels) - MOST_PANELS)


def front_words(panel: FrontPanel) -> str:
    """Say every point, for who does not see the figure."""
    return "; ".join(
        f"{f'{p.line}, ' if p.line else ''}{p.label}: {number(p.time_s, 3)} s, "
        f"{number(p.energy_j, 3)} J{', on the front' if p.on_front else ''}"
        for p in panel.points
    )


def _point(means: RoundMeans, label: str, line: str) -> FrontPoint | None:
    time_s, energy_j = means.time_s.mean, means.energy_j.mean
    if time_s is None or energy_j is None or time_s <= 0.0 or energy_j <= 0.0:
        return None
    return FrontPoint(label, line, time_s, energy_j, means.time_s.half, means.energy_j.half, False)


def _marked(points: Sequence[FrontPoint]) -> list[FrontPoint]:

    return [replace(p, on_front=not any(_beats(o, p) for o in points)) for p in points]


def _beats(other: FrontPoint, point: FrontPoint) -> bool:
    """Say whether a point is at least as good in both, and better in one."""
    return (
        other.time_s <= point.time_s
        and other.energy_j <= point.energy_j
        and (other.time_s < point.time_s or other.energy_j < point.energy_j)
    )
