"""CSV for other programs: one row a trial, one row a variant, and the observations on request.

Numbers are in SI units with all their digits; an empty cell is a missing value. A text that a
spreadsheet would take for a formula has an apostrophe before it; Parquet and JSON have none.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchharness.errors import UsageError
from benchharness.model import (
    CampaignSummary,
    TrialSummary,
)
from benchharness.report.csv_energy import energy_rows
from benchharness.report.edge_rows import edge_csv, has_host
from benchharness.report.flat_participants import (
    has_participants,
    has_series,
    participant_rows,
    phase_rows,
    series_rows,
)
from benchharness.report.flat_rows import readable, trial_rows, variant_rows
from benchharness.report.split.flat import split_rows
from benchharness.report.split.rounds import is_split
from benchharness.report.timeline import SeriesReader

if TYPE_CHECKING:
    from benchharness.store.database import Store

_ROWS_AT_ONCE = 10_000
# What begins like a formula, and is "=" or calls, links or refers to something.
_FORMULA = re.compile(r"[\t\r\n ]*(=|[-+@](?=.*[(|!]))", re.DOTALL)


def write_csv(
    summary: CampaignSummary, folder: Path, reader: SeriesReader | None = None
) -> list[Path]:
    """Write trials.csv and variants.csv, and what there is of several more.

    edge.csv, energy.csv; participants.csv and phases.csv where runs had several programs;
    series.csv where they told metrics by step; split_rounds.csv where they split a network. The
    observations go under observations/, if ``reader`` is given.

    Returns the files; raises UsageError when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [
            _write(folder / "trials.csv", trial_rows(summary)),
            _write(folder / "variants.csv", variant_rows(summary)),
        ]
        if has_host(summary):
            written.append(_write(folder / "edge.csv", _edge_rows(summary)))
        if any(trial.energy or trial.other_energy for trial in summary.trials):
            written.append(_write(folder / "energy.csv", energy_rows(summary)))
        if has_participants(summary):
            written.append(_write(folder / "participants.csv", participant_rows(summary)))
            written.append(_write(folder / "phases.csv", phase_rows(summary)))
        if has_series(summary):
            written.append(_write(folder / "series.csv", series_rows(summary)))
        if is_split(summary):
            written.append(_write(folder / "split_rounds.csv", split_rows(summary)))
        if reader is not None:
            written += _write_observations(summary, folder / "observations", reader)
    except OSError as error:
        raise UsageError(
            f"cannot write CSV: {error.strerror}", where=str(folder), remedy="choose another folder"
        ) from error
    return written


def write_events(summary: CampaignSummary, folder: Path, store: Store) -> Path:
    """Write events.csv: stages, phases, metrics, outputs and what happened to the meters.

    Raises UsageError when the folder cannot be written.
    """
    try:
        return _write(folder / "events.csv", _event_rows(summary, store))
    except OSError as error:
        raise UsageError(
            f"cannot write CSV: {error.strerror}", where=str(folder), remedy="choose another folder"
        ) from error


def _edge_rows(summary: CampaignSummary) -> Iterator[list[object]]:
    for row in edge_csv(summary):
        yield [readable(cell) for cell in row]


def _event_rows(summary: CampaignSummary, store: Store) -> Iterator[Sequence[object]]:
    names = ("t_ns", "participant", "kind", "edge", "name", "value", "text", "unit", "step")
    yield ("index", *names)
    for trial in sorted(summary.trials, key=lambda t: t.index):
        for event in store.events(trial.trial_id):
            yield (trial.index, *(readable(getattr(event, name)) for name in names))


def _write(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        safe = ([_inert(cell) for cell in row] for row in rows)
        csv.writer(file, lineterminator="\n").writerows(safe)
    return path


def _inert(cell: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would compute; ``-O3`` stays as it is."""
    if isinstance(cell, str) and _FORMULA.match(cell):
        return f"'{cell}"
    return cell


def _write_observations(summary: CampaignSummary, folder: Path, reader: SeriesReader) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for trial in sorted(summary.trials, key=lambda t: t.index):
        for stream in reader.streams(trial.trial_id):
            name = f"run{trial.index + 1:04d}-{stream.source}-{_file_word(stream.name)}.csv"
            written.append(_write(folder / name, _stream_rows(trial, reader, stream.stream_id)))
    return written


def _stream_rows(
    trial: TrialSummary, reader: SeriesReader, stream_id: int
) -> Iterator[Sequence[object]]:
    """Yield t_ns, seconds from the start of the window, then the channels; NaN is left empty."""
    times_ns, columns = reader.read_stream(stream_id)
    yield ["t_ns", "window_s", *columns]
    zero_ns = trial.window_start_ns
    for start in range(0, len(times_ns), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        times = times_ns[part].tolist()
        windows = [None if zero_ns is None else (t - zero_ns) / 1e9 for t in times]
        values = [_finite(column[part].tolist()) for column in columns.values()]
        yield from zip(times, windows, *values, strict=True)


def _finite(values: Sequence[float]) -> list[float | None]:
    return [v if math.isfinite(v) else None for v in values]


def _file_word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:60].strip(".-") or "stream"
