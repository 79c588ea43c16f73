from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.model import Status
from benchharness.report.csv_files import write_csv
from tests.unit.report_samples import HOSTILE, SampleStore, assembled, sample_campaign


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_trials_keep_all_their_digits(tmp_path: Path) -> None:
    summary = sample_campaign(repeat=2)
    write_csv(summary, tmp_path)
    found = rows(tmp_path / "trials.csv")
    assert [int(r["index"]) for r in found] == list(range(8))
    for row, trial in zip(found, summary.trials, strict=True):
        assert trial.energy is not None
        assert trial.energy.net_j is not None
        assert float(row["duration_s"]) == trial.duration_s
        assert float(row["energy_net_j"]) == trial.energy.net_j.value
        assert row["energy_class"] == "measured"
        assert row["factor:n"] == "2000"
        assert float(row["phase:run_s"]) == trial.phases_s["run"]
        assert json.loads(row["outputs"]) == {"checksum": "a3f1"}


def test_missing_is_empty_and_text_survives(tmp_path: Path) -> None:
    trials = list(sample_campaign(repeat=1).trials)
    reason = f'two\nlines, a "quote" {HOSTILE}\ud800'
    trials[0] = replace(
        trials[0],
        status=Status.FAILED,
        reason=reason,
        energy=None,
        energy_missing="offline",
        duration_s=None,
    )
    write_csv(assembled(trials), tmp_path)
    row = rows(tmp_path / "trials.csv")[0]
    assert row["reason"] == reason.replace("\ud800", "?")
    assert row["duration_s"] == row["energy_net_j"] == row["energy_class"] == ""
    assert row["energy_missing"] == "offline"


def test_variants_have_every_statistic(tmp_path: Path) -> None:
    summary = sample_campaign()
    write_csv(summary, tmp_path)
    found = {r["label"]: r for r in rows(tmp_path / "variants.csv")}
    for variant in summary.variants:
        metric = variant.metrics["energy_net_j"]
        row = found[variant.label]
        assert float(row["energy_net_j:mean"]) == metric.mean
        assert float(row["energy_net_j:high"]) == metric.high
        assert (row["energy_net_j:ratio_low"] == "") == (metric.ratio_low is None)


def test_observations_are_one_file_a_stream(tmp_path: Path) -> None:
    summary = sample_campaign(repeat=1)
    store = SampleStore(summary)
    written = write_csv(summary, tmp_path, store)
    names = [p.name for p in written]
    assert len(written) == 3 + 2 * 4
    assert "run0001-meter-plug-1.csv" in names
    found = rows(tmp_path / "observations" / "run0001-probe-tree-main.csv")
    times, columns = store.read_stream(11)
    assert [int(r["t_ns"]) for r in found] == times.tolist()
    start_ns = summary.trials[0].window_start_ns
    assert start_ns is not None
    assert float(found[3]["window_s"]) == pytest.approx((times[3] - start_ns) / 1e9)
    assert [r["memory_bytes"] == "" for r in found] == [
        math.isnan(v) for v in columns["memory_bytes"]
    ]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot write CSV: .*; choose another folder"):
        write_csv(sample_campaign(repeat=1), tmp_path / "file")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-O3", "-O3"),
        ("+5 V", "+5 V"),
        ("a=b", "a=b"),
    ],
)
def test_no_cell_is_a_formula(tmp_path: Path, text: str, cell: str) -> None:
    trials = [replace(t, reason=text) for t in sample_campaign(repeat=1).trials]
    write_csv(assembled(trials), tmp_path)
    assert rows(tmp_path / "trials.csv")[0]["reason"] == cell
    assert float(rows(tmp_path / "trials.csv")[0]["duration_s"]) > 0
