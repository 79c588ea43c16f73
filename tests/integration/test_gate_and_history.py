"""``gate`` and ``history`` as a pipeline calls them: real runs, real files, exit codes."""

from __future__ import annotations

import importlib.resources
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchharness.report.html import SIZE_LIMIT_BYTES
from tests.integration.harness import Harness, Outcome
from tests.integration.report_chromium import Chromium
from tests.integration.test_report_accessibility import RUN
from tests.unit.history_samples import campaign_id, write_history

# Asleep, since a busy loop shares its processor with whatever else runs the tests.
ASLEEP = "import time; time.sleep({:g})"


def campaign(harness: Harness, seconds: float, program: str = ASLEEP) -> Outcome:
    done = harness.run(
        "--repeat", "4", "--title", "busy", "--", "python3", "-S", "-c", program.format(seconds)
    )
    assert done.stdout, done.stderr
    return done


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Harness, list[str]]:
    """Four campaigns: two alike, one that takes three times as long, one that fails."""
    folder = tmp_path_factory.mktemp("gate")
    harness = Harness(folder)
    with ThreadPoolExecutor() as pool:  # side by side, since they sleep
        documents = list(pool.map(lambda seconds: campaign(harness, seconds), (0.6, 0.6, 1.8)))
    documents.append(campaign(harness, 0.01, "raise SystemExit(3)"))
    (folder / "base.json").write_text(documents[0].stdout, encoding="utf-8")
    return harness, [done.document["campaign"] for done in documents]


@pytest.mark.slow
@pytest.mark.alone
def test_the_exit_codes(measured: tuple[Harness, list[str]]) -> None:
    harness, (base, alike, slow, failing) = measured
    limit = ("--max-regression", "time=20%")

    same = harness("gate", alike, "--baseline", base, *limit)
    assert same.code == 0, same.stderr
    assert "The gate is open" in same.stderr

    closed = harness(
        "gate", slow, "--baseline", base, *limit, "--json", "--markdown", "c.md", "--junit", "j.xml"
    )
    assert closed.code == 1, closed.stderr
    row = closed.document["rows"][0]
    assert (row["metric"], row["state"]) == ("duration_s", "closed")
    assert 1.2 < row["ratio_low"] < row["ratio"] < 3.5
    assert "Gate closed**" in (harness.folder / "c.md").read_text()
    assert ET.parse(harness.folder / "j.xml").find(".//failure") is not None

    failed = harness("gate", failing, "--baseline", base, *limit)
    assert failed.code == 1
    assert "4 of 4 runs failed" in failed.stderr
    assert "no regression was proven" in " ".join(failed.stderr.split())

    without = harness("gate", alike, "--baseline", base, "--max-regression", "3%")
    assert without.code == 3
    assert "no meter was used" in " ".join(without.stderr.split())

    for words in (
        ("gate", "--baseline", base),
        ("gate", "--max-regression", "3%"),
        ("gate", base, "--baseline", base, *limit),
        ("gate", "--baseline", "nothing.db", *limit),
        ("gate", "--baseline", base, "--max-regression", "lots"),
    ):
        wrong = harness(*words)
        assert wrong.code == 2, (words, wrong.stderr)
        assert len(wrong.stderr.strip().splitlines()) == 1


@pytest.mark.slow
@pytest.mark.alone
def test_where_a_baseline_may_come_from(measured: tuple[Harness, list[str]]) -> None:
    harness, (base, _, slow, _) = measured
    kept = harness.folder / "kept.db"
    shutil.copy(harness.results, kept)
    for words in (
        ("--baseline", f"kept.db:{base}"),
        ("--baseline", base[:6], "--baseline-results", "kept.db"),
        ("--baseline", "base.json"),
    ):
        done = harness("gate", slow, *words, "--max-regression", "time=20%", "--json")
        assert done.code == 1, done.stderr
        assert done.document["baseline"]["campaign"] == base
    power = harness(
        "gate", "--baseline", "base.json", "--max-regression", "time=20%", "--power", "--json"
    )
    assert power.code == 0
    least = power.document["rows"][0]["least_regression"]
    assert least["5"] > least["30"] > 0.2
    summary = harness.folder / "summary.md"
    done = harness(
        *("gate", slow, "--baseline", "base.json", "--max-regression", "time=20%"),
        "--github-summary",
        environment={"GITHUB_STEP_SUMMARY": str(summary)},
    )
    assert done.code == 1
    assert summary.read_text().startswith("<!-- benchharness:busy:")
    done = harness("compare", base, slow, "--markdown", "d.md")
    assert done.code == 0
    assert "| Metric |" in (harness.folder / "d.md").read_text()


def test_history_of_stored_campaigns(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    write_history(harness.results, 12, lambda k: 2.0 if k < 7 else 2.1)
    done = harness("history", "nightly", "--html", "h.html", "--json")
    assert done.code == 0, done.stderr
    native = next(s for s in done.document["series"] if s["variant"] == "native")
    (change,) = native["changes"]
    assert (change["after"], change["since"]) == (campaign_id(6), campaign_id(7))
    assert change["ratio_low"] < 1.05 < change["ratio_high"]
    page = (tmp_path / "h.html").read_text()
    assert len(page.encode()) < SIZE_LIMIT_BYTES
    told = harness("history", "--metric", "time")
    assert told.code == 0
    assert "native" in told.stderr
    assert f"since {campaign_id(7)}" in told.stderr
    assert harness("history", "nothing").code == 2
    assert harness("history", "--metric", "joy").code == 2
    assert harness("history", "--last", "0").code == 2


@pytest.mark.slow
@pytest.mark.browser
def test_the_history_page_in_a_browser(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    write_history(harness.results, 40, lambda k: 2.0 if k < 25 else 2.1)
    assert harness("history", "--html", "h.html").code == 0
    url = (tmp_path / "h.html").as_uri()
    rules = importlib.resources.files("axe_core_python").joinpath("axe.min.js")
    axe = rules.read_text(encoding="utf-8")
    with Chromium(tmp_path / "profile") as browser:
        for width in (390, 1280):
            for dark in (False, True):
                browser.open(url, width=width, dark=dark)
                wide = browser.evaluate("document.documentElement.scrollWidth")
                assert wide == width
                assert browser.evaluate("document.querySelectorAll('svg.history').length") == 2
                ink = browser.evaluate(
                    "getComputedStyle(document.querySelector('.history .mean')).fill"
                )
                browser.evaluate("document.querySelector('details').open = true")
                browser.evaluate(f"{axe}; 0")
                assert json.loads(browser.evaluate(RUN)) == []
                assert ink == ("rgb(232, 236, 241)" if dark else "rgb(20, 25, 31)")
        assert browser.complaints == []
        assert {request.partition("#")[0] for request in browser.requests} == {url}
