"""Where the time and the joules went: stacked bars whose lengths are per cent of the longest."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, Status, VariantSummary
from benchharness.report.metrics import class_suffix, headline_key, ranked
from benchharness.report.text import Unit, column_unit, number, plain

REST = "rest of the window"
FLOOR = "idle floor"
ABOVE = "above idle"
_MOST_PARTS = 5


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a bar; ``role`` names its colour."""

    name: str
    role: str
    start: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class StackRow:
    """One variant's bar: its parts in order, and the total."""

    label: str
    segments: tuple[Segment, ...]
    total: str


@dataclass(frozen=True, slots=True)
class Stack:
    """Stacked bars of one quantity, with the key to their colours."""

    title: str
    unit: str
    legend: tuple[tuple[str, str], ...]  # name, role
    rows: tuple[StackRow, ...]


def phase_names(summary: CampaignSummary) -> list[str]:
    """Return the workload's phases in the order in which they first happen."""
    starts: dict[str, list[int]] = {}
    for trial in summary.trials:
        zero_ns = trial.window_start_ns or 0
        firsts: dict[str, int] = {}
        for span in trial.spans:
            if span.source != "harness" and span.name in trial.phases_s:
                start = span.start_ns - zero_ns
                firsts[span.name] = min(firsts.get(span.name, start), start)
        for name in trial.phases_s:
            starts.setdefault(name, []).append(firsts.get(name, 0))
    return sorted(starts, key=lambda name: statistics.fmean(starts[name]))


def phase_roles(names: Sequence[str]) -> dict[str, str]:
    """Give each phase the name of a colour: start-up work its own, the others in turn."""
    roles: dict[str, str] = {}
    others = 0
    for name in names:
        if any(word in name.lower() for word in _STARTUP_WORDS):
            roles[name] = "startup"
        else:
            roles[name] = _OTHER_ROLES[others % len(_OTHER_ROLES)]
            others += 1
    return roles


_STARTUP_WORDS = ("compile", "load", "setup", "start", "init", "warm", "import")
_OTHER_ROLES = ("lower", "io", "higher", "muted")


def time_stack(summary: CampaignSummary, most: int = 40) -> Stack | None:
    """Return the mean seconds by phase; None where no workload marked a phase."""
    names = phase_names(summary)
    if not names:
        return None
    roles = phase_roles(names)
    shown = names
    parts: list[tuple[VariantSummary, dict[str, float]]] = []
    if len(names) > _MOST_PARTS:
        totals = {n: sum(t.phases_s.get(n, 0.0) for t in summary.trials) for n in names}
        largest = sorted(names, key=lambda n: -totals[n])[:_MOST_PARTS]
        shown = [n for n in names if n in largest]
    for variant in ranked(summary, headline_key(summary))[:most]:
        good = [
            t
            for t in summary.trials
            if t.variant == variant.index and t.status is Status.OK and t.duration_s is not None
        ]
        if not good:
            continue
        means = {n: statistics.fmean(t.phases_s.get(n, 0.0) for t in good) for n in shown}
        window = statistics.fmean(t.duration_s for t in good if t.duration_s is not None)
        rest = window - sum(means.values())
        if rest > 0.005 * window:
            means[REST] = rest
        parts.append((variant, means))
    return _stack("Time", parts, {**roles, REST: "floor"}, "s", "")


def energy_stack(summary: CampaignSummary, most: int = 40) -> Stack | None:
    """Return the joules of the idle floor and above it; None without net energy."""
    parts = []
    for variant in ranked(summary, "energy_net_j")[:most]:
        gross, net = variant.metrics.get("energy_gross_j"), variant.metrics.get("energy_net_j")
        if gross is None or net is None or gross.mean is None or net.mean is None:
            continue
        above = max(0.0, min(net.mean, gross.mean))
        parts.append((variant, {FLOOR: gross.mean - above, ABOVE: above}))
    roles = {FLOOR: "floor", ABOVE: "lower"}
    return _stack("Energy", parts, roles, "J", class_suffix(summary))


def _stack(
    title: str,
    parts: Sequence[tuple[VariantSummary, Mapping[str, float]]],
    roles: Mapping[str, str],
    base: str,
    suffix: str,
) -> Stack | None:
    if not parts:
        return None
    longest = max(sum(p.values()) for _, p in parts)
    if longest <= 0:
        return None
    unit = column_unit([sum(p.values()) for _, p in parts], base)
    used = dict.fromkeys(name for _, p in parts for name in p)
    return Stack(
        title=title,
        unit=unit.symbol + suffix,
        legend=tuple((plain(name, 60), roles.get(name, "floor")) for name in used),
        rows=tuple(
            StackRow(
                label=plain(variant.label, 80),
                segments=_segments(means, roles, longest, unit),
                total=number(sum(means.values()) / unit.factor, 3),
            )
            for variant, means in parts
        ),
    )


def _segments(
    means: Mapping[str, float], roles: Mapping[str, str], longest: float, unit: Unit
) -> tuple[Segment, ...]:
    segments = []
    start = 0.0
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
