"""Participants in tables, documents and files; what learning cost."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from benchharness.cli.tables import print_summary
from benchharness.energy.targets import supply_losses
from benchharness.model import CampaignSummary
from benchharness.report.check_records import CheckRow
from benchharness.report.checks import check_rows
from benchharness.report.csv_files import write_csv
from benchharness.report.derive import derive_campaign
from benchharness.report.document import to_document
from benchharness.report.document_read import from_document
from benchharness.report.learning_energy import (
    energy_at,
    learning_points,
    reached,
    sample_costs,
    whole_cost,
)
from benchharness.report.parquet_files import write_parquet
from benchharness.report.participant_means import participant_means
from benchharness.report.participants_table import participants_table
from benchharness.report.several_meters import figures_of, several_meters
from benchharness.store.database import Store
from tests.unit.derive_store import Trial, at, codes, said
from tests.unit.derive_store import derive as derive_alone
from tests.unit.device_store import BOARDS, Federated, campaign, derived
from tests.unit.test_report_schemas import faults

EXACT_J = [6 * (b.train_s * b.busy_w + (20.0 - b.train_s) * b.idle_w) for b in BOARDS]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("federated")
    with campaign(path, [Federated(scale=scale) for scale in (1.0, 1.01, 0.99)]) as opened:
        yield opened


@pytest.fixture(scope="module")
def summary(store: Store) -> CampaignSummary:
    return derive_campaign(store, "last")


def test_means_over_runs_have_intervals(summary: CampaignSummary) -> None:
    main, orin, *_ = participant_means(summary.trials)
    assert (main.whole_j.mean, main.energy_j["round"].mean) == (None, None)
    assert orin.runs == 3
    assert orin.seconds["train"].mean == pytest.approx(18.0)
    assert (orin.busy_s.mean, orin.waiting_s.mean) == pytest.approx((18.0, 102.0))
    assert orin.waiting_j.mean == pytest.approx(102.0 * 8.0, rel=0.02)
    # Scales of 0.99, 1 and 1.01, and one meter with a gain of ±5 % in all of them: Welch and
    # Satterthwaite's degrees of freedom are so many that t is 1.96.
    mean = orin.whole_j.mean
    assert mean is not None
    spread, gain = 0.01 / math.sqrt(3.0), 0.05 / math.sqrt(3.0)
    assert orin.whole_j.half == pytest.approx(1.965 * mean * math.hypot(spread, gain), rel=0.02)
    assert orin.busy_j.mean is not None
    assert orin.waiting_j.mean is not None
    assert orin.busy_j.mean + orin.waiting_j.mean == pytest.approx(mean)


def test_what_a_meter_does_wrong_in_every_run_is_not_averaged_away(tmp_path: Path) -> None:
    """Three runs that hardly differ are no surer than the gain of their one meter lets them be."""
    runs = [Federated(scale=scale) for scale in (0.9995, 1.0, 1.0005)]
    means = participant_means(derived(tmp_path, *runs).trials)[1]
    for found in (means.whole_j, means.per_sample_j, means.busy_j, means.waiting_j):
        assert found.mean is not None
        assert found.half is not None
        assert found.instrument_u is not None
        # 0.05 / √3 x 1.96 is 5.7 %; t over the runs alone would say 0.12 %.
        assert found.half == pytest.approx(0.0566 * found.mean, rel=0.1)
        assert found.half <= 1.02 * found.instrument_u


def test_phases_by_cpu_use_share_their_model_s_error(tmp_path: Path) -> None:
    runs = [Federated(poll_s=30.0, rounds=30, scale=scale) for scale in (0.9999, 1.0, 1.0001)]
    means = participant_means(derived(tmp_path, *runs).trials)[2]
    train = means.energy_j["train"]
    assert train.half is not None
    assert train.instrument_u is not None
    assert train.half == pytest.approx(train.instrument_u, rel=0.1)


def test_of_a_single_run_the_half_width_is_its_u(tmp_path: Path) -> None:
    orin = participant_means(derived(tmp_path, Federated()).trials)[1]
    assert orin.whole_j.interval.high is None
    assert orin.whole_j.half == orin.whole_j.instrument_u


def test_the_terminal_has_a_row_a_participant(summary: CampaignSummary) -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    print_summary(summary, console)
    text = console.export_text()
    assert "participants" in text
    row = next(line for line in text.splitlines() if line.startswith("client-1"))
    assert "Board orin" in row
    assert "18.00" in row
    assert "joules of orin, nano and pi come from emulated meters" in text
    assert "lost" not in text


def test_rows_say_who_was_left_out(tmp_path: Path) -> None:
    out = said("left_out", 70.0, "client-2", text="no answer", step=4)
    table = participants_table(derived(tmp_path, Federated(events=[out])))
    assert table is not None
    place = [column.key for column in table.columns].index("left_out")
    assert [row[place].text for row in table.rows] == ["", "", "1", ""]


def test_a_campaign_of_single_programs_has_no_table(tmp_path: Path) -> None:
    assert participants_table(derive_alone(tmp_path, only=[Trial()])) is None


def test_the_table_of_several_meters_has_no_loss(summary: CampaignSummary) -> None:
    table = several_meters(summary)
    assert table is not None
    names = [row[1].text for row in table.rows]
    assert names[0] == "sum of 3 meters (all devices)"
    assert len(names) == 4
    assert supply_losses(figures_of(summary.trials[0])) == []


def test_checks_of_the_meter_are_of_each_device(summary: CampaignSummary, store: Store) -> None:
    rows: dict[str, list[CheckRow]] = {}
    for row in check_rows(summary, store):
        rows.setdefault(row.name.partition(",")[0], []).append(row)
    assert [r.found for r in rows["Readings in the shortest window"]] == [
        "122"
    ]  # and two outside, of the trapezoid
    assert len(rows["Longest gap between readings"]) == 3
    assert rows["Idle power before"][0].found == "13.0 W, 13.0 W"


def test_the_document_holds_against_its_schema(summary: CampaignSummary) -> None:
    document = to_document(summary)
    assert faults(document) == []
    trial = document["trials"][0]
    assert [p["name"] for p in trial["participants"]] == [
        "main",
        "client-1",
        "client-2",
        "client-3",
    ]
    orin = trial["participants"][1]
    assert (orin["samples"], orin["device"]) == (600.0, "orin")
    assert orin["j_per_sample"] == pytest.approx(EXACT_J[0] / 600.0, rel=0.02)
    assert [p["name"] for p in orin["phases"]] == ["train", "wait"]
    assert trial["series"]["test_accuracy"][2] == {
        "step": 3, "window_s": 60.0, "value": pytest.approx(0.25),
    }  # fmt: skip
    assert trial["several_meters"]["supply_losses"] == []
    assert trial["several_meters"]["total"] is None
    # Read back, as a baseline is.
    assert from_document(json.loads(json.dumps(document))).trials[0].energy is not None


def test_missing_is_null_in_the_document(tmp_path: Path) -> None:
    document = to_document(derived(tmp_path, Federated(metered=["orin"])))
    assert faults(document) == []
    nano = document["trials"][0]["participants"][2]
    assert (nano["energy"], nano["phases"][0]["energy_j"]) == (None, None)
    assert nano["energy_missing"] == "no meter measures device nano"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_csv_has_participants_phases_and_series(summary: CampaignSummary, tmp_path: Path) -> None:
    write_csv(summary, tmp_path)
    rows = list(csv.DictReader(_lines(tmp_path / "participants.csv")))
    assert len(rows) == 12
    assert (rows[0]["device"], rows[0]["energy_gross_j"]) == ("", "")
    assert rows[1]["metric:samples"] == "100.0"
    assert float(rows[1]["energy_gross_j"]) == pytest.approx(EXACT_J[0], rel=0.02)
    phases = list(csv.DictReader(_lines(tmp_path / "phases.csv")))
    assert len(phases) == 3 * 7
    joules = [float(r["energy_j"]) for r in phases[:7] if r["participant"] == "client-1"]
    assert sum(joules) == pytest.approx(float(rows[1]["energy_gross_j"]))
    series = list(csv.DictReader(_lines(tmp_path / "series.csv")))
    assert {r["metric"] for r in series} == {
        "test_accuracy", *(f"client-{n}/samples" for n in (1, 2, 3)),
    }  # fmt: skip


def test_parquet_has_the_same_with_types(summary: CampaignSummary, tmp_path: Path) -> None:
    write_parquet(summary, tmp_path)
    phases = pq.read_table(tmp_path / "phases.parquet")
    types = {field.name: str(field.type) for field in phases.schema}
    assert (types["count"], types["energy_j"], types["phase"]) == ("int64", "double", "string")
    participants = pq.read_table(tmp_path / "participants.parquet")
    assert participants.column("device").to_pylist()[:2] == [None, "orin"]
    series = pq.read_table(tmp_path / "series.parquet")
    assert str(series.schema.field("step").type) == "int64"


def test_a_campaign_of_single_programs_has_no_such_files(tmp_path: Path) -> None:
    written = write_csv(derive_alone(tmp_path, only=[Trial()]), tmp_path / "csv")
    assert {path.name for path in written} == {"trials.csv", "variants.csv", "energy.csv"}


def test_rounds_cost_seconds_and_joules(summary: CampaignSummary, store: Store) -> None:
    trial = summary.trials[0]
    points = learning_points(trial, "test_accuracy", store)
    assert [p.step for p in points] == [1, 2, 3, 4, 5, 6]
    assert points[2].t_s == pytest.approx(60.0)
    assert trial.energy is not None
    total_j = trial.energy.gross_j.value
    assert points[-1].energy_j == pytest.approx(total_j)
    assert points[2].energy_j == pytest.approx(total_j / 2, rel=0.01)
    found = reached(points, 0.249)
    assert found is not None
    assert found.step == 3
    assert reached(points, 0.9) is None
    lowest = reached(points, 0.2, falling=True)
    assert lowest is not None
    assert lowest.step == 1


def test_what_was_told_before_the_window_cost_nothing(tmp_path: Path) -> None:
    before = said("metric", -0.5, name="test_accuracy", value=0.01, step=0)
    with campaign(tmp_path, [Federated(events=[before])]) as store:
        trial = derive_campaign(store, "last").trials[0]
        first = learning_points(trial, "test_accuracy", store)[0]
    assert (first.step, first.t_s, first.energy_j) == (0, 0.0, 0.0)


def test_without_all_devices_rounds_have_no_joules(tmp_path: Path) -> None:
    with campaign(tmp_path, [Federated(metered=["orin", "pi"])]) as store:
        trial = derive_campaign(store, "last").trials[0]
        assert energy_at(trial, [10.0], store) is None
        assert learning_points(trial, "test_accuracy", store)[0].energy_j is None
        assert learning_points(trial, "no_such_metric", store) == []


def test_joules_of_a_sample(summary: CampaignSummary) -> None:
    trial = summary.trials[0]
    costs = sample_costs(trial)
    assert set(costs) == {"client-1", "client-2", "client-3"}
    train_j = [6 * b.train_s * b.busy_w for b in BOARDS]
    for each, of_training, of_all in zip(costs.values(), train_j, EXACT_J, strict=True):
        assert each.train_j == pytest.approx(of_training / 600.0, rel=0.05)
        assert each.all_j == pytest.approx(of_all / 600.0, rel=0.02)
    whole = whole_cost(trial)
    assert whole is not None
    assert whole.samples == 1800.0
    assert whole.all_j == pytest.approx(sum(EXACT_J) / 1800.0, rel=0.02)


def test_samples_of_a_round_done_again_count_as_its_joules_do(tmp_path: Path) -> None:
    """Client 2 trained on 100 samples in each of 6 rounds, and again in the third."""
    again = [said("metric", 61.0, "client-2", name="samples", value=100.0, step=3)]
    (trial,) = derived(tmp_path, Federated(events=again)).trials
    costs = sample_costs(trial)
    assert [costs[f"client-{n}"].samples for n in (1, 2, 3)] == [600.0, 700.0, 600.0]
    (part,) = (p for p in trial.participants if p.name == "client-2")
    assert part.energy is not None
    assert costs["client-2"].all_j == pytest.approx(part.energy.gross_j.value / 700.0)


def test_eight_waiting_programs_are_no_eight_warm_ups(summary: CampaignSummary) -> None:
    assert not any("not-steady" in codes(trial.cautions) for trial in summary.trials)
    assert summary.trials[0].window_start_ns == at(0.0)
