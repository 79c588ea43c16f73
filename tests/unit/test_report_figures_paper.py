"""Figures for papers: sizes, text that stays text, and what they show."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, MeasurementClass, Status
from benchharness.report import figures
from benchharness.report.figures_files import PaperFigure, write_figures
from benchharness.report.figures_forest import ForestPoint, forest_figure, forest_points
from benchharness.report.figures_paper import COLUMN_MM, drawable, paper_style
from benchharness.report.figures_stacks import stack_figure
from benchharness.report.html_stacks import energy_stack
from benchharness.report.metrics import HIGHER, SINGLE
from tests.unit.report_samples import HOSTILE, KINDS, SampleStore, assembled, sample_campaign

POINTS_PER_MM = 72 / 25.4


def drawn(summary: CampaignSummary, folder: Path) -> dict[str, PaperFigure]:
    return {f.path.stem: f for f in write_figures(summary, SampleStore(summary), folder)}


def page_mm(path: Path) -> tuple[float, float]:
    found = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", path.read_bytes())
    assert found is not None
    return float(found[1]) / POINTS_PER_MM, float(found[2]) / POINTS_PER_MM


@pytest.mark.slow
def test_every_figure_is_one_column_wide_and_vector(tmp_path: Path) -> None:
    found = drawn(sample_campaign(), tmp_path)
    assert list(found) == ["forest", "runs", "energy", "time", "points", "power"]
    for name, figure in found.items():
        width, height = page_mm(figure.path)
        # Energy against time needs room for its labels.
        assert width == pytest.approx(120.0 if name == "points" else COLUMN_MM, abs=0.2)
        assert 15 < height < 140
        content = figure.path.read_bytes()
        assert b"/Type3" not in content
        assert b"/Subtype /Image" not in content
        streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
        texts = [zlib.decompress(s) for s in streams if s[:1] == b"\x78"]
        assert any(b" Tf" in text for text in texts)


@pytest.mark.slow
def test_many_variants_take_both_columns_and_the_same_figure_gives_the_same_bytes(
    tmp_path: Path,
) -> None:
    kinds = [replace(k, label=f"{k.label} {n}") for n in range(2) for k in KINDS]
    summary = sample_campaign(repeat=2, kinds=kinds)
    first = drawn(summary, tmp_path / "a")
    again = drawn(summary, tmp_path / "b")
    assert first["runs"].wide
    assert page_mm(first["runs"].path)[0] == pytest.approx(180, abs=0.2)
    for name, figure in first.items():
        assert figure.path.read_bytes() == again[name].path.read_bytes()


def test_points_are_the_standings_of_the_tables() -> None:
    summary = sample_campaign()
    points = forest_points(summary, "energy_net_j")
    by_label = {point.label: point for point in points}
    metric = next(v for v in summary.variants if v.label == "native").metrics["energy_net_j"]
    assert by_label["native"].ratio == metric.ratio
    assert (by_label["native"].low, by_label["native"].high) == (
        metric.ratio_low,
        metric.ratio_high,
    )
    assert points[0].label == "numpy"
    assert points[0].value.endswith("J, n = 5")


def point(label: str, ratio: float | None, low: float | None, high: float | None) -> ForestPoint:
    return ForestPoint(label, "1.0 ± 0.1 J, n = 3", HIGHER if low else SINGLE, ratio, low, high)


@pytest.mark.parametrize(
    ("others", "scale"),
    [
        ([point("b", 1.02, 1.01, 1.03)], "linear"),
        ([point("b", 0.5, 0.4, 0.6), point("c", 1.3, 1.1, 1.5)], "linear"),
        ([point("b", 40.0, 30.0, 50.0)], "log"),
        ([point("b", 1.0, 1.0, 1.0)], "linear"),
        ([point("b", 1.1, 0.2, 900.0)], "log"),
        ([point("b", 1.5, None, None), point("c", None, None, None)], "linear"),
    ],
)
def test_the_axis_holds_every_point_and_the_reference(
    others: list[ForestPoint], scale: str
) -> None:
    with paper_style():
        figure = forest_figure([point("a", 1.0, None, None), *others], "Energy", 0.02)
        assert figure is not None
        (axes,) = figure.axes
        low, high = axes.get_xlim()
    assert axes.get_xscale() == scale
    assert low < 1.0 < high
    assert all(low <= p.ratio <= high for p in others if p.ratio is not None)
    assert len(axes.get_xticks()) >= 1
    assert axes.patches[0].get_facecolor()[:3] == pytest.approx(
        [int(figures.BAND[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    )


@pytest.mark.slow
def test_a_single_variant_has_no_forest(tmp_path: Path) -> None:
    found = drawn(sample_campaign(kinds=KINDS[:1]), tmp_path)
    assert "forest" not in found
    assert "energy" in found


def test_the_axis_of_a_stack_counts_joules_from_zero() -> None:
    stack = energy_stack(sample_campaign())
    assert stack is not None
    with paper_style():
        axes = stack_figure(stack).axes[0]
    assert next(t.get_text() for t in axes.get_xticklabels()) == "0"
    assert axes.get_xlabel() == "Energy / J"
    place, text = axes.get_xticks()[-1], axes.get_xticklabels()[-1].get_text()
    assert place == pytest.approx(100 * float(text) / float(stack.rows[-1].total), rel=5e-3)


@pytest.mark.slow
def test_the_class_of_the_joules_stands_on_the_axes_and_in_the_captions(tmp_path: Path) -> None:
    summary = sample_campaign(cls=MeasurementClass.EMULATED)
    found = drawn(replace(summary, margin=0.02), tmp_path)
    for name in ("forest", "runs", "energy", "power"):
        assert "emulated meter" in found[name].caption
    assert r"$\pm$\,\SI{2}{\percent}" in found["forest"].caption


@pytest.mark.slow
def test_labels_with_anything_in_them_are_drawn(tmp_path: Path) -> None:
    labels = [HOSTILE, "中文 🎉 \u202e", "a$b_c^{d}\\frac12", "x" * 500]
    kinds = [replace(k, label=label) for k, label in zip(KINDS, labels, strict=True)]
    drawn(assembled(sample_campaign(repeat=2).trials, kinds, title=HOSTILE), tmp_path)
    assert drawable("a中\n🎉\u202eb") == "a\ufffd \ufffd\ufffdb"


def test_failed_and_empty_campaigns_give_what_they_have(tmp_path: Path) -> None:
    assert write_figures(assembled([], kinds=[]), None, tmp_path) == []
    failed = [replace(t, status=Status.FAILED) for t in sample_campaign(repeat=2).trials]
    assert write_figures(assembled(failed), None, tmp_path) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file: cannot write figures"):
        write_figures(sample_campaign(repeat=2), None, tmp_path / "file")
