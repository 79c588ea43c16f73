from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from benchharness.cli.against import print_against
from benchharness.cli.main import main
from benchharness.model import MeasurementClass
from benchharness.report.against import compare_published
from benchharness.report.against_csv import write_against_csv
from benchharness.report.against_html import against_view
from benchharness.report.against_latex import latex_against
from benchharness.report.against_markdown import markdown_against
from benchharness.report.against_records import Against
from benchharness.report.against_table import against_tables
from benchharness.report.html import render_html
from benchharness.report.published import find_published
from benchharness.report.published_read import read_published
from benchharness.report.table import Table
from benchharness.report.table_fit import fit, text_width
from tests.unit.against_samples import d14_like
from tests.unit.derive_store import campaign as stored
from tests.unit.derive_store import repeated
from tests.unit.report_samples import sample_campaign

PI4, PI3 = "Raspberry Pi 4", "Raspberry Pi 3"
D14 = "published/aiotwin-d1.4"


@pytest.fixture(scope="module")
def against() -> Against:
    return compare_published(
        d14_like(MeasurementClass.ESTIMATED), read_published(find_published(D14))
    )


def table_of(against: Against, caption: str) -> Table:
    (table,) = [
        t for p in against_tables(against).parts for t in p.tables if t.caption.startswith(caption)
    ]
    return table


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_published_and_measured_stand_side_by_side(against: Against) -> None:
    table = table_of(against, "matrix: as published")
    assert [text for _, text in table.sections] == ["Wasmtime", "Wasmer", "WasmEdge"]
    heads = [f"{c.title} {c.unit}".strip() for c in table.columns]
    assert heads[:3] == ["where", "mode", "time s"]
    assert "gross energy J, estimated" in heads
    rows = texts(table)
    assert rows[0][:3] == ["Raspberry Pi 4", "jit", "152.749"]
    assert rows[2][:3] == ["here", "jit", "7.300 ± 0.029"]
    assert rows[0][heads.index("gross energy J, estimated")] == "–"
    current = next(i for i, head in enumerate(heads) if head.startswith("current"))
    assert {row[current] for row in rows if row[0] == "here"} == {"–"}


def test_marks_lead_to_the_findings(against: Against) -> None:
    tables = against_tables(against)
    numbers = {finding.id: number for number, finding in tables.footnotes}
    assert sorted(numbers.values()) == list(range(1, len(numbers) + 1))
    rows = texts(table_of(against, "nn-module: as published"))
    assert rows[1][2] == f"0.465227 [{numbers['nn-seconds']}]"
    orders = texts(table_of(against, "matrix: orders"))
    pi3 = next(row for row in orders if row[:2] == ["time", "Raspberry Pi 3"])
    for identity in ("aot-beside-jit", "third-decimal-order", "ram-below-matrices"):
        assert numbers[identity] in [int(n) for n in re.findall(r"\d+", pi3[5])]
    assert "energy-kwh" not in numbers  # the training was not run here


def test_orders_that_all_devices_share_stand_once(against: Against) -> None:
    rows = texts(table_of(against, "matrix: orders"))
    assert [*rows[0][:5], rows[0][6]] == [
        "time",
        "Raspberry Pi 4",
        "WasmEdge < Wasmer < Wasmtime",
        "WasmEdge < Wasmtime < Wasmer",
        "contradicts",
        "2 / 1 / 0",
    ]
    host = [row for row in rows if row[0] == "host"]
    # Once, and for one reading: two hosts in order, and the one that is of another thing.
    assert [row[2] for row in host] == ["Wasmtime < Wasmer", "WasmEdge"]
    assert {row[1] for row in host} == {"every device"}


def test_a_size_of_another_thing_has_no_verdict(against: Against) -> None:
    tables = against_tables(against)
    numbers = {finding.id: number for number, finding in tables.footnotes}
    orders = texts(table_of(against, "matrix: orders"))
    assert [row[:6] for row in orders if row[0] in ("host", "module")] == [
        # The sample has Wasmtime's host before Wasmer's, as printed.
        ["host", "every device", "Wasmtime < Wasmer", "Wasmtime < Wasmer", "agrees", "[5]"],
        [
            *("host", "every device", "WasmEdge", "WasmEdge", "not comparable"),
            f"[{numbers['host-linking']}]",
        ],
        ["module", "every device", "Wasmtime = Wasmer", "Wasmtime = Wasmer", "agrees", "[5]"],
        [
            *("module", "every device", "WasmEdge", "WasmEdge", "not comparable"),
            f"[{numbers['aot-beside-jit']}]",
        ],
    ]
    ratios = texts(table_of(against, "matrix: ratios"))
    (module,) = [row for row in ratios if row[:2] == ["module", "WasmEdge"]]
    assert module[2] == "2.08 (2.06 to 2.11)"
    assert module[5:] == [f"not comparable [{numbers['aot-beside-jit']}]"] * 2
    assert "| not comparable |" in markdown_against(against)


