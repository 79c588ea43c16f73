"""What programs say of themselves: the third part of the edge table, in every format."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.model import CampaignSummary
from benchharness.report.csv_files import write_csv
from benchharness.report.derive import derive_campaign
from benchharness.report.document import to_document
from benchharness.report.edge_rows import edge_rows
from benchharness.report.edge_table import edge_tables
from benchharness.report.html import render_html
from benchharness.report.latex_edge import render_latex_edge
from benchharness.report.markdown import render_markdown
from benchharness.report.table_fit import fit, text_width
from tests.unit.edge_store import Row, edge_campaign
from tests.unit.report_samples import HOSTILE

ROWS = (
    Row("matrix", "wasmtime", "jit", 8.0, said={"gflops": 7.8, "peak_gflops": 58.0}),
    Row("matrix", "wasmer", "jit", 8.4, said={"gflops": 0.79, "peak_gflops": 58.0}),
    Row("matrix", "wasmer", "aot", 7.0),
    Row("matrix", "numpy", None, 5.0, said={"gflops": 2.9, "threads": 2, "peak_gflops": 116.0}),
    Row(
        "nn",
        "wasmtime",
        "jit",
        8.0,
        said={
            "preprocess_s": 0.0007,
            "first_inference_s": 0.0054,
            "inference_s": 0.0045,
            "inference_min_s": 0.0044,
            "nn_bytes": 68e6,
        },
    ),
)


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> CampaignSummary:
    with edge_campaign(tmp_path_factory.mktemp("said"), ROWS, repeat=2) as store:
        return derive_campaign(store, "last")


def test_each_workload_has_a_table_with_columns_of_its_own(summary: CampaignSummary) -> None:
    matrix, nn = edge_tables(summary)[2:]
    assert matrix.caption == "what the program says: matrix"
    assert [(c.title, c.unit) for c in matrix.columns[2:]] == [
        ("speed", "GFLOP/s"),
        ("of peak", "%"),
        ("peak", "GFLOP/s"),
        ("threads", ""),
    ]
    rows = [[cell.text for cell in row] for row in matrix.rows]
    assert rows == [
        ["wasmer", "jit", "0.7900", "1.36", "58.00", "–"],
        ["wasmtime", "jit", "7.800", "13.4", "58.00", "–"],
        ["numpy", "–", "2.900", "2.50", "116.0", "2"],
    ]
    # One unit for all seconds; sizes of files stand elsewhere.
    assert [c.title for c in nn.columns[2:]] == [
        "preprocess",
        "first inference",
        "inference",
        "inference min",
    ]
    assert {c.unit for c in nn.columns[2:]} == {"ms"}
    assert [cell.text for cell in nn.rows[0][2:]] == ["0.7000", "5.400", "4.500", "4.400"]


def test_the_share_of_the_peak_is_made_run_by_run(summary: CampaignSummary) -> None:
    other = replace(summary.trials[0], metrics={"gflops": 5.0, "peak_gflops": 50.0})
    told = replace(summary.trials[1], metrics={"gflops": 6.0, "peak_gflops": 30.0})
    none = replace(summary.trials[2], metrics={"gflops": 6.0})
    zero = replace(summary.trials[3], metrics={"gflops": 6.0, "peak_gflops": 0.0})
    changed = replace(summary, trials=(other, told, none, zero, *summary.trials[4:]))
    by_label = {row.variant.label: row.said for row in edge_rows(changed)}
    share = by_label["matrix wasmtime jit"]["peak_percent"]
    assert (share.n, share.mean) == (2, 15.0)  # not 5.5 / 40
    assert share.half == pytest.approx(12.706 * 5.0, rel=1e-3)
    assert "peak_percent" not in by_label["matrix wasmer jit"]
    text = edge_tables(changed)[2].rows[1][3].text
    assert text == "15 ± 64"


def test_notes_say_who_speaks_and_what_the_peak_is(summary: CampaignSummary) -> None:
    matrix, nn = edge_tables(summary)[2:]
    assert matrix.notes[0] == nn.notes[0]
    assert "as the program tells it" in nn.notes[0]
    assert "as many cores as the run used" in matrix.notes[1]
    assert len(nn.notes) == 1


def test_a_narrow_page_gives_up_the_long_names_first(summary: CampaignSummary) -> None:
    table = fit(edge_tables(summary)[3], 62)
    assert text_width(table) <= 62
    assert table.left_out == ("inference min ms",)


@pytest.mark.slow
def test_every_format_has_it(summary: CampaignSummary, tmp_path: Path) -> None:
    assert "#### What the program says: matrix" in render_markdown(summary)
    assert "What the program says: nn" in render_html(summary)
    latex = render_latex_edge(summary)
    assert latex.count(r"\begin{tabular}") == 4
    assert "{GFLOP/s}" in latex
    edge = to_document(summary)["edge"]
    assert edge[1]["metrics"]["gflops"] == {"n": 2, "mean": 7.8, "half": None}
    assert "threads" not in edge[1]["metrics"]
    assert "nn_bytes" not in edge[4]["metrics"]
    write_csv(summary, tmp_path)
    rows = list(csv.DictReader((tmp_path / "edge.csv").read_text().splitlines()))
    assert rows[1]["metric:gflops:mean"] == "7.8"
    assert rows[1]["metric:threads:mean"] == ""
    assert rows[3]["metric:threads:mean"] == "2.0"


def test_foreign_names_are_made_harmless(summary: CampaignSummary) -> None:
    trials = tuple(replace(t, metrics={HOSTILE: 1.0, "_s": 2.0}) for t in summary.trials)
    strange = replace(summary, trials=trials)
    titles = [c.title for c in edge_tables(strange)[1].columns]
    assert not any("\x1b" in title for title in titles)
    assert "<script>" not in render_latex_edge(strange)


def test_a_program_that_says_nothing_has_no_table(tmp_path: Path) -> None:
    with edge_campaign(tmp_path, (Row("m", "wasmtime", "jit", 8.0),), repeat=1) as store:
        assert len(edge_tables(derive_campaign(store, "last"))) == 2
