from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchharness.errors import UsageError
from benchharness.model import FactorValue, Status
from benchharness.report import parquet_files
from benchharness.report.parquet_files import write_parquet
from tests.unit.report_samples import HOSTILE, KINDS, SampleStore, assembled, sample_campaign


def test_trials_keep_their_digits_and_their_types(tmp_path: Path) -> None:
    summary = sample_campaign(repeat=2)
    names = [path.name for path in write_parquet(summary, tmp_path)]
    assert names == ["trials.parquet", "variants.parquet"]
    table = pq.read_table(tmp_path / "trials.parquet")
    assert table.schema.metadata[b"benchharness.campaign"] == b"7f3c19e0"
    assert table.column("duration_s").to_pylist() == [t.duration_s for t in summary.trials]
    kinds = {name: str(table.schema.field(name).type) for name in table.schema.names}
    assert kinds["window_start_ns"] == kinds["memory_peak_bytes"] == kinds["factor:n"] == "int64"
    assert kinds["duration_s"] == kinds["phase:run_s"] == kinds["energy_net_j"] == "double"
    assert kinds["label"] == kinds["factor:runtime"] == kinds["reason"] == "string"


def test_types_do_not_depend_on_what_is_missing(tmp_path: Path) -> None:
    full = sample_campaign(repeat=2)
    write_parquet(full, tmp_path / "full")
    empty = [
        replace(t, status=Status.FAILED, duration_s=None, energy=None, memory_peak_bytes=None)
        for t in full.trials
    ]
    write_parquet(assembled(empty), tmp_path / "empty")
    before, after = (
        pq.read_schema(tmp_path / name / "trials.parquet") for name in ("full", "empty")
    )
    for name in after.names:
        assert before.field(name).type == after.field(name).type, name
    missing = pq.read_table(tmp_path / "empty" / "trials.parquet").column("duration_s")
    assert missing.null_count == len(empty)


def test_variants_agree_with_the_summary(tmp_path: Path) -> None:
    summary = sample_campaign()
    write_parquet(summary, tmp_path)
    found = pq.read_table(tmp_path / "variants.parquet").to_pylist()
    for row, variant in zip(found, summary.variants, strict=True):
        assert row["energy_net_j:mean"] == variant.metrics["energy_net_j"].mean
        assert row["energy_net_j:n"] == 5
        standing = variant.metrics["energy_net_j"].standing
        assert standing is not None
        assert row["energy_net_j:verdict"] == standing.word.value
        assert row["energy_net_j:ratio_high"] == standing.high


def test_observations_are_all_there_in_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "ROWS_A_GROUP", 500)
    summary = sample_campaign(repeat=1)
    store = SampleStore(summary)
    path = write_parquet(summary, tmp_path, store)[-1]
    assert path.name == "observations.parquet"
    file = pq.ParquetFile(path)
    groups = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    assert len(groups) > 3
    assert max(groups) <= 500
    frame = file.read().to_pandas()
    trial = summary.trials[1]
    chosen = frame[(frame["trial"] == 1) & (frame["channel"] == "power_w")]
    times, columns = store.read_stream(10 * trial.trial_id)
    assert chosen["t_ns"].tolist() == times.tolist()
    assert chosen["value"].tolist() == columns["power_w"].tolist()
    assert set(chosen["unit"]) == {"W"}
    assert trial.window_start_ns is not None
    seconds = (times - trial.window_start_ns) / 1e9
    assert np.array_equal(chosen["window_s"], seconds)
    memory = frame[(frame["trial"] == 1) & (frame["channel"] == "memory_bytes")]
    assert memory["value"].isna().any()
    assert not math.isnan(memory["value"].max())


def test_foreign_text_and_mixed_levels_survive(tmp_path: Path) -> None:
    trials = list(sample_campaign(repeat=1).trials)
    levels: list[FactorValue] = [True, 7, 2.5, f"{HOSTILE}\ud800"]
    trials = [
        replace(t, factors={"x": level}, reason=f"=1+1 {HOSTILE}")
        for t, level in zip(trials, levels, strict=True)
    ]
    kinds = [replace(kind, label=HOSTILE) for kind in KINDS]
    write_parquet(assembled(trials, kinds), tmp_path)
    rows = pq.read_table(tmp_path / "trials.parquet").to_pylist()
    assert [row["factor:x"] for row in rows] == ["True", "7", "2.5", f"{HOSTILE}?"]
    assert rows[0]["reason"] == f"=1+1 {HOSTILE}"


def test_an_empty_campaign_gives_empty_tables(tmp_path: Path) -> None:
    summary = assembled([], kinds=[])
    for path in write_parquet(summary, tmp_path, SampleStore(summary)):
        assert pq.read_table(path).num_rows == 0


def test_without_pyarrow_one_line_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "pyarrow.parquet", raising=False)
    with pytest.raises(UsageError, match=r"pip install pyarrow"):
        write_parquet(sample_campaign(repeat=1), tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file: cannot write Parquet"):
        write_parquet(sample_campaign(repeat=1), tmp_path / "file")
