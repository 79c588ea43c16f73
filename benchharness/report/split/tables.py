"""The table of schemes, and that of what was predicted of them: a row a variant."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary
from benchharness.report.accuracy_error import chance_of
from benchharness.report.learning_energy import LearningPoint
from benchharness.report.learning_table import VariantLearned, learned, levels
from benchharness.report.metrics import CLASS_NOTES, class_suffix, energy_classes
from benchharness.report.participant_means import Means
from benchharness.report.participants_shown import time_unit
from benchharness.report.split.means import RoundMeans, round_means
from benchharness.report.split.prediction import (
    JOULES,
    SECONDS,
    Errors,
    errors,
    pairs,
    round_pairs,
)
from benchharness.report.split.rounds import is_split, predicts_waiting
from benchharness.report.split.schemes import schemes
from benchharness.report.table import Cell, Column, Table
from benchharness.report.text import DASH, MEGABYTE, Unit, column_unit, number, plain, scaled_pm
from benchharness.report.timeline import SeriesReader
from benchharness.stats.interval import mean_interval

MOST_VARIANTS = 30
_MOST_LEVELS = 3
_Spec = tuple[Column, Callable[["_Row"], Cell]]


@dataclass(frozen=True, slots=True)
class _Row:
    means: RoundMeans
    learned: VariantLearned | None
    round_s: Errors | None
    device_s: Errors | None
    device_j: Errors | None
    untold_j: int  # predictions of joules that nothing was measured for


def split_tables(summary: CampaignSummary, reader: SeriesReader | None) -> list[Table]:
    """Return the tables; none for a campaign in which no network was split.

    ``reader`` gives the joules to an accuracy.
    """
    if not is_split(summary):
        return []
    found = {each.variant.index: each for each in round_means(summary)}
    order = [scheme.variant.index for scheme in schemes([m.variant for m in found.values()])]
    by_label = {each.label: each for each in learned(summary, reader)}
    rows = [_row(found[index], by_label) for index in order]
    shown, left = rows[:MOST_VARIANTS], len(rows) - MOST_VARIANTS
    if not shown:
        return []
    wanted = _levels(summary, list(by_label.values()))
    tables = (_schemes(summary, shown, wanted, left), _predictions(summary, shown, left))
    return [table for table in tables if len(table.columns) > 1]


def _row(means: RoundMeans, by_label: Mapping[str, VariantLearned]) -> _Row:
    joules, untold = pairs(means.trials, JOULES)
    return _Row(
        means,
        by_label.get(plain(means.variant.label, 60)),
        errors(round_pairs(means.trials)),
        errors(*pairs(means.trials, SECONDS)),
        errors(joules, untold),
        untold,
    )


def _levels(summary: CampaignSummary, variants: Sequence[VariantLearned]) -> list[float]:
    """Return the highest accuracies of the table of learning that none had before the training."""
    found = levels(variants, chance_of(summary.trials))
    learnt = [lv for lv in found if all(p.step > 0 for v in variants for p in v.at(lv))]
    return learnt[-_MOST_LEVELS:]


def _schemes(
    summary: CampaignSummary, rows: Sequence[_Row], wanted: Sequence[float], left: int
) -> Table:
    suffix = class_suffix(summary)
    seconds = column_unit([row.means.time_s.mean for row in rows], "s")
    joules = column_unit([row.means.energy_j.mean for row in rows], "J")
    server = column_unit([row.means.server_j.mean for row in rows], "J")
    specs: list[_Spec] = [
        (Column("variant", "variant", left=True, importance=100), _label),
        (Column("runs", "runs", importance=55), lambda r: Cell(str(len(r.means.trials)))),
        (Column("rounds", "rounds", importance=52), _rounds),
        (
            Column("time", "time", f"{seconds.symbol} a round", importance=90),
            lambda r: _means(r.means.time_s, seconds),
        ),
        (
            Column("energy", "devices' energy", f"{joules.symbol} a round{suffix}", importance=95),
            lambda r: _means(r.means.energy_j, joules),
        ),
        (
            Column("server", "server's energy", f"{server.symbol} a round{suffix}", importance=60),
            lambda r: _means(r.means.server_j, server),
        ),
        *_to_levels(rows, wanted, suffix),
        (
            Column("up", "sent up", f"{MEGABYTE.symbol} a round", importance=66),
            lambda r: _means(r.means.up_bytes, MEGABYTE),
        ),
        (
            Column("down", "sent down", f"{MEGABYTE.symbol} a round", importance=65),
            lambda r: _means(r.means.down_bytes, MEGABYTE),
        ),
    ]
    return _table("split learning by scheme", specs, rows, _scheme_notes(summary, rows, left))


def _to_levels(rows: Sequence[_Row], wanted: Sequence[float], suffix: str) -> list[_Spec]:
    reached = [p for r in rows if r.learned for level in wanted for p in r.learned.at(level)]
    seconds = time_unit(max((p.t_s for p in reached), default=0.0))
    joules = column_unit([p.energy_j for p in reached], "J")
    specs: list[_Spec] = []
    for place, level in enumerate(wanted):
        head, importance = f"to {100 * level:g}\u00a0%", 70 + place
        specs += [
            (
                Column(f"time_{place}", head, seconds.symbol, importance=importance),
                _at(level, lambda p: p.t_s, seconds),
            ),
            (
                Column(f"energy_{place}", head, joules.symbol + suffix, importance=importance + 5),
                _at(level, lambda p: p.energy_j, joules),
            ),
        ]
    return specs


def _at(
    level: float, value: Callable[[LearningPoint], float | None], unit: Unit
) -> Callable[[_Row], Cell]:
    """Return what makes the mean over the runs that had an accuracy; all of them must have."""

    def make(row: _Row) -> Cell:
        if row.learned is None:
            return Cell(DASH, "muted")
        points = row.learned.at(level)
        known = [found for point in points if (found := value(point)) is not None]
        if not known or len(known) < len(points):
            return Cell(DASH, "muted")
        shared = row.learned.shared if unit.symbol.endswith("J") else 0.0
        means = Means(mean_interval(known), shared_u=shared * abs(statistics.fmean(known)))
        some = len(points) < len(row.learned.runs)
        return Cell(scaled_pm(means.mean, means.half, unit), "caution" if some else "")

    return make


def _predictions(summary: CampaignSummary, rows: Sequence[_Row], left: int) -> Table:
    suffix = class_suffix(summary)
    specs: list[_Spec] = [
        (Column("variant", "variant", left=True, importance=100), _label),
        *_error_columns("round", "round's time", lambda r: r.round_s, 90, ""),
        *_error_columns("device", "device's time", lambda r: r.device_s, 80, ""),
        *_error_columns("joules", "device's energy", lambda r: r.device_j, 85, suffix),
        (
            Column("u", "U of measured energy", f"%, median{suffix}", importance=70),
            lambda r: _percent(None if r.device_j is None else r.device_j.u),
        ),
        (Column("told", "energy told", "of predictions", importance=60), _told),
    ]
    return _table("error of the predictions", specs, rows, _error_notes(rows, left))


def _error_columns(
    key: str, title: str, of: Callable[[_Row], Errors | None], importance: int, suffix: str
) -> list[_Spec]:
    def value(which: str) -> Callable[[_Row], Cell]:
        def make(row: _Row) -> Cell:
            found = of(row)
            return _percent(None if found is None else getattr(found, which))

        return make

    return [
        (Column(f"{key}_median", title, f"%, median{suffix}", importance=importance),
         value("median")),
        (Column(f"{key}_largest", title, f"%, largest{suffix}", importance=importance - 3),
         value("largest")),
    ]  # fmt: skip


def _table(caption: str, specs: list[_Spec], rows: Sequence[_Row], notes: Sequence[str]) -> Table:
    """Return the table without the columns that hold nothing."""
    made = [(column, [make(row) for row in rows]) for column, make in specs]
    kept = [(c, cells) for c, cells in made if any(cell.text not in ("", DASH) for cell in cells)]
    columns = tuple(column for column, _ in kept)
    return Table(
        caption, columns, tuple(zip(*(cells for _, cells in kept), strict=True)), tuple(notes)
    )


def _label(row: _Row) -> Cell:
    return Cell(plain(row.means.variant.label, 60))


def _means(means: Means, unit: Unit) -> Cell:
    if means.mean is None:
        return Cell(DASH, "muted")
    return Cell(scaled_pm(means.mean, means.half, unit))


def _rounds(row: _Row) -> Cell:
    """Return the rounds of all runs; those without joules of all devices are a caution."""
    rounds, untold = row.means.rounds, row.means.untold
    if untold and row.means.energy_j.mean is not None:
        return Cell(f"{rounds - untold} of {rounds}", "caution")
    return Cell(str(rounds))


def _told(row: _Row) -> Cell:
    count = 0 if row.device_j is None else row.device_j.count
    if not count + row.untold_j:
        return Cell(DASH, "muted")
    return Cell(f"{count} of {count + row.untold_j}", "caution" if row.untold_j else "")


def _percent(share: float | None) -> Cell:
    return Cell(DASH, "muted") if share is None else Cell(number(100.0 * share, 2))


def _scheme_notes(summary: CampaignSummary, rows: Sequence[_Row], left: int) -> list[str]:
    notes = [
        "a round: the part that the devices take in it, without the server's averaging and test; "
        "±: 95 % over the runs, of joules with what their meters share; of a single run in "
        "proportion to U of its window"
    ]
    if any(row.means.energy_j.mean is not None for row in rows):
        notes.append(
            "devices' energy: everything that all devices used in a round, waiting too; where "
            "readings are too few for single rounds, that of the window less idle power between "
            "the rounds"
        )
        notes += [f"joules are {CLASS_NOTES[each]}" for each in energy_classes(summary)]
    if any(row.means.untold and row.means.energy_j.mean is not None for row in rows):
        notes.append("rounds a of b: in the others too few readings tell the joules of a device")
    return notes + ([f"{left} more variants are left out"] if left > 0 else [])


def _error_notes(rows: Sequence[_Row], left: int) -> list[str]:
    notes = ["error: predicted less measured by measured, its size, over all rounds of all devices"]
    if any(row.device_j is not None for row in rows):
        trials = [trial for row in rows for trial in row.means.trials]
        waiting = {predicts_waiting(trial) for trial in trials}
        if waiting != {True}:
            notes.append(
                "energy is predicted without waiting: idle power for the seconds of waiting is "
                "taken off what was measured"
                + ("" if waiting == {False} else ", but where the prediction has it")
            )
    return notes + ([f"{left} more variants are left out"] if left > 0 else [])