def test_nothing_that_tells_rows_apart_is_dropped_at_80_columns(against: Against) -> None:
    wide = [table_of(against, f"matrix: {kind}") for kind in ("orders", "ratios")]
    orders, ratios = (fit(table, 80) for table in wide)
    for table in (orders, ratios):
        assert text_width(table) <= 80
        assert table.left_out == ()
    heads = [text for _, text in orders.sections]
    assert heads[:3] == [f"as published, {d}" for d in (PI4, PI3, "every device")]
    rows = texts(orders)
    assert [row[:3] for row in rows[:2]] == [
        ["time", "published", "WasmEdge < Wasmer < Wasmtime"],
        ["", "here", "WasmEdge < Wasmtime < Wasmer"],
    ]
    marks = [row[5] for row in texts(wide[0])]
    assert sorted(row[3] for row in rows[1::2]) == sorted(marks)
    heads = [text for _, text in ratios.sections]
    assert heads[:3] == [
        f"as published, {PI4}: Wasmer / Wasmtime",
        f"as published, {PI3}: Wasmer / Wasmtime",
        "as published, measured only: Wasmer / Wasmtime",
    ]
    words = [row[3] for row in texts(ratios)]
    assert texts(ratios)[0][:2] == ["time", "0.883"]
    told = [word for row in texts(wide[1]) for word in row[5:]]
    assert sorted(w for w in words if w != "–") == sorted(w for w in told if w != "not published")


@pytest.mark.slow
def test_the_page_has_the_section_and_escapes_it(against: Against) -> None:
    text = render_html(sample_campaign(repeat=1), None, against_view(against))
    assert '<section id="against"' in text
    assert 'href="#against"' in text
    assert "WasmEdge &lt; Wasmtime &lt; Wasmer here" in text
    assert "Inference time on the Raspberry Pi 3: milliseconds printed as seconds" in text
    assert "more findings in audit.toml" in text


@pytest.mark.slow
def test_without_a_publication_the_page_has_no_such_section() -> None:
    assert 'id="against"' not in render_html(sample_campaign(repeat=1), None)


def test_markdown_has_the_tables_and_the_audit(against: Against) -> None:
    text = markdown_against(against)
    assert "### Against AIoTwin D1.4" in text
    assert "| `time` | Raspberry Pi 4 | WasmEdge &lt; Wasmer &lt; Wasmtime |" in text
    assert "Why not: 465.227 / 0.150 = 3102" in text
    assert text.endswith("</details>\n")


def test_latex_has_floats_and_footnotes(against: Against) -> None:
    text = latex_against(against)
    tables = sum(len(part.tables) for part in against_tables(against).parts)
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == tables
    assert r"WasmEdge \textless{} Wasmer \textless{} Wasmtime" in text
    assert r"\textbf{Notes on AIoTwin D1.4}" in text
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


def test_csv_has_a_row_a_pair_and_a_ratio(against: Against, tmp_path: Path) -> None:
    orders, ratios = write_against_csv(against, tmp_path / "new")
    with orders.open(newline="") as file:
        pairs = list(csv.DictReader(file))
    assert len(pairs) == sum(len(order.pairs) for p in against.parts for order in p.orders)
    assert pairs[-1].keys() >= {"reading", "device", "first", "second", "agreement"}
    with ratios.open(newline="") as file:
        rows = list(csv.DictReader(file))
    (row,) = [
        r
        for r in rows
        if (r["workload"], r["reading"], r["quantity"], r["device"], r["level"])
        == ("matrix", "as published", "duration_s", "Raspberry Pi 4", "wasmer")
    ]
    assert float(row["published_ratio"]) == pytest.approx(134.814 / 152.749)
    assert float(row["measured_low"]) < 11.5 / 7.3 < float(row["measured_high"])
    assert row["agreement"] == "contradicts"


@pytest.mark.parametrize("width", [80, 200])
def test_the_terminal_shows_orders_words_and_footnotes(against: Against, width: int) -> None:
    out = io.StringIO()
    print_against(against, Console(file=out, width=width, highlight=False))
    text = out.getvalue()
    assert "matrix: orders of runtimes, least first" in text
    assert "contradicts" in text
    assert "[1] " in text
    rows = [line for line in text.splitlines() if line.startswith("time  ")]
    assert rows
    assert all(len(line) <= width for line in rows)


def store_of(folder: Path, *runtimes: str) -> Path:
    folder.mkdir()
    stored(
        folder,
        {runtime: repeated(8.0 + 2 * i) for i, runtime in enumerate(runtimes)},
        factors={
            runtime: {"runtime": runtime, "mode": "jit", "n": 5000, "build": "scalar"}
            for runtime in runtimes
        },
    ).close()
    return folder / "results.db"


@pytest.mark.slow
def test_report_writes_every_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = store_of(tmp_path / "store", "wasmtime", "wasmer")
    command = ["report", "last", "--results", str(results), "--against", D14]
    formats = ["--html", "r.html", "--latex", "r.tex", "--markdown", "r.md", "--csv", "numbers"]
    assert main([*command, *formats]) == 0
    said = capsys.readouterr()
    assert said.out.split()[-2:] == ["numbers/against-ratios.csv", "r.html"]
    assert "as published is not complete here: it needs wasmedge aot" in " ".join(said.err.split())
    assert 'id="against"' in Path("r.html").read_text()
    assert "Against AIoTwin D1.4" in Path("r.md").read_text()
    assert "Notes on AIoTwin D1.4" in Path("r.tex").read_text()


def test_nothing_in_common_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = store_of(tmp_path / "store", "native")
    assert main(["report", "last", "--results", str(results), "--against", D14]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "it would need one of gpio-http (runtime wasmtime, wasmer, wasmedge)" in said.err
    assert list(tmp_path.glob("*.html")) == []


def test_an_unknown_publication_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = store_of(tmp_path / "store", "wasmtime")
    assert main(["report", "last", "--results", str(results), "--against", "d1.4"]) == 2
    assert "unknown publication 'd1.4'" in capsys.readouterr().err


def test_publications_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "published"]) == 0
    assert "published/aiotwin-d1.4  gpio-http, matrix, nn-module" in capsys.readouterr().out
    assert main(["list", "published", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["published"]
    assert entry["findings"] == 23
    assert entry["workloads"] == ["gpio-http", "matrix", "nn-module"]
