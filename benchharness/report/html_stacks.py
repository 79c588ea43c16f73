"""Where the time and the joules went: stacked bars whose lengths are per cent of the longest."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchharness.model import CampaignSummary, Status, VariantSummary
from benchharness.report.metrics import class_suffix, headline_key, ranked
from benchharness.report.phases import phase_roles, phase_seconds
from benchharness.report.text import Unit, column_unit, number, plain

REST = "rest of the window"
OTHERS = "other phases"
FLOOR = "idle floor"
ABOVE = "above idle"
_MOST_PARTS = 5
_VISIBLE = 0.002  # of the longest bar: less is not named in the key


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a bar; ``role`` names its colour."""

    name: str
    role: str
    start: float
    width: float
    text: str
    crossed: bool = False  # the ± of the total goes through where the text would stand


@dataclass(frozen=True, slots=True)
class StackRow:
    """One variant's bar: its parts in order, and the total."""

    label: str
    segments: tuple[Segment, ...]
    total: str
    before: str = ""  # what stands left of the mark, outside the total
    mark: float | None = None  # where the total begins, per cent
    whisker: tuple[float, float] | None = None  # the ± of the total, from and to in per cent
    second: str = ""  # the total in the other unit


@dataclass(frozen=True, slots=True)
class Stack:
    """Stacked bars of one quantity, with the key to their colours."""

    title: str
    unit: str
    legend: tuple[tuple[str, str], ...]  # name, role
    rows: tuple[StackRow, ...]
    note: str = ""  # which variants have no bar
    longest: float = 0.0  # the longest bar in the unit: 100 per cent
    second: str = ""  # the other unit of the totals, which have a column for it
    shares: bool = False  # each bar has a scale of its own


def time_stack(summary: CampaignSummary, most: int = 40) -> Stack | None:
    """Return the mean seconds by phase; None where no workload marked a phase.

    Phases before the window (compiling) stand left of its mark, and are not in its time.
    """
    roles = phase_roles(summary)
    if not roles:
        return None
    bars = []
    for variant in ranked(summary, headline_key(summary))[:most]:
        good = [
            t
            for t in summary.trials_of(variant.index)
            if t.status is Status.OK and t.duration_s is not None
        ]
        if not good:
            continue
        phases = [phase_seconds(t) for t in good]
        before = _means([p.outside_s for p in phases], list(roles))
        inside = _means([p.inside_s for p in phases], list(roles))
        window_s = statistics.fmean(t.duration_s for t in good if t.duration_s is not None)
        rest_s = window_s - sum(inside.values())
        if rest_s > 0.005 * window_s:
            inside[REST] = rest_s
        bars.append(_Bar(variant, before, inside))
    return _stack("Time", bars, {**roles, REST: "floor"}, "s", "")


def _means(totals: Sequence[Mapping[str, float]], names: Sequence[str]) -> dict[str, float]:
    """Return the mean of each name over all, the longest few; the others together."""
    means = {name: statistics.fmean(t.get(name, 0.0) for t in totals) for name in names}
    longest = sorted(means, key=lambda name: -means[name])[:_MOST_PARTS]
    kept = {name: means[name] for name in names if name in longest and means[name] > 0.0}
    others = sum(means.values()) - sum(kept.values())
    return {**kept, OTHERS: others} if others > 0.005 * sum(means.values()) else kept


def energy_stack(summary: CampaignSummary, most: int = 40) -> Stack | None:
    """Return the joules of the idle floor and above it; None without net energy."""
    bars, without = [], 0
    for variant in ranked(summary, headline_key(summary))[:most]:  # as in the forest
        gross, net = variant.metrics.get("energy_gross_j"), variant.metrics.get("energy_net_j")
        if gross is None or net is None or gross.mean is None or net.mean is None:
            without += 1
            continue
        above = max(0.0, min(net.mean, gross.mean))
        bars.append(_Bar(variant, {}, {FLOOR: gross.mean - above, ABOVE: above}))
    roles = {FLOOR: "floor", ABOVE: "lower"}
    found = _stack("Energy", bars, roles, "J", class_suffix(summary))
    if found is None or not without:
        return found
    who = "1 variant has" if without == 1 else f"{without} variants have"
    note = f"{who} no bar here: without net energy the floor is not known."
    return replace(found, note=note)


@dataclass(frozen=True, slots=True)
class _Bar:
    variant: VariantSummary
    before: Mapping[str, float]  # left of the mark, not in the total
    parts: Mapping[str, float]

    @property
    def before_total(self) -> float:
        return sum(self.before.values())

    @property
    def total(self) -> float:
        return sum(self.parts.values())


def _stack(
    title: str, bars: Sequence[_Bar], roles: Mapping[str, str], base: str, suffix: str
) -> Stack | None:
    longest = max((b.before_total + b.total for b in bars), default=0.0)
    if longest <= 0:
        return None
    unit = column_unit([b.total for b in bars], base)
    used = {
        name
        for b in bars
        for name, value in (*b.before.items(), *b.parts.items())
        if value > _VISIBLE * longest
    }
    marked = any(b.before for b in bars)
    return Stack(
        title=title,
        unit=unit.symbol + suffix,
        longest=longest / unit.factor,
        legend=tuple(
            (plain(name, 60), role)
            for name, role in {**roles, OTHERS: "floor"}.items()
            if name in used
        ),
        rows=tuple(
            StackRow(
                label=plain(b.variant.label, 80),
                segments=(
                    *_segments(b.before, roles, longest, unit, 0.0),
                    *_segments(b.parts, roles, longest, unit, 100 * b.before_total / longest),
                ),
                total=number(b.total / unit.factor, 3),
                before=number(b.before_total / unit.factor, 3) if b.before else "",
                mark=round(100 * b.before_total / longest, 3) if marked else None,
            )
            for b in bars
        ),
    )


def _segments(
    means: Mapping[str, float], roles: Mapping[str, str], longest: float, unit: Unit, start: float
) -> tuple[Segment, ...]:
    segments = []
    for name, value in means.items():
        width = 100 * value / longest
        segments.append(
            Segment(
                name=plain(name, 60),
                role=roles.get(name, "floor"),
                start=round(start, 3),
                width=round(width, 3),
                text=number(value / unit.factor, 3),
            )
        )
        start += width
    return tuple(segments)
