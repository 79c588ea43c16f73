"""Energy against time, with lines of constant power."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from benchharness.report import figures
from benchharness.report.figures_power import plot_power, power_plot
from benchharness.report.power_points import line_powers, power_points, powers_caption
from tests.unit.report_samples import KINDS, Kind, assembled, sample_campaign


def test_points_are_means_with_their_halves_the_lowest_first() -> None:
    summary = sample_campaign()
    points = power_points(summary, "energy_gross_j")
    assert next(p.label for p in points) == "numpy"
    assert [p.is_reference for p in points] == [True, False, False, False]
    numpy = summary.variants[3].metrics
    assert points[0].power_w == pytest.approx(
        (numpy["energy_gross_j"].mean or 0.0) / (numpy["duration_s"].mean or 1.0)
    )
    assert points[0].half_j is not None


@pytest.mark.parametrize("powers", [[3.1, 3.2], [1.0, 40.0], [0.002], [5.9, 7.4, 6.0]])
def test_lines_are_few_round_and_around_the_points(powers: list[float]) -> None:
    lines = line_powers(powers)
    assert 1 <= len(lines) <= 4
    assert lines == sorted(lines)
    assert all(0.69 * min(powers) <= line <= 1.41 * max(powers) for line in lines)
    assert all(float(f"{line:.2g}") == pytest.approx(line) for line in lines)


def test_the_caption_says_whether_time_decides() -> None:
    alike = [Kind("a", 10.0, 6.0, 20.0, 0.0, None), Kind("b", 20.0, 6.05, 20.0, 0.0, None)]
    points = power_points(sample_campaign(kinds=alike), "energy_gross_j")
    assert powers_caption(points, "Gross energy").endswith("so that time decides energy.")
    apart = power_points(sample_campaign(), "energy_gross_j")
    text = powers_caption(apart, "Gross energy")
    assert text.startswith("The mean power runs from 5.9")
    assert text.endswith("(numpy).")


@pytest.mark.slow
def test_every_label_is_drawn_once_and_in_the_colours_of_the_page() -> None:
    found = power_plot(sample_campaign(), "power")
    assert found is not None
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", found.figure)
    for kind in KINDS:
        assert texts.count(kind.label) == 1
    assert any(text.endswith(" W") for text in texts)
    assert not re.search(r"#[0-9a-f]{6}", found.figure)
    assert "numpy: 3." in found.figure  # the description


@pytest.mark.slow
def test_widely_spread_points_get_logarithms() -> None:
    kinds = [Kind(f"v{d}", d, 6.0, 20.0, 0.0, None) for d in (0.5, 5.0, 50.0)]
    points = power_points(sample_campaign(kinds=kinds), "energy_gross_j")
    with figures.style():
        axes = figures.new_figure(400, 300).subplots()
        plot_power(axes, points, "Gross energy")
        assert axes.get_xscale() == axes.get_yscale() == "log"
        axes = figures.new_figure(400, 300).subplots()
        plot_power(axes, points[:1] * 2, "Gross energy")
        assert axes.get_xlim()[0] == axes.get_ylim()[0] == 0.0


def test_there_is_no_figure_of_one_point_or_without_energy() -> None:
    assert power_plot(sample_campaign(kinds=KINDS[:1]), "p") is None
    trials = [replace(t, energy=None) for t in sample_campaign().trials]
    assert power_plot(assembled(trials), "p") is None
