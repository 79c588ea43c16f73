"""Where each participant's joules and seconds went, by kind of phase: bars of a mean run."""

from __future__ import annotations

import statistics
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import ParticipantSummary, TrialSummary
from benchharness.report.html_stacks import Segment, Stack, StackRow
from benchharness.report.participants_shown import time_unit, watt_hour_unit
from benchharness.report.phase_kinds import OTHER, PhaseKinds, clients
from benchharness.report.text import Unit, column_unit, number, plain
from benchharness.units import JOULES_PER_WATT_HOUR

MOST_ROWS = 24
_FAR = 8.0  # from this largest over smallest total on, bars have no common scale
SHARES = "The totals are far apart: each bar has a scale of its own and shows shares."
_LEAST_REST = 0.002  # of a total: what is less is rounding
_DIGIT = 2.4  # per cent of a bar's width, about
_VISIBLE = 0.005  # of the longest bar: less is not named in the key


@dataclass(frozen=True, slots=True)
class PartsRow:
    """One bar: joules or seconds by kind, their total with its half-width, what stands below."""

    label: str
    parts: Mapping[str, float]
    total: float
    half: float | None = None
    unknown: bool = False  # the total could not be divided


def energy_rows(
    trials: Sequence[TrialSummary], kinds: PhaseKinds, only: Container[str] | None = None
) -> list[PartsRow]:
    """Return the joules of each participant by kind, means over the trials that have them.

    ``only`` names those that are wanted, None for all. The ± is that of one run: what a meter does
    wrong, it does in every run.
    """
    rows = []
    for name, each in _by_name(trials, only).items():
        metered = [p for p in each if p.energy is not None]
        figures = [p.energy.gross_j for p in metered if p.energy is not None]
        if not figures:
            continue
        total = statistics.fmean(f.value for f in figures)
        halves = [f.expanded_u for f in figures if f.expanded_u is not None]
        divided = [_joules(p, kinds) for p in metered]
        known = [d for d in divided if d]
        parts = _means(known, kinds) if known else {}
        rows.append(
            PartsRow(
                label_of(name, each[0]),
                _with_rest(parts, total),
                total,
                statistics.fmean(halves) if halves else None,
                unknown=not known,
            )
        )
    return rows


def time_rows(
    trials: Sequence[TrialSummary], kinds: PhaseKinds, only: Container[str] | None = None
) -> list[PartsRow]:
    """Return the seconds of each participant by kind, means over trials, with the window's rest.

    ``only`` names those that are wanted, None for all.
    """
    rows = []
    for name, each in _by_name(trials, only).items():
        windows = [
            t.duration_s
            for t in trials
            if t.duration_s is not None and any(p.name == name for p in t.participants)
        ]
        divided = [_seconds(p, kinds) for p in each if p.phases]
        if not divided or not windows:
            continue
        total = statistics.fmean(windows)
        rows.append(
            PartsRow(label_of(name, each[0]), _with_rest(_means(divided, kinds), total), total)
        )
    return rows


def summed(label: str, rows: Sequence[PartsRow], half: float | None = None) -> PartsRow:
    """Return all participants of a variant as one bar."""
    parts: dict[str, float] = {}
    for row in rows:
        for kind, value in row.parts.items():
            parts[kind] = parts.get(kind, 0.0) + value
    return PartsRow(
        label,
        parts,
        sum(row.total for row in rows),
        half,
        unknown=all(row.unknown for row in rows),
    )


def mean_of(label: str, rows: Sequence[PartsRow]) -> PartsRow:
    """Return the mean of all participants of a variant as one bar."""
    whole, count = summed(label, rows), len(rows)
    parts = {kind: value / count for kind, value in whole.parts.items()}
    return PartsRow(label, parts, whole.total / count, unknown=whole.unknown)


