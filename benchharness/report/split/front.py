"""The Pareto front over alpha: seconds a round against joules a round, a panel a condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchharness.model import CampaignSummary
from benchharness.report.split.means import RoundMeans, round_means
from benchharness.report.split.rounds import device_rounds
from benchharness.report.split.schemes import schemes
from benchharness.report.text import number, plain

MOST_PANELS = 6


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A variant: mean seconds and joules a round, with half of their 95 % intervals.

    ``line`` joins the points of one rule over alpha; "" stands alone. ``on_front``: no other point
    that has a line is as fast and takes as little; of panels without a line, no other at all.
    ``below``: it has no line, and is as fast and takes as little as a point of the front. ``price``
    says what its joules and seconds do not.
    """

    label: str
    line: str
    time_s: float
    energy_j: float
    half_s: float | None
    half_j: float | None
    on_front: bool
    below: bool = False
    price: str = ""


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
        f"{number(p.energy_j, 3)} J{_standing(panel, p)}"
        for p in panel.points
    )


def below_words(panel: FrontPanel) -> str:
    """Say in a sentence which other schemes lie below the front, and at what price; "" for none."""
    below = [f"{p.label}{f' ({p.price})' if p.price else ''}" for p in panel.points if p.below]
    if not below:
        return ""
    return f"As fast as a point of the front, and takes as little: {', '.join(below)}."


def _standing(panel: FrontPanel, point: FrontPoint) -> str:
    if point.below:
        return ", below the front"
    return ", on the front" if point.on_front and (point.line or not panel.lines) else ""


def _point(means: RoundMeans, label: str, line: str) -> FrontPoint | None:
    time_s, energy_j = means.time_s.mean, means.energy_j.mean
    if time_s is None or energy_j is None or time_s <= 0.0 or energy_j <= 0.0:
        return None
    halves = means.time_s.half, means.energy_j.half
    return FrontPoint(
        label, line, time_s, energy_j, *halves, False, price="" if line else _price(means)
    )


def _price(means: RoundMeans) -> str:
    """Say what a scheme gives for its seconds and joules that the figure does not show."""
    parts = []
    if any(each.cut == 0 for trial in means.trials for each in device_rounds(trial)):
        parts.append("it sends the raw images")
    server_j = means.server_j.mean
    parts.append(
        "its server's joules are not metered"
        if server_j is None
        else f"its server takes {number(server_j, 3)} J a round on top"
    )
    return "; ".join(parts)


def _marked(points: Sequence[FrontPoint]) -> list[FrontPoint]:
    """Mark the front among the points over alpha, and which others lie below it."""
    chosen = [p for p in points if p.line]
    rivals = chosen or list(points)
    front = [p for p in rivals if not any(_beats(o, p) for o in rivals)]
    return [
        replace(p, on_front=p in front)
        if p in rivals
        else replace(p, on_front=True, below=any(_beats(p, o) for o in front))
        for p in points
    ]


def _beats(other: FrontPoint, point: FrontPoint) -> bool:
    """Say whether a point is at least as good in both, and better in one."""
    return (
        other.time_s <= point.time_s
        and other.energy_j <= point.energy_j
        and (other.time_s < point.time_s or other.energy_j < point.energy_j)
    )
