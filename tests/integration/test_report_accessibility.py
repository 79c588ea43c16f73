"""The report as axe-core judges it: every kind of page, light and dark, wide and narrow.

The rules come from the package axe-core-python, which nothing else of it is used of.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator

import pytest

from benchharness.model import MeasurementClass
from benchharness.report.against import compare_published
from benchharness.report.against_html import against_view
from benchharness.report.html import write_html
from benchharness.report.published import find_published
from benchharness.report.published_read import read_published
from tests.integration.report_chromium import Chromium
from tests.unit.against_samples import d14_like
from tests.unit.report_samples import SampleStore, sample_campaign, troubled, with_rail

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RUN = """axe.run(document, {resultTypes: ["violations"]}).then((found) => JSON.stringify(
  found.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 5).map((n) => n.html.slice(0, 160)
    + " " + n.failureSummary)])))"""

# Rows of a table that are like two others but for their text are judged by those two: each of
# thousands of cells has its contrast worked out, and these have the same.
FEWER_ROWS = """document.querySelectorAll("table").forEach((table) => {
  const seen = {};
  table.querySelectorAll("tbody tr").forEach((row) => {
    const like = row.cloneNode(true);
    like.querySelectorAll("*").forEach((e) => { ["id", "href", "title"].forEach(
      (name) => e.removeAttribute(name)); });
    const key = like.outerHTML.replace(/>[^<]+/g, ">");
    seen[key] = (seen[key] || 0) + 1;
    if (seen[key] > 2) row.remove();
  });
})"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def axe() -> str:
    rules = importlib.resources.files("axe_core_python").joinpath("axe.min.js")
    return rules.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reports")
    summary = with_rail(troubled(sample_campaign(cls=MeasurementClass.EMULATED, quick=True)))
    divided = d14_like()
    published = read_published(find_published("published/aiotwin-d1.4"))
    against = against_view(compare_published(divided, published))
    plain = sample_campaign(repeat=1)
    written = {
        "one workload": write_html(summary, SampleStore(summary), folder / "one.html"),
        "unobserved": write_html(plain, None, folder / "plain.html"),
        "several": write_html(divided, SampleStore(divided), folder / "several.html", against),
    }
    return {name: path.as_uri() for name, path in written.items()}


@pytest.mark.parametrize(
    ("name", "width", "dark"),
    [
        ("one workload", 1280, False),
        ("one workload", 1280, True),
        ("one workload", 390, False),
        ("one workload", 390, True),
        ("several", 1280, True),
        ("several", 390, False),
        ("unobserved", 390, False),
    ],
)
def test_axe_finds_nothing(
    browser: Chromium, axe: str, pages: dict[str, str], name: str, width: int, dark: bool
) -> None:
    browser.open(pages[name], width=width, dark=dark)
    if name != "unobserved":
        browser.wait_for("!document.getElementById('timeline').hidden")
    # What is folded away is judged as well.
    browser.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    browser.evaluate(FEWER_ROWS)
    browser.evaluate(f"{axe}; 0")
    assert json.loads(browser.evaluate(RUN)) == []
