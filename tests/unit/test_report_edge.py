"""The edge table: its figures, its notes, and its way to every format."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchharness.cli.main import main
from benchharness.model import CampaignSummary, SupplyCurrent
from benchharness.report.csv_files import write_csv
from benchharness.report.derive import derive_campaign
from benchharness.report.document import to_document
from benchharness.report.edge_rows import EdgeRow, edge_rows, has_host, side_of
from benchharness.report.edge_table import edge_table, edge_tables
from benchharness.report.latex import render_latex
from benchharness.report.latex_edge import render_latex_edge
from benchharness.report.markdown import render_markdown
from benchharness.report.table import Table, comparison_table
from benchharness.report.table_fit import fit, text_width
from tests.unit.derive_store import META, repeated
from tests.unit.derive_store import campaign as stored
from tests.unit.edge_store import Row, edge_campaign
from tests.unit.report_samples import HOSTILE, sample_campaign


def supply(current_a: float, voltage_v: float | None) -> Mapping[str, Any]:
    """Return the stream of a meter that tells its current: 9 A outside the window."""
    times = (-1.0, 1.0, 10.0, 18.0)
    nothing = float("nan")
    volts = nothing if voltage_v is None else voltage_v
    columns = {"current_a": (9.0, current_a, current_a, current_a), "voltage_v": (volts,) * 4}
    return {"supply:plug-1": (times, columns)}


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> CampaignSummary:
    with edge_campaign(tmp_path_factory.mktemp("edge")) as store:
        return derive_campaign(store, "last")


def row_of(summary: CampaignSummary, label: str) -> EdgeRow:
    return next(row for row in edge_rows(summary) if row.variant.label == label)


def cells(table: Table, label: Mapping[str, str]) -> dict[str, str]:
    """Return the cells by key of the first row that has these."""
    keys = [column.key for column in table.columns]
    rows = [dict(zip(keys, (cell.text for cell in row), strict=True)) for row in table.rows]
    return next(row for row in rows if label.items() <= row.items())


def test_figures_are_means_over_good_runs_in_si(summary: CampaignSummary) -> None:
    row = row_of(summary, "matrix wasmtime aot")
    means = {key: figure.mean for key, figure in row.figures.items()}
    assert means["duration_s"] == pytest.approx(20.0)
    assert means["power_w"] == pytest.approx(7.0)
    assert means["energy_net_j"] == pytest.approx(80.0, rel=1e-3)
    assert means["cpu_percent"] == pytest.approx(75.0, rel=1e-3)
    assert means["cpu_machine_percent"] == pytest.approx(75.0 / 4, rel=1e-3)
    assert means["memory_percent"] == pytest.approx(100 * 1000 / 4e9)
    assert means["host_bytes"] == 30.5e6
    assert means["module_bytes"] == 62_000
    assert means["aot_bytes"] == 129_000
    assert means["load_s"] == pytest.approx(0.1)
    assert means["deserialize_s"] == pytest.approx(0.25)
    assert means["instantiate_s"] == pytest.approx(0.01)
    assert "compile_s" not in means  # missing, and not 0
    assert "current_a" not in means
    assert {figure.n for figure in row.figures.values()} == {4}


def test_power_has_the_interval_between_runs_and_the_meters_share(
    summary: CampaignSummary,
) -> None:
    power = row_of(summary, "matrix wasmtime jit").figures["power_w"]
    # P = 3 + 5 (1 + s), s = ±1 % and ±1/3 %: sd 0.0430 W, t(3) = 3.182; gain 2 % / √3 of 8 W.
    between, gain = 3.182 * 0.0430 / 2, 1.96 * 8.0 * 0.02 / 3**0.5
    assert power.half == pytest.approx((between**2 + gain**2) ** 0.5, rel=0.01)


def test_one_run_has_no_interval_but_the_meters(tmp_path: Path) -> None:
    with edge_campaign(tmp_path, (Row("m", "wasmtime", "jit", 8.0),), repeat=1) as store:
        figures = edge_rows(derive_campaign(store, "last"))[0].figures
    assert figures["duration_s"].half is None
    assert figures["load_s"].half is None
    assert figures["power_w"].half == pytest.approx(1.96 * 8 * 0.02 / 3**0.5, rel=0.02)


def test_like_is_beside_like(summary: CampaignSummary) -> None:
    found = [(r.variant.workload, r.mode, r.runtime) for r in edge_rows(summary)]
    assert found[:8] == [
        ("matrix", "interpreter", "wasmtime"),
        ("matrix", "jit", "wasmer"),
        ("matrix", "jit", "wasmtime"),
        ("matrix", "jit-singlepass", "wasmer"),
        ("matrix", "aot", "wasmer"),
        ("matrix", "aot", "wasmtime"),
        ("matrix", None, "native"),
        ("matrix", None, "numpy"),
    ]


def test_the_table_has_units_dashes_and_headings(summary: CampaignSummary) -> None:
    table = edge_table(summary)
    assert table is not None
    assert table.sections == ((0, "matrix"), (8, "gpio-http"))
    units = {column.key: column.unit for column in table.columns}
    assert units["host_bytes"] == "MB"
    assert units["module_bytes"] == "kB"
    assert units["cpu_machine_percent"] == "% all"
    aot = cells(table, {"runtime": "wasmtime", "mode": "aot"})
    assert aot["host_bytes"] == "30.5"
    assert aot["aot_bytes"] == "129"
    assert aot["compile_s"] == "–"
    assert aot["deserialize_s"] == "250.0"
    assert aot["duration_s"] == "20.00 ± 0.27"
    native = cells(table, {"runtime": "native"})
    assert native["mode"] == native["host_bytes"] == native["load_s"] == "–"


def test_the_terminal_has_two_parts_that_fit(summary: CampaignSummary) -> None:
    run, sizes = (fit(table, 80) for table in edge_tables(summary))
    assert text_width(run) <= 80
    assert text_width(sizes) <= 80
    keys = {column.key for column in run.columns}
    assert {"runtime", "mode", "cpu_percent", "memory_percent", "power_w", "energy_net_j"} <= keys
    assert {"host_bytes", "module_bytes", "aot_bytes", "compile_s", "load_s"} <= {
        column.key for column in sizes.columns
    }


def test_notes_say_what_host_is_and_what_is_outside_the_window(summary: CampaignSummary) -> None:
    table = edge_table(summary)
    assert table is not None
    notes = " ".join(table.notes)
    assert "host: the files that loading the runtime maps into memory" in notes
    assert "load, compile, deserialize, instantiate: before the window" in notes
    assert "no current: no meter told one" in notes
    assert "supply_voltage_v" in notes


def test_a_share_of_cpu_that_a_short_window_does_not_have_is_explained(
    summary: CampaignSummary,
) -> None:
    first, *others = summary.variants
    without = {name: m for name, m in first.metrics.items() if name != "cpu_percent"}
    short = replace(summary, variants=(replace(first, metrics=without), *others))
    said = "CPU –: a window too short for two samples of CPU time; a larger input has them"
    for campaign, there in ((short, True), (summary, False)):
        table = edge_table(campaign)
        assert table is not None
        assert (said in table.notes) is there


def test_a_size_has_one_unit_in_every_table() -> None:
    summary = sample_campaign()
    edge, main = edge_table(summary), comparison_table(summary)
    assert edge is not None
    sizes = []
    for table in (edge, main):
        (place,) = [p for p, c in enumerate(table.columns) if c.key == "module_bytes"]
        assert table.columns[place].unit == "kB"
        sizes.append({row[place].text for row in table.rows})
    assert sizes[0] == sizes[1]
    assert "41.2" in sizes[0]
    assert r"\kilo\byte" in render_latex(summary)


def test_a_plugs_current_is_of_the_mains_side_and_only_of_the_window(tmp_path: Path) -> None:
    rows = (Row("m", "wasmtime", "jit", 8.0, supply(0.0617, 230.0)),)
    with edge_campaign(tmp_path, rows) as store:
        table = edge_table(derive_campaign(store, "last"))
    assert table is not None
    assert next(c.unit for c in table.columns if c.key == "current_a") == "mA, mains"
    assert cells(table, {"runtime": "wasmtime"})["current_a"].startswith("61.7")
    assert "mA × 230 V is not the power" in " ".join(table.notes)


def test_a_rails_current_is_of_the_boards_side(tmp_path: Path) -> None:
    rows = (Row("m", "wasmtime", "jit", 8.0, supply(1.6, 5.02)),)
    with edge_campaign(tmp_path, rows) as store:
        table = edge_table(derive_campaign(store, "last"))
    assert table is not None
    assert next(c.unit for c in table.columns if c.key == "current_a") == "mA, 5 V"
    assert cells(table, {"runtime": "wasmtime"})["current_a"].startswith("1600")


def test_a_stated_voltage_gives_a_computed_current(tmp_path: Path) -> None:
    rows = (Row("m", "wasmtime", "jit", 8.0, meta={**META, "supply_voltage_v": 5.0}),)
    with edge_campaign(tmp_path, rows) as store:
        found = derive_campaign(store, "last")
    assert found.trials[0].supply is not None
    assert found.trials[0].supply.computed
    assert row_of(found, "m wasmtime jit").figures["current_a"].mean == pytest.approx(1.6)
    table = edge_table(found)
    assert table is not None
    assert "mA, 5 V, computed" in [column.unit for column in table.columns]
    assert "no current was read" in " ".join(table.notes)


def test_a_current_whose_side_is_not_told_is_a_plugs() -> None:
    assert side_of(SupplyCurrent(0.06, None, "plug")) == "mains"
    assert side_of(SupplyCurrent(0.06, 231.0, "plug")) == "mains"
    assert side_of(SupplyCurrent(1.6, 12.1, "rail")) == "12 V"


def test_currents_of_two_sides_have_no_mean(tmp_path: Path) -> None:
    rows = (Row("m", "wasmtime", "jit", 8.0, supply(0.06, 230.0)),)
    with edge_campaign(tmp_path, rows, repeat=2) as store:
        found = derive_campaign(store, "last")
    other = replace(found.trials[0], supply=SupplyCurrent(1.6, 5.0, "rail"))
    mixed = replace(found, trials=(other, found.trials[1]))
    assert edge_rows(mixed)[0].get("current_a") is None


def test_other_campaigns_have_the_table_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with stored(tmp_path, {"a": repeated(8.0, 2), "b": repeated(6.0, 2)}) as store:
        found = derive_campaign(store, "last")
    assert not has_host(found)
    assert to_document(found)["edge"] == []
    results = str(tmp_path / "results.db")
    assert main(["show", "last", "--results", results]) == 0
    assert "on the edge device" not in capsys.readouterr().err
    assert main(["show", "last", "--edge", "--results", results]) == 0
    assert "on the edge device: the run" in capsys.readouterr().err


def test_a_campaign_without_runtimes_has_labels() -> None:
    found = sample_campaign()
    plain = replace(found, variants=tuple(replace(v, factors={}) for v in found.variants))
    table = edge_table(plain)
    assert table is not None
    assert table.columns[0].key == "variant"
    assert edge_table(replace(found, variants=(), trials=())) is None


def test_markdown_csv_and_json_have_it(summary: CampaignSummary, tmp_path: Path) -> None:
    assert "#### On the edge device: sizes and start" in render_markdown(summary)
    edge = to_document(summary)["edge"]
    assert edge[0]["runtime"] == "wasmtime"
    assert edge[0]["host_bytes"] == {"n": 4, "mean": 30.5e6, "half": None}
    assert edge[6]["host_bytes"] is None
    assert tmp_path / "edge.csv" in write_csv(summary, tmp_path)
    rows = list(csv.DictReader((tmp_path / "edge.csv").read_text().splitlines()))
    assert rows[0]["host_bytes:mean"] == "30500000.0"
    assert rows[6]["host_bytes:mean"] == ""
    assert len(rows) == 11


def test_latex_escapes_and_has_two_tables(summary: CampaignSummary) -> None:
    text = render_latex_edge(replace(summary, title=HOSTILE))
    assert text.count(r"\begin{tabular}") == 2
    assert r"\si{\mega\byte}" in text
    assert r"{\si{\percent} of a core}" in text
    assert "20.00 & 0.27" in text
    assert "<script>" not in text
