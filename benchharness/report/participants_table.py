"""The participants of each variant as a table: where they ran, how long they worked and waited."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchharness.model import CampaignSummary, Status
from benchharness.report.metrics import CLASS_NOTES, headline_key, ranked
from benchharness.report.participant_means import Means, ParticipantMeans, participant_means
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, Unit, column_unit, number, plain, scaled_pm

MOST_ROWS = 24  # of one variant: more are in the JSON document and the CSV files
_Row = tuple[Cell, ...]
_NOTHING = frozenset({"", DASH})


def participants_table(summary: CampaignSummary, most_variants: int = 6) -> Table | None:
    """Return a row for each participant under its variant; None where no run had several."""
    found: list[tuple[str, list[ParticipantMeans]]] = []
    for variant in ranked(summary, headline_key(summary)):
        means = [m for m in participant_means(summary.trials_of(variant.index)) if _is_shown(m)]
        if means:
            found.append((plain(variant.label, 60), means))
    if not found:
        return None
    shown = found[:most_variants]
    every = [means for _, each in shown for means in each]
    specs = _specs(every)
    rows: list[_Row] = []
    sections = []
    for label, each in shown:
        if len(shown) > 1:
            sections.append((len(rows), label))
        rows += [tuple(make(means) for _, make in specs) for means in each[:MOST_ROWS]]
    kept = [n for n in range(len(specs)) if any(row[n].text not in _NOTHING for row in rows)]
    return Table(
        "participants",
        tuple(specs[n][0] for n in kept),
        tuple(tuple(row[n] for n in kept) for row in rows),
        tuple(_notes(summary, found, shown)),
        sections=tuple(sections),
    )


def _is_shown(means: ParticipantMeans) -> bool:
    """Say whether it is one to compare: on a device, or with phases, or with joules."""
    return means.first.device is not None or bool(means.seconds) or means.whole_j.mean is not None


_Make = Callable[[ParticipantMeans], Cell]


def _specs(every: Sequence[ParticipantMeans]) -> list[tuple[Column, _Make]]:
    seconds = column_unit([m.mean for p in every for m in (p.busy_s, p.waiting_s)], "s")
    joules = column_unit([p.whole_j.mean for p in every], "J")
    sample = column_unit([p.per_sample_j.mean for p in every], "J")
    memory = column_unit([p.memory_peak_bytes for p in every], "B")
    return [
        (
            Column("name", "participant", left=True, importance=100),
            lambda p: Cell(plain(p.name, 30)),
        ),
        (Column("device", "device", left=True, importance=90), _device),
        (Column("cores", "CPU", "cores", importance=40), lambda p: Cell(number(p.first.cores, 2))),
        (Column("busy_s", "busy", seconds.symbol, importance=85), _pm("busy_s", seconds)),
        (Column("waiting_s", "waiting", seconds.symbol, importance=84), _pm("waiting_s", seconds)),
        (Column("energy", "energy", joules.symbol, importance=95), _pm("whole_j", joules)),
        (Column("busy_j", "busy", joules.symbol, importance=82), _pm("busy_j", joules)),
        (Column("waiting_j", "waiting", joules.symbol, importance=81), _pm("waiting_j", joules)),
        (Column("sample", "a sample", sample.symbol, importance=70), _pm("per_sample_j", sample)),
        (
            Column("memory", "peak RAM", memory.symbol, importance=50),
            lambda p: Cell(
                number(None if p.memory_peak_bytes is None else p.memory_peak_bytes / memory.factor)
            ),
        ),
        (Column("left_out", "left out", "rounds", importance=75), _left_out),
    ]


def _device(means: ParticipantMeans) -> Cell:
    return Cell(plain(means.first.device_title or means.first.device or "", 30))


def _left_out(means: ParticipantMeans) -> Cell:
    return Cell(str(means.left_out), "caution") if means.left_out else Cell("")


def _pm(name: str, unit: Unit) -> _Make:
    def make(means: ParticipantMeans) -> Cell:
        found: Means = getattr(means, name)
        return Cell(scaled_pm(found.mean, found.half, unit))

    return make


def _notes(
    summary: CampaignSummary,
    found: Sequence[tuple[str, list[ParticipantMeans]]],
    shown: Sequence[tuple[str, list[ParticipantMeans]]],
) -> list[str]:
    notes = [
        "±: U (95 %) over the runs of a variant, with what a meter does wrong in all of them alike"
    ]
    good = [t for t in summary.trials if t.status is Status.OK]
    each = [p.energy for t in good for p in t.participants if p.energy is not None]
    notes += [
        f"joules are {CLASS_NOTES[c]}" for c in dict.fromkeys(f.measurement_class for f in each)
    ]
    missing = dict.fromkeys(
        p.energy_missing
        for t in good
        for p in t.participants
        if p.device is not None and p.energy_missing
    )
    notes += [plain(reason, 200) for reason in list(missing)[:2]]
    if any(len(means) > MOST_ROWS for _, means in shown):
        notes.append(f"the first {MOST_ROWS} participants of a variant; --json has all")
    if len(found) > len(shown):
        notes.append(f"the first {len(shown)} of {len(found)} variants; --json has all")
    return notes
