"""The report in a real browser: no complaint, no request, no sideways scrolling, dark and light."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchharness.model import MeasurementClass
from benchharness.report.html import write_html
from tests.integration.report_chromium import Chromium
from tests.unit.report_samples import HOSTILE, SampleStore, sample_campaign, troubled, with_rail

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    summary = with_rail(troubled(sample_campaign(cls=MeasurementClass.EMULATED, quick=True)))
    return write_html(summary, SampleStore(summary), path).as_uri()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_loads_in_silence_and_fits(
    browser: Chromium, report: str, tmp_path: Path, width: int, dark: bool
) -> None:
    browser.complaints.clear()
    browser.requests.clear()
    browser.open(report, width=width, dark=dark)
    assert browser.complaints == []
    assert {url.partition(":")[0] for url in browser.requests} <= {"file", "data"}
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(17, 21, 27)" if dark else "rgb(255, 255, 255)")
    picture = browser.screenshot(tmp_path / "page.png")
    assert struct.unpack(">I", picture[16:20])[0] == width
    assert len(picture) > 100_000


def test_no_text_is_cut_off_or_invisible(browser: Chromium, report: str) -> None:
    browser.open(report, width=390)
    outside = browser.evaluate(
        "[...document.querySelectorAll('h1,h2,p,figcaption,caption,.tile,"
        ".forest td,.budget td,.stack td,.facts td')]"
        ".filter(e => !e.closest('.scroll') && !e.closest('.unseen')"
        " && getComputedStyle(e).position !== 'absolute' && !e.closest('thead'))"
        ".filter(e => { const r = e.getBoundingClientRect();"
        " return r.width > 0 && (r.left < 0 || r.right > innerWidth + 0.5); })"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert outside == []


def test_figures_take_their_colours_from_the_scheme(browser: Chromium, report: str) -> None:
    colours = []
    for dark in (False, True):
        browser.open(report, width=1280, dark=dark)
        colours.append(
            browser.evaluate(
                "[...new Set([...document.querySelectorAll('.plot path')]"
                ".map(e => getComputedStyle(e).stroke))].sort().join()"
            )
        )
        fill = browser.evaluate("getComputedStyle(document.querySelector('.plot text')).fill")
        assert fill == ("rgb(163, 174, 187)" if dark else "rgb(85, 96, 110)")
    assert colours[0] != colours[1]
    assert "rgb(11, 74, 136)" in colours[0]
    assert "rgb(88, 166, 238)" in colours[1]


def test_links_of_the_page_lead_somewhere_and_all_regions_can_be_reached(
    browser: Chromium, report: str
) -> None:
    browser.open(report, width=1280)
    assert browser.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')]"
        ".every(a => document.getElementById(a.hash.slice(1)))"
    )
    assert browser.evaluate(
        "[...document.querySelectorAll('.scroll')]"
        ".every(e => e.tabIndex === 0"
        " && document.getElementById(e.getAttribute('aria-labelledby')))"
    )


def test_hostile_text_runs_nothing(browser: Chromium, tmp_path: Path) -> None:
    summary = sample_campaign(repeat=2, title=HOSTILE, verdict=HOSTILE, command=HOSTILE)
    path = write_html(summary, None, tmp_path / "hostile.html")
    browser.complaints.clear()
    browser.requests.clear()
    browser.open(path.as_uri(), width=1280)
    assert browser.complaints == []
    assert browser.evaluate("document.scripts.length + document.images.length") == 0
    assert len(browser.requests) == 1


def test_the_policy_stops_what_should_ever_get_in(browser: Chromium, tmp_path: Path) -> None:
    path = write_html(sample_campaign(repeat=1), None, tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("</body>", "<script>document.title='owned'</script></body>"))
    browser.complaints.clear()
    browser.open(path.as_uri(), width=1280)
    assert browser.evaluate("document.title") != "owned"
    assert any("Content Security Policy" in c for c in browser.complaints)
    browser.complaints.clear()


def test_it_prints(browser: Chromium, report: str, tmp_path: Path) -> None:
    browser.open(report, width=1280, dark=True)
    assert browser.pdf(tmp_path / "report.pdf").startswith(b"%PDF")
