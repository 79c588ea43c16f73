"""report and export in every format, as a user types them, with anything in the labels."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest

from benchharness.cli.main import main
from benchharness.model import Status
from tests.integration.test_report_latex_compiles import compiled
from tests.unit.derive_store import Trial, campaign
from tests.unit.report_samples import HOSTILE

Run = Callable[..., tuple[int, str, str]]
BAD = f"| \u202e{HOSTILE} 🎉 \\input{{/etc/passwd}} =1+1"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results file whose last trial says 10 MB of why it failed."""
    folder = tmp_path_factory.mktemp("stored")
    failed = Trial(status=Status.FAILED, reason=f"{BAD}\n" + "x" * 10_000_000)
    campaign(
        folder,
        {
            "native": [Trial(busy_w=w) for w in (8.0, 8.1, 7.9)],
            BAD: [*(Trial(duration_s=30.0, busy_w=w) for w in (8.0, 8.1, 7.9)), failed],
        },
        overhead={"cpu_share_of_a_core": 0.002},
        left_out=[{"label": "gpu", "workload": "matrix", "factors": {}, "reason": f"no {BAD}"}],
        options={"probe_hz": 10.0, "warmup": 1},
        margin=0.02,
    ).close()
    return folder / "results.db"


@pytest.fixture
def run(
    stored: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    monkeypatch.chdir(tmp_path)
    shutil.copy(stored, tmp_path / "results.db")

    def command(*words: str) -> tuple[int, str, str]:
        code = main([words[0], "--results", str(tmp_path / "results.db"), *words[1:]])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def test_data_for_other_programs(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(
        "report", "last", "--json", "c.json", "--junit", "j.xml", "--parquet", "p", "--csv", "c"
    )
    assert code == 0
    assert out.split() == [
        *("c/trials.csv", "c/variants.csv", "c/energy.csv"),
        *("p/trials.parquet", "p/variants.parquet", "c.json", "j.xml"),
    ]
    document = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert document["schema_version"] == 2
    root = ET.parse(tmp_path / "j.xml").getroot()
    cases = root.findall("testsuite/testcase")
    assert [case.find("failure") is not None for case in cases] == [False, True, False]
    assert [case.find("skipped") is not None for case in cases] == [False, False, True]
    assert (tmp_path / "j.xml").stat().st_size < 20_000
    assert pq.read_table(tmp_path / "p" / "trials.parquet").num_rows == 7
    with (tmp_path / "c" / "variants.csv").open(newline="", encoding="utf-8") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    assert labels == ["native", BAD]
    code, out, _ = run("export", "last", "--parquet", "raw")
    assert code == 0
    assert pq.read_table(tmp_path / "raw" / "observations.parquet").num_rows > 100


def test_markdown_tables_keep_their_shape(run: Run, tmp_path: Path) -> None:
    assert run("report", "last", "--markdown", "t.md")[0] == 0
    text = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert "<script" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)  # code spans
    assert "\u202e" not in text
    widths: list[set[int]] = [set()]
    for line in text.splitlines():
        if line.startswith("|"):
            widths[-1].add(len(re.findall(r"(?<!\\)\|", line)))
        elif widths[-1]:
            widths.append(set())
    assert all(len(found) <= 1 for found in widths)


@pytest.mark.slow
@pytest.mark.latex
def test_a_paper_compiles_with_its_figures(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("report", "last", "--latex", "table.tex", "--standalone")
    assert code == 0
    figures = ["forest", "runs", "energy", "points", "power"]
    assert out.split() == [*(f"table-figures/{name}.pdf" for name in figures), "table.tex"]
    text = (tmp_path / "table.tex").read_text(encoding="utf-8")
    assert text.count(r"\includegraphics{table-figures/") == 5
    assert "was measured by" in text
    compiled(tmp_path)
    log = compiled(tmp_path)
    assert not re.search(r"Missing|Undefined|undefined|too large", log)


@pytest.mark.slow
@pytest.mark.latex
def test_fragments_for_a_paper_of_ones_own(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(
        "report", "last", "--latex", "t.tex", "--methods", "m.tex", "--figures", "figs"
    )
    assert code == 0
    assert out.split()[-2:] == ["t.tex", "m.tex"]
    (tmp_path / "table.tex").write_text(
        "\\documentclass[twocolumn]{article}\n\\usepackage{booktabs,graphicx,siunitx}\n"
        "\\begin{document}\\input{m}\\input{t}\\includegraphics{figs/forest}\\end{document}\n"
    )
    compiled(tmp_path)


@pytest.mark.parametrize(
    "option",
    ["--latex", "--latex-budget", "--latex-edge", "--methods", "--markdown", "--json",
     "--junit"],
)  # fmt: skip
def test_an_output_that_fails_is_named_and_those_before_it_are_told(
    run: Run, tmp_path: Path, option: str
) -> None:
    (tmp_path / "taken").mkdir()
    code, out, err = run("report", "last", "--csv", "c", option, "taken")
    assert code == 2
    assert err.startswith("benchharness: taken: cannot write")
    assert len(err.splitlines()) == 1
    assert ("c/trials.csv" in out) == (option in ("--json", "--junit"))


@pytest.mark.parametrize("option", ["--figures", "--csv", "--parquet"])
def test_a_folder_that_fails_is_named(run: Run, tmp_path: Path, option: str) -> None:
    (tmp_path / "taken").write_text("")
    code, _, err = run("report", "last", option, "taken")
    assert code == 2
    assert err.startswith("benchharness: taken: cannot write")


def test_figures_in_a_folder_that_latex_cannot_name_are_refused(run: Run, tmp_path: Path) -> None:
    code, _, err = run("report", "last", "--latex", "t.tex", "--standalone", "--figures", "50%#")
    assert code == 2
    assert "50%#/forest.pdf: LaTeX cannot include" in err