def parts_stack(title: str, rows: Sequence[PartsRow], kinds: PhaseKinds, base: str) -> Stack | None:
    """Return the bars of rows, the longest with all of the width.

    Joules have their watt-hours beside them; long times are in minutes or hours. Where totals are
    too far apart for one scale, each bar has all of the width: its parts are shares.
    """
    longest = max((row.total + (row.half or 0.0) for row in rows), default=0.0)
    if longest <= 0:
        return None
    totals = [row.total for row in rows]
    shares = max(totals) > _FAR * min(totals)
    unit = time_unit(max(totals)) if base == "s" else column_unit(totals, base)
    second = watt_hour_unit(totals) if base == "J" else None
    full = {row.label: _full(row) if shares else longest for row in rows}
    used = {k for row in rows for k, v in row.parts.items() if v > _VISIBLE * full[row.label]}
    return Stack(
        title=title,
        unit=unit.symbol,
        longest=100.0 if shares else longest / unit.factor,
        legend=tuple((plain(k, 60), role) for k, role in kinds.roles.items() if k in used),
        rows=tuple(_row(row, kinds, unit, full[row.label], second) for row in rows),
        second=second.symbol if second else "",
        note=SHARES if shares else "",
        shares=shares,
    )


def _full(row: PartsRow) -> float:
    """Return what takes all of the width where a bar has a scale of its own."""
    return max(row.total + (row.half or 0.0), 1e-12)


def label_of(name: str, participant: ParticipantSummary) -> str:
    """Name a participant by its device, where it has one."""
    return plain(participant.device or name, 40)


def _row(
    row: PartsRow, kinds: PhaseKinds, unit: Unit, longest: float, second: Unit | None
) -> StackRow:
    half = row.half or 0.0
    whisker = (
        (round(100 * (row.total - half) / longest, 3), round(100 * (row.total + half) / longest, 3))
        if half
        else None
    )
    segments, start = [], 0.0
    for kind in kinds.roles:
        value = row.parts.get(kind, 0.0)
        if value <= 0.0:
            continue
        width, text = 100 * value / longest, number(value / unit.factor, 3)
        segments.append(
            Segment(
                plain("not divided" if row.unknown else kind, 60),
                kinds.roles[kind],
                round(start, 3),
                round(width, 3),
                text,
                crossed=_crossed(start + width / 2, text, whisker),
            )
        )
        start += width
    return StackRow(
        label=row.label,
        segments=tuple(segments),
        total=number(row.total / unit.factor, 3),
        second=number(row.total / JOULES_PER_WATT_HOUR / second.factor, 3) if second else "",
        whisker=whisker,
    )


def _crossed(middle: float, text: str, whisker: tuple[float, float] | None) -> bool:
    """Say whether the ± goes through a text in the middle of a part, all in per cent."""
    if whisker is None:
        return False
    reach = _DIGIT * (len(text) + 1) / 2
    return whisker[0] < middle + reach and middle - reach < whisker[1]


def _by_name(
    trials: Iterable[TrialSummary], only: Container[str] | None
) -> dict[str, list[ParticipantSummary]]:
    found: dict[str, list[ParticipantSummary]] = {}
    for trial in trials:
        for participant in clients(trial):
            if only is None or participant.name in only:
                found.setdefault(participant.name, []).append(participant)
    return found


def _joules(participant: ParticipantSummary, kinds: PhaseKinds) -> dict[str, float]:
    """Return joules by kind; nothing where any phase has none, since the rest would be wrong."""
    parts: dict[str, float] = {}
    for use in participant.phases:
        if use.energy_j is None:
            return {}
        kind = kinds.of(use.name)
        parts[kind] = parts.get(kind, 0.0) + use.energy_j.value
    return parts


def _seconds(participant: ParticipantSummary, kinds: PhaseKinds) -> dict[str, float]:
    parts: dict[str, float] = {}
    for use in participant.phases:
        kind = kinds.of(use.name)
        parts[kind] = parts.get(kind, 0.0) + use.duration_s
    return parts


def _means(divided: Sequence[Mapping[str, float]], kinds: PhaseKinds) -> dict[str, float]:
    return {
        kind: statistics.fmean(parts.get(kind, 0.0) for parts in divided)
        for kind in kinds.roles
        if any(kind in parts for parts in divided)
    }


def _with_rest(parts: Mapping[str, float], total: float) -> dict[str, float]:
    """Add what no phase had to the rest of a total."""
    rest = total - sum(parts.values())
    if rest <= _LEAST_REST * total:
        return dict(parts)
    return {**parts, OTHER: parts.get(OTHER, 0.0) + rest}
