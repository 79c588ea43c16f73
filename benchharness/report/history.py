"""The same variant in one campaign after the other: its means over time, and where they change.

Campaigns are put together if they ran the same workload with the same levels on the same machine;
of joules the meter, its target and their class are the same too. Whatever is left out is named.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchharness.model import MeasurementClass
from benchharness.report.comparison_guard import changed, commit_of
from benchharness.report.derive_variants import (
    ENERGY_METRICS,
    GROSS,
    NET,
    VariantTrials,
    net_is_known,
)
from benchharness.report.derive_verdict import ENERGY
from benchharness.report.text import plain
from benchharness.stats.against_level import FEWEST as FEWEST_OF_LEVEL
from benchharness.stats.against_level import against_level
from benchharness.stats.change_points import FALSE_ALARMS, ChangePoint, change_points
from benchharness.stats.interval import mean_interval
from benchharness.stats.ratio import Ratio
from benchharness.stats.simultaneous import joint_level

FEWEST_POINTS = 6  # as stats.change_points: three on either side


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored campaign with the trials of its variants."""

    campaign_id: str
    created_utc: str
    title: str
    environment: Mapping[str, Any]
    variants: tuple[VariantTrials, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """What is not in the history, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Point:
    """The mean of one campaign with its 95 % interval, None for one run; ``sd`` between runs."""

    campaign_id: str
    created_utc: str
    commit: str | None
    n: int
    mean: float
    low: float | None
    high: float | None
    u: float | None  # standard uncertainty of the mean


@dataclass(frozen=True, slots=True)
class Changed:
    """What of the machine is another one from the point ``index`` on, in words."""

    index: int
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One variant over time. ``last`` is its last point against the level before it."""

    label: str
    machine: str
    instrument: str  # meter and target of joules, "" for other metrics
    energy_class: MeasurementClass | None
    metric: str
    points: tuple[Point, ...]
    changes: tuple[ChangePoint, ...]
    environment: tuple[Changed, ...]
    last: Ratio | None

    @property
    def level(self) -> float:
        """Return the mean of the newest level."""
        start = self.changes[-1].index if self.changes else 0
        means = [point.mean for point in self.points[start:]]
        return sum(means) / len(means)

    def near(self, change: ChangePoint) -> tuple[str, ...]:
        """Return what of the machine changed with a step, or one campaign before or after it."""
        return tuple(
            what
            for each in self.environment
            if abs(each.index - change.index) <= 1
            for what in each.what
        )


@dataclass(frozen=True, slots=True)
class History:
    """Every series, those with most campaigns first, and what is left out."""

    metric: str
    series: tuple[Series, ...]
    skipped: tuple[Skipped, ...]
    campaigns: int


_Key = tuple[str, ...]


def build_history(
    entries: Iterable[Entry], metric: str, skipped: Sequence[Skipped] = (), last: int | None = None
) -> History:
    """Put campaigns together; ``metric`` is a key or "energy", ``last`` the newest points kept.

    Energy is net where every campaign of a series knows it, else gross. All series together are
    marked without a change, or their last campaign said to be out of level, as seldom as one is.
    """
    left_out = list(skipped)
    found: dict[_Key, list[tuple[Entry, VariantTrials]]] = {}
    campaigns = 0
    for entry in sorted(entries, key=lambda each: (each.created_utc, each.campaign_id)):
        used = False
        for variant in entry.variants:
            reason = _missing(variant, metric)
            if reason is not None:
                what = f"{entry.campaign_id} {plain(variant.label, 60)}"
                left_out.append(Skipped(what, reason))
                continue
            used = True
            found.setdefault(_key(entry, variant, metric), []).append((entry, variant))
        campaigns += used
    newest = [members if last is None else members[-last:] for members in found.values()]
    looks = _Looks.at([len(members) for members in newest])
    series = [_series(members, metric, looks) for members in newest]
    series.sort(key=lambda each: -len(each.points))
    return History(metric, tuple(series), tuple(left_out), campaigns)


def is_energy(metric: str) -> bool:
    """Say whether a metric needs joules."""
    return metric == ENERGY or metric in ENERGY_METRICS


def _missing(variant: VariantTrials, metric: str) -> str | None:
    """Return why a campaign has no value of the metric."""
    if not variant.good:
        return "no good run"
    if variant.values(GROSS if metric == ENERGY else metric):
        return None
    if not is_energy(metric):
        return "no value of this metric"
    if len(variant.classes) > 1:
        return "joules of different classes"
    why = next((t.energy_missing for t in variant.good if t.energy_missing), None)
    return f"no joules{f': {plain(why, 120)}' if why else ''}"


def _key(entry: Entry, variant: VariantTrials, metric: str) -> _Key:
    names = variant.factors if variant.applies is None else variant.applies
    levels = sorted(f"{n}={variant.factors[n]}" for n in names if n in variant.factors)
    joules: list[str] = []
    if is_energy(metric) and variant.figures:
        meters = " and ".join(sorted(variant.meters))
        targets = " and ".join(sorted({figure.target for figure in variant.figures}))
        cls = variant.energy_class
        joules = [meters, targets, cls.value if cls else ""]
    machine = str(entry.environment.get("machine") or "")
    label = "" if levels else variant.label
    return (variant.workload, label, *levels, "\0", machine, *joules)


@dataclass(frozen=True, slots=True)
class _Looks:
    """What is left of the error for each series, where several are looked at (Bonferroni)."""

    false_alarms: float
    confidence: float

    @classmethod
    def at(cls, lengths: Sequence[int]) -> _Looks:
        stepping = sum(length >= FEWEST_POINTS for length in lengths)
        judged = sum(length > FEWEST_OF_LEVEL for length in lengths)
        return cls(FALSE_ALARMS / max(1, stepping), joint_level(judged))


def _series(members: Sequence[tuple[Entry, VariantTrials]], metric: str, looks: _Looks) -> Series:
    chosen = _metric(members, metric)
    points = tuple(_point(entry, variant.values(chosen)) for entry, variant in members)
    means = [point.mean for point in points]
    changes = change_points(means, _pooled(points), looks.false_alarms)
    start = changes[-1].index if changes else 0
    newest, variant = members[-1]
    figure = variant.figures[-1] if is_energy(metric) and variant.figures else None
    environment = newest.environment
    board = environment.get("board") or environment.get("cpu") or "a machine"
    return Series(
        label=plain(variant.label, 60),
        machine=plain(board, 60),
        instrument=f"{plain(figure.meter, 40)}, {plain(figure.target, 40)}" if figure else "",
        energy_class=figure.measurement_class if figure else None,
        metric=chosen,
        points=points,
        changes=tuple(changes),
        environment=tuple(_changed([entry for entry, _ in members])),
        last=against_level(means[-1], means[start:-1], looks.confidence),
    )


def _metric(members: Sequence[tuple[Entry, VariantTrials]], metric: str) -> str:
    if metric != ENERGY:
        return metric
    known = all(v.values(NET) and net_is_known(v.figures) for _, v in members)
    return NET if known else GROSS


def _point(entry: Entry, values: Sequence[float]) -> Point:
    found = mean_interval(values)
    assert found.mean is not None
    variance = found.variance_of_mean
    commit = commit_of(entry.environment)
    return Point(
        entry.campaign_id,
        entry.created_utc,
        plain(commit, 40) if commit else None,
        found.n,
        found.mean,
        found.low,
        found.high,
        None if variance is None else variance**0.5,
    )


def _pooled(points: Sequence[Point]) -> list[float | None]:
    """Return the standard uncertainty of each mean from the spread of all campaigns and its runs.

    The spread that a campaign of five runs finds is off by a third: weights made of it would mark
    steps in one of seven histories without any.
    """
    known = [(point.n - 1, point.u * point.u * point.n) for point in points if point.u is not None]
    total = sum(nu for nu, _ in known)
    if total == 0:
        return [None] * len(points)
    variance = sum(nu * each for nu, each in known) / total
    return [math.sqrt(variance / point.n) for point in points]


def _changed(entries: Sequence[Entry]) -> list[Changed]:
    found = []
    for index, (before, after) in enumerate(itertools.pairwise(entries), start=1):
        what = changed(before.environment, after.environment)
        if what:
            found.append(Changed(index, tuple(what)))
    return found
