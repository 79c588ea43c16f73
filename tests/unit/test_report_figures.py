from __future__ import annotations

import re
from pathlib import Path

from benchharness.report import figures
from benchharness.report.figures import COLOUR_OF
from benchharness.report.figures_runs import RunDots, draw_runs, shared_limit
from benchharness.report.figures_time import draw_small, draw_trial
from benchharness.report.phases import phase_roles
from benchharness.report.timeline import Timeline, read_timeline
from tests.unit.report_samples import HOSTILE, SampleStore, sample_campaign

CSS = Path(__file__).parents[2] / "reports" / "report.css"


def timeline() -> Timeline:
    summary = sample_campaign(repeat=1)
    line = read_timeline(SampleStore(summary), summary.trials[0])
    assert line is not None
    return line


def dots(label: str = "numpy") -> RunDots:
    return RunDots(label, (0, 3, 7), (-1.0, 0.5, 0.5), (False, True, False), 0.8)


def test_colours_are_variables_of_the_style_sheet() -> None:
    summary = sample_campaign(repeat=1)
    drawings = [
        draw_trial(timeline(), "a", "title", phase_roles(summary)),
        draw_small(timeline(), "power", "b", "title", 8.0, (-8.0, 20.0)),
        draw_runs(dots(), "c", "Time", 9, 2.0),
    ]
    css = CSS.read_text(encoding="utf-8")
    for drawing in drawings:
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b", re.sub(r"[\"(]#[^\")]+", "", drawing))
        for role in re.findall(r"var\(--([a-z]+)\)", drawing):
            assert f"--{role}:" in css


def test_every_colour_of_a_figure_is_one_of_the_page_in_light_and_in_dark() -> None:
    css = CSS.read_text(encoding="utf-8")
    light, _, dark = css.partition("prefers-color-scheme: dark")
    for role, colour in COLOUR_OF.items():
        assert f"--{role}: {colour};" in light
        assert f"--{role}: #" in dark
    for role in (r for r in COLOUR_OF if r not in ("line", "surface")):
        assert f".fill-{role} {{" in css


def test_a_figure_has_a_title_a_description_and_text_that_stays_text() -> None:
    drawing = draw_trial(timeline(), "one", "Run 1, numpy", {})
    assert '<title id="one-t">Run 1, numpy</title>' in drawing
    assert re.search(r'<desc id="one-d">power of plug-1: mean in the window \d', drawing)
    assert 'aria-labelledby="one-t one-d"' in drawing
    assert "Power / W" in drawing
    assert "time from the start of the window / s" in drawing
    assert ">window<" in drawing


def test_the_same_figure_gives_the_same_text_without_a_date() -> None:
    first, second = (draw_runs(dots(), "x", "Time", 9, 2.0) for _ in range(2))
    assert first == second
    assert "<metadata" not in first
    assert "<style" not in first
    assert "<!--" not in first


def test_the_ids_of_two_figures_do_not_meet() -> None:
    ids = [
        found
        for name in ("p", "q")
        for found in re.findall(r' id="([^"]+)"', draw_trial(timeline(), name, "t", {}))
    ]
    assert len(ids) == len(set(ids))
    drawing = draw_trial(timeline(), "p", "t", {})
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', drawing))
    assert used <= set(re.findall(r' id="([^"]+)"', drawing))


def test_foreign_text_in_a_figure_is_only_text() -> None:
    drawing = draw_runs(dots(HOSTILE), "x", HOSTILE, 9, 2.0)
    assert "<script" not in drawing
    assert "<img" not in drawing


def test_dots_of_every_panel_fit_a_round_limit() -> None:
    assert shared_limit([dots()]) == 1
    assert shared_limit([RunDots("a", (0, 1), (-7.0, 7.0), (False, False), None)]) == 10
    assert shared_limit([]) == 0.5


def test_a_figure_also_saves_as_pdf(tmp_path: Path) -> None:
    with figures.style():
        figure = figures.new_figure(300, 200)
        figure.subplots().plot([0, 1], [1, 2], color=figures.LOWER)
        figure.savefig(tmp_path / "figure.pdf")
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")


def test_a_dollar_is_a_dollar() -> None:
    with figures.style():
        figure = figures.new_figure(300, 200)
        figure.subplots().set_title("costs $x$ and $y$")
        drawing = figures.svg(figure, "x", "t", "d")
    assert "costs $x$ and $y$" in drawing
