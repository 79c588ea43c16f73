"""Sections of campaigns of several programs in a real browser: judged by axe-core, at every width.

Federated training, and split learning.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchharness.report.html import write_html
from tests.integration.report_chromium import Chromium
from tests.integration.test_report_accessibility import FEWER_ROWS, RUN
from tests.unit.federated_samples import QUICK, FederatedStore, Shape, federated_campaign
from tests.unit.split_samples import Split, split_campaign

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHAPES = {"engines": QUICK, "many": Shape(clients=50, rounds=2, round_s=30.0)}
OVERFLOWING = """[...document.querySelectorAll('#devices, #learning, #split')]
  .flatMap(s => [...s.querySelectorAll('h2,h3,p,figcaption,caption,.stack td,.stack th,svg.plot')])
  .filter(e => !e.closest('.scroll') && !e.closest('.unseen') && !e.closest('thead'))
  .filter(e => { const r = e.getBoundingClientRect();
    return r.width > 0 && (r.left < -0.5 || r.right > innerWidth + 0.5); })
  .map(e => e.outerHTML.slice(0, 80))"""
HIDDEN_TEXT = """[...document.querySelectorAll(':is(#devices, #split) .panel svg')].filter(s => {
  const frame = s.getBoundingClientRect();
  return [...s.querySelectorAll('text')].some(t => { const r = t.getBoundingClientRect();
    return r.left < frame.left - 1 || r.right > frame.right + 1; }); }).length"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("federated")
    found = {name: _written(shape, folder / f"{name}.html") for name, shape in SHAPES.items()}
    split = write_html(split_campaign(Split(repeat=1)), None, folder / "split.html")
    return {**found, "split": split.as_uri()}


def _written(shape: Shape, path: Path) -> str:
    summary = federated_campaign(shape)
    return write_html(summary, FederatedStore(summary, shape), path).as_uri()


@pytest.mark.parametrize(
    ("name", "width", "dark"),
    [
        ("engines", 1280, False),
        ("engines", 1280, True),
        ("engines", 390, True),
        ("many", 390, False),
        ("split", 390, True),
    ],
)
def test_axe_finds_nothing(
    browser: Chromium, pages: dict[str, str], name: str, width: int, dark: bool
) -> None:
    rules = importlib.resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    browser.open(pages[name], width=width, dark=dark)
    browser.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    browser.evaluate(FEWER_ROWS)
    browser.evaluate(f"{rules}; 0")
    assert json.loads(browser.evaluate(RUN)) == []


@pytest.mark.parametrize("name", [*SHAPES, "split"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_reaches_over_the_edge(
    browser: Chromium, pages: dict[str, str], name: str, width: int
) -> None:
    browser.complaints.clear()
    browser.open(pages[name], width=width)
    assert browser.complaints == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(OVERFLOWING) == []
    assert browser.evaluate(HIDDEN_TEXT) == 0


def test_every_drawing_says_what_it_shows(browser: Chromium, pages: dict[str, str]) -> None:
    browser.open(pages["engines"], width=1280)
    told = browser.evaluate(
        "[...document.querySelectorAll('#devices svg.plot, #learning svg.plot')].map(s =>"
        " document.getElementById(s.getAttribute('aria-labelledby').split(' ')[1]).textContent)"
    )
    assert len(told) == 8 + 4 + 1  # a panel a device, the charts, the partition
    assert all(len(text) > 40 for text in told)
    browser.open(pages["split"], width=1280)
    told = browser.evaluate(
        "[...document.querySelectorAll('#split svg.plot')].map(s =>"
        " document.getElementById(s.getAttribute('aria-labelledby').split(' ')[1]).textContent)"
    )
    assert len(told) == 1 + 3 + 2  # the front, cuts over time, predicted time and energy
    assert all(len(text) > 40 for text in told)


def test_bubbles_are_round_and_follow_the_scheme(browser: Chromium, pages: dict[str, str]) -> None:
    colours = []
    for dark in (False, True):
        browser.open(pages["engines"], width=1280, dark=dark)
        style = "getComputedStyle(document.querySelector('.bubble'))"
        assert browser.evaluate(f"{style}.strokeLinecap") == "round"
        colours.append(browser.evaluate(f"{style}.stroke"))
    assert colours == ["rgb(11, 74, 136)", "rgb(88, 166, 238)"]
