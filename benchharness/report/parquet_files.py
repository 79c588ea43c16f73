"""Parquet for data frames: trials, variants, and every observation; needs the extra ``parquet``.

``trials``, ``variants``, ``participants``, ``phases`` and ``series`` have the columns of the CSV
files, with types that do not depend on the values. ``observations.parquet`` is long: a row a value,
null where it is missing. One stream is in memory at a time, however long the campaign was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, TrialSummary
from benchharness.report.document import SCHEMA_VERSION
from benchharness.report.flat_participants import (
    has_participants,
    has_series,
    participant_rows,
    phase_rows,
    series_rows,
)
from benchharness.report.flat_rows import readable, trial_rows, variant_rows
from benchharness.report.timeline import SeriesReader, StreamLike

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_A_GROUP = 131_072
_WHOLE = re.compile(
    r"(trial_id|index|variant|repetition|trials|ok|energy_marked|.*_ns|module_bytes|memory_.*_bytes"
    r"|.*:n|count|step|restarts)"
)
_TEXT = frozenset(
    {
        *("label", "workload", "status", "reason", "energy_class", "energy_method"),
        *("energy_meter", "energy_target", "energy_missing", "outputs", "metrics", "cautions"),
        *("kind", "participant", "role", "device", "device_title", "phase", "left", "metric"),
        "left_out_steps",
    }
)
_TEXT_ENDS = (":verdict",)


def write_parquet(
    summary: CampaignSummary, folder: Path, reader: SeriesReader | None = None
) -> list[Path]:
    """Write trials.parquet and variants.parquet, and with ``reader`` observations.parquet.

    Runs of several programs have participants.parquet and phases.parquet, metrics by step
    series.parquet.

    Returns the files. Raises UsageError without pyarrow, and when the folder cannot be written.
    """
    require_pyarrow()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [
            _write_rows(summary, trial_rows(summary), folder / "trials.parquet"),
            _write_rows(summary, variant_rows(summary), folder / "variants.parquet"),
        ]
        if has_participants(summary):
            rows = participant_rows(summary)
            written.append(_write_rows(summary, rows, folder / "participants.parquet"))
            written.append(_write_rows(summary, phase_rows(summary), folder / "phases.parquet"))
        if has_series(summary):
            written.append(_write_rows(summary, series_rows(summary), folder / "series.parquet"))
        if reader is not None:
            written.append(_write_observations(summary, reader, folder / "observations.parquet"))
    except OSError as error:
        raise UsageError(
            f"cannot write Parquet: {error.strerror or error}",
            where=str(folder),
            remedy="choose another folder",
        ) from error
    return written


def require_pyarrow() -> None:
    """Raise UsageError where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed",
            remedy="pip install pyarrow",
        ) from error


def _write_rows(summary: CampaignSummary, rows: Iterator[list[object]], path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [str(name) for name in next(rows)]
    columns = list(zip(*rows, strict=True)) or [() for _ in names]
    arrays = [_array(name, values) for name, values in zip(names, columns, strict=True)]
    schema = pa.schema(
        [(name, array.type) for name, array in zip(names, arrays, strict=True)],
        metadata=_about(summary),
    )
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)
    return path


def _array(name: str, values: Sequence[object]) -> pa.Array[Any]:
    import pyarrow as pa

    if name.startswith("factor:"):
        return _levels(values)
    if name in _TEXT or name.endswith(_TEXT_ENDS):
        texts = [None if value in (None, "") else str(readable(value)) for value in values]
        return pa.array(texts, pa.string())
    if _WHOLE.fullmatch(name):
        return pa.array([_whole(value) for value in values], pa.int64())
    return pa.array(values, pa.float64())


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))


def _levels(values: Sequence[object]) -> pa.Array[Any]:
    """Return the levels of a factor: numbers or truth values where all are, else texts."""
    import pyarrow as pa

    present = [value for value in values if value is not None]
    kinds: tuple[tuple[Callable[[object], bool], pa.DataType], ...] = (
        (lambda v: isinstance(v, bool), pa.bool_()),
        (lambda v: type(v) is int and abs(v) < 2**63, pa.int64()),
        (lambda v: type(v) in (int, float), pa.float64()),
    )
    for fits, kind in kinds:
        if present and all(fits(value) for value in present):
            return pa.array(values, kind)
    return pa.array([None if v is None else str(readable(v)) for v in values], pa.string())


def _write_observations(summary: CampaignSummary, reader: SeriesReader, path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    word = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [
            ("trial", pa.int32()),
            *((name, word) for name in ("source", "stream", "channel", "unit")),
            ("t_ns", pa.int64()),
            ("window_s", pa.float64()),
            ("value", pa.float64()),
        ],
        metadata=_about(summary),
    )
    waiting: list[pa.RecordBatch] = []
    rows = 0
    with pq.ParquetWriter(path, schema) as writer:
        for batch in _batches(summary, reader, schema):
            waiting.append(batch)
            rows += batch.num_rows
            if rows >= ROWS_A_GROUP:
                writer.write_table(_joined(waiting, schema), row_group_size=ROWS_A_GROUP)
                waiting, rows = [], 0
        if waiting:
            writer.write_table(_joined(waiting, schema), row_group_size=ROWS_A_GROUP)
    return path


def _joined(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_batches(batches, schema).unify_dictionaries()


def _batches(
    summary: CampaignSummary, reader: SeriesReader, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield the values of one channel after the other, ``ROWS_A_GROUP`` of them at most."""
    for trial in sorted(summary.trials, key=lambda t: t.index):
        for stream in reader.streams(trial.trial_id):
            yield from _stream(trial, stream, reader, schema)


def _stream(
    trial: TrialSummary, stream: StreamLike, reader: SeriesReader, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    import numpy as np
    import pyarrow as pa

    times_ns, columns = reader.read_stream(stream.stream_id)
    units = {channel.name: channel.unit for channel in stream.channels}
    for channel, values in columns.items():
        words = (stream.source, stream.name, channel, units.get(channel, ""))
        for start in range(0, len(times_ns), ROWS_A_GROUP):
            part = slice(start, start + ROWS_A_GROUP)
            t_ns, value = times_ns[part], values[part]
            arrays = [
                pa.array(np.full(len(t_ns), trial.index, np.int32)),
                *(_repeated(word, len(t_ns)) for word in words),
                pa.array(t_ns),
                _window_s(t_ns, trial.window_start_ns),
                pa.array(value, mask=~np.isfinite(value)),
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _window_s(t_ns: Any, zero_ns: int | None) -> pa.Array[Any]:
    """Return float64[n] seconds from the start of the window, nulls where there was none."""
    import pyarrow as pa

    if zero_ns is None:
        return pa.nulls(len(t_ns), pa.float64())
    return pa.array((t_ns - zero_ns) / 1e9)


def _repeated(word: str, count: int) -> pa.DictionaryArray[Any]:
    import numpy as np
    import pyarrow as pa

    safe = word.encode("utf-8", "replace").decode("utf-8")
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(count, np.int32)), pa.array([safe], pa.string())
    )


def _about(summary: CampaignSummary) -> dict[str, str]:
    return {
        "benchharness.schema_version": str(SCHEMA_VERSION),
        "benchharness.campaign": summary.campaign_id,
    }
