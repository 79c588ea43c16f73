"""The timeline in a real browser: zoom, keys, fingers, joules; without scripts; printed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from benchharness.model import CampaignSummary, PhaseSpan
from benchharness.report.html import write_html
from tests.integration.report_chromium import Chromium
from tests.unit.report_metered import IDLE_W, counter_meter, power_meter
from tests.unit.report_samples import SampleStore, assembled, sample_campaign, with_rail

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LEFT, RIGHT = 42, 10  # of the plot, in pixels
BUSY = "document.querySelector('[data-part=said]').textContent === ''"
HOSTILE_NAMES = (
    "</script><script>alert(1)</script>",
    "'\"><img src=x onerror=alert(2)>",
    "\u2028\x07",
)


@dataclass
class Shown:
    """A campaign, and the page that shows it in a browser."""

    browser: Chromium
    summary: CampaignSummary
    url: str

    def open(self, width: int = 1280, *, dark: bool = False) -> None:
        self.browser.complaints.clear()
        self.browser.requests.clear()
        self.browser.open(self.url, width=width, dark=dark)
        self.browser.wait_for("!document.getElementById('timeline').hidden")
        self.browser.wait_for(f"!({BUSY})")
        self.browser.evaluate("document.querySelector('.tl').scrollIntoView({behavior: 'instant'})")

    def settled(self) -> None:
        """Wait until what was asked for is drawn."""
        self.browser.evaluate(
            "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def joules(self, line: int = 0) -> float:
        self.settled()
        text = self.browser.evaluate(
            f"document.querySelectorAll('[data-part=rows] tr')[{line}].cells[1].textContent"
        )
        return float(text.removesuffix(" J"))

    def box(self) -> tuple[float, float, float, float]:
        left, top, width, height = self.browser.evaluate(
            "(r => [r.left, r.top, r.width, r.height])"
            "(document.querySelector('[data-part=plot]').getBoundingClientRect())"
        )
        return left, top, width, height

    def x_of(self, share: float) -> float:
        """Return where in the window a share of the visible range is."""
        left, _, width, _ = self.box()
        return left + LEFT + share * (width - LEFT - RIGHT)

    def energy_j(self, from_s: float, to_s: float, channel: int = 0) -> float:
        """Integrate the readings of all runs by ourselves, on the campaign's clock.

        Power steps where a window starts and ends: the readings on each side hold up to there.
        """
        store = SampleStore(self.summary)
        zero_ns = min(store.read_stream(10 * t.trial_id)[0][0] for t in self.summary.trials)
        total = 0.0
        for trial in self.summary.trials:
            t_ns, columns = store.read_stream(10 * trial.trial_id + channel)
            t_s, power_w = (t_ns - zero_ns) / 1e9, columns["power_w"]
            assert trial.window_start_ns is not None
            assert trial.window_end_ns is not None
            window = [(t - zero_ns) / 1e9 for t in (trial.window_start_ns, trial.window_end_ns)]
            part = np.searchsorted(window, t_s, side="right")
            bounds = [t_s[0], *window, t_s[-1]]
            for place, (left, right) in enumerate(itertools.pairwise(bounds)):
                cuts = np.clip([from_s, to_s], left, right)
                mine = t_s[part == place]
                inner = mine[(mine > cuts[0]) & (mine < cuts[1])]
                x_s = np.concatenate([cuts[:1], inner, cuts[1:]])
                y_w = np.interp(x_s, mine, power_w[part == place])
                total += float(np.trapezoid(y_w, x_s))
        return total

    @property
    def length_s(self) -> float:
        store = SampleStore(self.summary)
        ends = [
            t for trial in self.summary.trials
            for t in (*store.read_stream(10 * trial.trial_id)[0][[0, -1]], trial.window_end_ns)
        ]  # fmt: skip
        return float(max(ends) - min(ends)) / 1e9


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def page(browser: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    summary = with_rail(sample_campaign(repeat=2))
    path = tmp_path_factory.mktemp("report") / "report.html"
    return Shown(browser, summary, write_html(summary, SampleStore(summary), path).as_uri())


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_it_starts_in_silence_and_shows_the_whole_campaign(
    page: Shown, width: int, dark: bool
) -> None:
    page.open(width, dark=dark)
    assert page.browser.complaints == []
    assert {url.partition(":")[0] for url in page.browser.requests} <= {"file", "data"}
    assert page.browser.evaluate("document.documentElement.scrollWidth") <= width
    assert page.joules() == pytest.approx(page.energy_j(0, page.length_s), rel=1e-3)
    assert page.joules(1) == pytest.approx(page.energy_j(0, page.length_s, 2), rel=1e-3)
    said = page.browser.evaluate("document.querySelector('[data-part=said]').textContent")
    assert said.startswith("The whole campaign, 0 s to ")
    stroke = "getComputedStyle(document.querySelector('.tl-line.tl-lower')).stroke"
    assert page.browser.evaluate(stroke) == ("rgb(88, 166, 238)" if dark else "rgb(11, 74, 136)")


def test_dragging_zooms_and_the_joules_are_those_of_the_visible_range(page: Shown) -> None:
    page.open()
    _, top, _, _ = page.box()
    start, end = page.x_of(0.30), page.x_of(0.55)
    page.browser.drag((start, top + 120), (end, top + 160))
    expected = page.energy_j(0.30 * page.length_s, 0.55 * page.length_s)
    assert page.joules() == pytest.approx(expected, rel=1e-3)
    # The other way round, within what is visible now.
    page.browser.drag((page.x_of(0.8), top + 120), (page.x_of(0.4), top + 120))
    expected = page.energy_j(0.40 * page.length_s, 0.50 * page.length_s)
    assert page.joules() == pytest.approx(expected, rel=1e-3)
    page.browser.evaluate(
        "document.querySelector('[data-part=plot]').dispatchEvent(new MouseEvent('dblclick'))"
    )
    assert page.joules() == pytest.approx(page.energy_j(0, page.length_s), rel=1e-3)


def test_keys_move_zoom_and_show_all(page: Shown) -> None:
    page.open()
    page.browser.evaluate("document.querySelector('.tl-pane').focus()")
    page.browser.press("+")
    page.browser.press("+")
    middle = (0.375 * page.length_s, 0.625 * page.length_s)
    assert page.joules() == pytest.approx(page.energy_j(*middle), rel=1e-3)
    page.browser.press("ArrowRight")
    moved = [t + 0.05 * page.length_s for t in middle]
    assert page.joules() == pytest.approx(page.energy_j(moved[0], moved[1]), rel=1e-3)
    page.browser.press("ArrowLeft")
    page.browser.press("-")
    assert page.joules() == pytest.approx(
        page.energy_j(0.25 * page.length_s, 0.75 * page.length_s), rel=1e-3
    )
    page.browser.press("Escape")
    assert page.joules() == pytest.approx(page.energy_j(0, page.length_s), rel=1e-3)


def test_going_to_a_run_shows_its_window_and_its_own_figure(page: Shown) -> None:
    page.open()
    go = "document.querySelector('[data-part=go]')"
    page.browser.evaluate(f"{go}.value = '3', {go}.dispatchEvent(new Event('change'))")
    trial = page.summary.trials[3]
    store = SampleStore(page.summary)
    zero_ns = min(store.read_stream(10 * t.trial_id)[0][0] for t in page.summary.trials)
    assert trial.window_start_ns is not None
    assert trial.window_end_ns is not None
    window = [(t - zero_ns) / 1e9 for t in (trial.window_start_ns, trial.window_end_ns)]
    assert page.joules() == pytest.approx(page.energy_j(window[0], window[1]), rel=1e-3)
    assert trial.energy is not None
    assert page.joules() == pytest.approx(trial.energy.gross_j.value, rel=0.005)
    page.browser.wait_for(
        "document.querySelector('[data-part=said]').textContent.includes('own figure')"
    )
    said = page.browser.evaluate("document.querySelector('[data-part=said]').textContent")
    assert said.startswith("The window of run 4, ")
    assert "(counter difference)" in said
    page.browser.evaluate("document.querySelector('[data-act=next]').click()")
    page.settled()
    assert page.browser.evaluate(f"{go}.value") == "4"
    page.browser.evaluate("document.querySelector('.tl-pane').focus()")
    page.browser.press("PageUp")
    page.settled()
    assert page.browser.evaluate(f"{go}.value") == "3"


@pytest.mark.parametrize("of", ["a counter", "a late counter", "powers"])
def test_the_joules_of_a_short_window_are_the_runs_own(
    browser: Chromium, tmp_path: Path, of: str
) -> None:
    meter = {
        "a counter": counter_meter(),
        "a late counter": counter_meter(latency_s=0.15, latency_u_s=0.02),
        "powers": power_meter(period_s=0.1),
    }[of]
    summary = meter.summary
    shown = Shown(browser, summary, write_html(summary, meter, tmp_path / "m.html").as_uri())
    shown.open()
    go = "document.querySelector('[data-part=go]')"
    for place, trial in enumerate(summary.trials):
        browser.evaluate(f"{go}.value = '{place}', {go}.dispatchEvent(new Event('change'))")
        assert trial.energy is not None
        assert shown.joules() == pytest.approx(trial.energy.gross_j.value, rel=5e-4)
        least = browser.evaluate("document.querySelector('[data-part=rows] tr').cells[3].innerText")
        # Nothing of the power at rest, which steps at the edges, is inside.
        assert float(least.split()[0]) > (1.5 if of == "powers" else 1.0) * IDLE_W
    assert browser.complaints == []


def test_fingers_move_and_zoom(page: Shown) -> None:
    page.open(390)
    page.browser.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
    _, top, _, _ = page.box()
    y = top + 120
    apart = [
        [(page.x_of(a), y), (page.x_of(b), y)] for a, b in ((0.4, 0.6), (0.35, 0.65), (0.1, 0.9))
    ]
    page.browser.touch(*apart)
    # A quarter of the campaign: 0.2 of it lay between the fingers, and now fills 0.8 of the plot.
    expected = page.energy_j(0.375 * page.length_s, 0.625 * page.length_s)
    assert page.joules() == pytest.approx(expected, rel=0.01)
    page.browser.touch([(page.x_of(0.8), y)], [(page.x_of(0.7), y)], [(page.x_of(0.4), y)])
    expected = page.energy_j(0.475 * page.length_s, 0.725 * page.length_s)
    assert page.joules() == pytest.approx(expected, rel=0.01)
    page.browser.call("Emulation.setTouchEmulationEnabled", enabled=False)
    assert page.browser.complaints == []


def test_every_control_is_reached_by_tab_with_visible_focus(page: Shown) -> None:
    page.open()
    page.browser.evaluate("document.querySelector('[data-act=previous]').focus()")
    reached = []
    for _ in range(8):
        page.browser.press("Tab")
        reached.append(
            page.browser.evaluate(
                "(e => [e.dataset.act ?? e.dataset.part ?? e.className,"
                " getComputedStyle(e).outlineStyle])(document.activeElement)"
            )
        )
    names = [name for name, _ in reached]
    assert names[:7] == ["next", "whole", "closer", "wider", "go", "tl-pane", "scroll"]
    assert {outline for _, outline in reached[:7]} <= {"solid", "auto"}


def test_still_figures_are_folded_away_but_printed(page: Shown, tmp_path: Path) -> None:
    page.open()
    drawn = "[...document.querySelectorAll('#stills .plot')].every(e => e.checkVisibility())"
    assert page.browser.evaluate("document.getElementById('stills').open") is False
    assert page.browser.evaluate(drawn) is False
    page.browser.call("Emulation.setEmulatedMedia", media="print")
    for part in (".tl-bar", "[data-part=strip]", ".tl-keys"):
        shown = f"getComputedStyle(document.querySelector('{part}')).display"
        assert page.browser.evaluate(shown) == "none"
    heights = (
        "[...document.querySelectorAll('#stills .plot')].map(e => e.getBoundingClientRect().height)"
    )
    assert min(page.browser.evaluate(heights)) > 20
    page.browser.call("Emulation.setEmulatedMedia", media="")
    assert page.browser.pdf(tmp_path / "report.pdf").startswith(b"%PDF")


def test_without_scripts_the_still_figures_are_there(page: Shown) -> None:
    page.browser.scripts(allowed=False)
    page.browser.complaints.clear()
    page.browser.open("about:blank", width=1280)
    page.browser.open(page.url, width=1280)
    try:
        assert (
            page.browser.evaluate("document.getElementById('timeline').checkVisibility()") is False
        )
        assert page.browser.evaluate(
            "document.getElementById('timeline-instead').checkVisibility()"
        )
        assert page.browser.evaluate(
            "[...document.querySelectorAll('#stills .plot')]"
            ".filter(e => e.checkVisibility()).length"
        ) == len(page.summary.trials) + len(page.summary.variants)
        assert page.browser.complaints == []
    finally:
        page.browser.scripts(allowed=True)


def test_names_of_others_stay_text(browser: Chromium, tmp_path: Path) -> None:
    trials = []
    for trial, name in zip(sample_campaign(repeat=1).trials, HOSTILE_NAMES, strict=False):
        start_ns, end_ns = trial.window_start_ns, trial.window_end_ns
        assert start_ns is not None
        span = PhaseSpan("main", name, start_ns, end_ns)
        trials.append(replace(trial, spans=(*trial.spans, span), phases_s={name: 1.0}))
    summary = assembled(trials)
    variants = tuple(
        replace(v, label=name) for v, name in zip(summary.variants, HOSTILE_NAMES * 2, strict=False)
    )
    summary = replace(summary, variants=variants)
    shown = Shown(
        browser, summary, write_html(summary, SampleStore(summary), tmp_path / "h.html").as_uri()
    )
    shown.open()
    assert browser.complaints == []
    assert browser.evaluate("document.images.length") == 0
    assert browser.evaluate("document.scripts.length") == 2
    options = browser.evaluate(
        "[...document.querySelector('[data-part=go]').options].map(o => o.text)"
    )
    assert any("<script>alert(1)</script>" in option for option in options)
    assert not any(re.search("[\u2028\x07]", option) for option in options)


def test_a_changed_script_is_refused(browser: Chromium, page: Shown, tmp_path: Path) -> None:
    text = Path(page.url.removeprefix("file://")).read_text(encoding="utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(text.replace('"use strict";', '"use strict"; ', 1), encoding="utf-8")
    browser.complaints.clear()
    browser.open(changed.as_uri(), width=1280)
    assert browser.evaluate("document.getElementById('timeline').hidden") is True
    assert any("Content Security Policy" in c for c in browser.complaints)
    browser.complaints.clear()


@pytest.mark.alone
def test_a_campaign_of_60000_samples_is_drawn_and_zoomed_quickly(
    browser: Chromium, tmp_path: Path
) -> None:
    summary = with_rail(sample_campaign(repeat=5))
    hz = 60_000 / (sum(t.duration_s or 0 for t in summary.trials) + 13 * len(summary.trials))
    store = SampleStore(summary, hz=hz)
    shown = Shown(browser, summary, write_html(summary, store, tmp_path / "many.html").as_uri())
    shown.open()
    ready_ms = browser.evaluate(
        "performance.getEntriesByType('measure').find(m => m.name === 'timeline').duration"
    )
    zoom_ms = browser.evaluate(
        "new Promise(done => { const t = performance.now();"
        " document.querySelector('[data-act=closer]').click();"
        " requestAnimationFrame(() => setTimeout(() => done(performance.now() - t))); })"
    )
    size = len((tmp_path / "many.html").read_bytes())
    print(f"60,000 samples x 4: ready {ready_ms:.0f} ms, zoom {zoom_ms:.0f} ms, page {size} bytes")
    assert size <= 2_000_000
    assert ready_ms < 5_000  # a machine may be busy: these are far above what is usual
    assert zoom_ms < 1_000
