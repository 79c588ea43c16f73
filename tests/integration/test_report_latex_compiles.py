"""pdflatex with Debian's packages compiles the tables, whatever is in their labels."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.model import CampaignSummary, MeasurementClass
from benchharness.report.against import compare_published
from benchharness.report.against_latex import latex_against
from benchharness.report.derive import derive_campaign
from benchharness.report.latex import write_latex
from benchharness.report.latex_budget import write_latex_budget
from benchharness.report.latex_devices import learning_floats
from benchharness.report.latex_edge import write_latex_edge
from benchharness.report.published import find_published
from benchharness.report.published_read import read_published
from tests.unit.against_samples import d14_like
from tests.unit.edge_store import edge_campaign
from tests.unit.federated_samples import QUICK, FederatedStore, federated_campaign
from tests.unit.report_samples import HOSTILE, KINDS, assembled, sample_campaign, troubled

pytestmark = [pytest.mark.latex, pytest.mark.slow]


def compiled(folder: Path) -> str:
    """Compile table.tex; return the log."""
    assert shutil.which("pdflatex"), (
        "no pdflatex: apt install texlive-latex-recommended texlive-science (scripts/test does it)"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "table.pdf").read_bytes().startswith(b"%PDF")
    return done.stdout


def test_a_usual_table_compiles_and_fits_the_page(tmp_path: Path) -> None:
    write_latex(sample_campaign(), tmp_path / "table.tex", standalone=True)
    log = compiled(tmp_path)
    assert not re.search(r"Overfull|Missing|Undefined", log)


def test_marked_runs_and_budgets_compile(tmp_path: Path) -> None:
    write_latex(troubled(sample_campaign()), tmp_path / "table.tex", standalone=True)
    assert r"\ddag" in (tmp_path / "table.tex").read_text(encoding="utf-8")
    log = compiled(tmp_path)
    for kinds in (KINDS[:1], KINDS):
        summary = sample_campaign(repeat=2, kinds=kinds)
        write_latex_budget(summary, tmp_path / "table.tex", standalone=True)
        log += compiled(tmp_path)
    assert not re.search(r"Overfull|Missing|Undefined", log)


def test_workloads_in_parts_and_the_edge_tables_compile_and_fit(tmp_path: Path) -> None:
    with edge_campaign(tmp_path) as store:
        summary = derive_campaign(store, "last")
    write_latex(summary, tmp_path / "table.tex", standalone=True)
    log = compiled(tmp_path)
    write_latex_edge(replace(summary, title=HOSTILE), tmp_path / "table.tex", standalone=True)
    assert not re.search(r"Overfull|Missing|Undefined", log + compiled(tmp_path))


def test_tables_of_devices_and_of_what_was_learned_compile_and_fit(tmp_path: Path) -> None:
    summary = federated_campaign(QUICK)
    more = learning_floats(summary, FederatedStore(summary, QUICK))
    write_latex(summary, tmp_path / "table.tex", standalone=True, more=more)
    assert not re.search(r"Overfull|Missing|Undefined", compiled(tmp_path))
    hostile = tuple(
        replace(t, participants=tuple(replace(p, device_title=HOSTILE) for p in t.participants))
        for t in summary.trials
    )
    write_latex(replace(summary, trials=hostile), tmp_path / "table.tex", standalone=True)
    compiled(tmp_path)


def everything(labels: list[str]) -> CampaignSummary:
    trials = sample_campaign(repeat=2).trials
    kinds = [replace(k, label=label) for k, label in zip(KINDS, labels, strict=True)]
    return assembled(trials, kinds, MeasurementClass.ESTIMATED, title=HOSTILE, quick=True)


@pytest.mark.parametrize(
    "labels",
    [
        [HOSTILE, "50% {a}_b ^ ~ \\ & # $x$", "- -- --- ?` !` << >> ,, ''", "[a] * \\\\ \\today"],
        ["Ünïcödé ßœæøåł", "中文 🎉 α β", "± × µ ° – — … −", "ð þ ŋ ǆ \u0301 \u202e"],
    ],
)
def test_labels_with_anything_in_them_compile(tmp_path: Path, labels: list[str]) -> None:
    write_latex(everything(labels), tmp_path / "table.tex", standalone=True)
    compiled(tmp_path)


def test_a_fragment_compiles_in_a_document_of_old_encoding(tmp_path: Path) -> None:
    write_latex(everything(["a", "b", "é ü", '"quoted" <x>|y|']), tmp_path / "fragment.tex")
    (tmp_path / "table.tex").write_text(
        "\\documentclass{article}\n\\usepackage{booktabs,siunitx}\n"
        "\\begin{document}\n\\input{fragment}\n\\end{document}\n"
    )
    compiled(tmp_path)


def test_single_runs_and_missing_values_compile(tmp_path: Path) -> None:
    summary = sample_campaign(repeat=1)
    variants = [replace(summary.variants[0], metrics={}), *summary.variants[1:]]
    write_latex(replace(summary, variants=tuple(variants)), tmp_path / "table.tex", standalone=True)
    compiled(tmp_path)


def test_published_results_beside_a_campaign_compile_and_fit_the_page(tmp_path: Path) -> None:
    summary = d14_like()
    against = compare_published(summary, read_published(find_published("aiotwin-d1.4")))
    write_latex(summary, tmp_path / "table.tex", standalone=True, more=latex_against(against))
    log = compiled(tmp_path)
    assert not re.search(r"Overfull|Missing|Undefined|too large", log)
