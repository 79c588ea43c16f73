"""The figures of a campaign as PDF files, for a paper: forest, every run, stacks, power."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary
from benchharness.report.figures_captions import (
    forest_caption,
    points_caption,
    power_caption,
    runs_caption,
    stack_caption,
)
from benchharness.report.figures_forest import forest_figure, forest_points
from benchharness.report.figures_panels import points_figure, power_figure, runs_figure
from benchharness.report.figures_paper import paper_style, save_pdf
from benchharness.report.figures_programs import program_figures
from benchharness.report.figures_stacks import stack_figure
from benchharness.report.groups import sections
from benchharness.report.html_panels import median_run, variant_dots
from benchharness.report.html_stacks import energy_stack, time_stack
from benchharness.report.latex_text import label
from benchharness.report.metrics import (
    METRICS,
    class_suffix,
    energy_key,
    headline_key,
    ranked,
    ratio_key,
)
from benchharness.report.phases import phase_roles
from benchharness.report.power_points import power_points
from benchharness.report.timeline import SeriesReader, read_timeline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BUCKETS = 400
_MOST_POWERS = 4  # in one panel


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """A figure in a file, with its caption as LaTeX."""

    path: Path
    caption: str
    wide: bool  # both columns


def write_figures(
    summary: CampaignSummary, reader: SeriesReader | None, folder: Path
) -> list[PaperFigure]:
    """Write the figures that the campaign has something for; without ``reader`` none over time.

    Raises UsageError when the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part in sections(summary):
            for name, caption, figure in _figures(part.summary, part.heading, reader):
                suffix = f"-{label(part.heading)}" if part.heading else ""
                path = save_pdf(figure, folder / f"{name}{suffix}.pdf")
                wide = bool(figure.get_size_inches()[0] > 5.0)
                written.append(PaperFigure(path, caption, wide))
    except OSError as error:
        raise UsageError(
            f"cannot write figures: {error.strerror or error}",
            where=str(folder),
            remedy="choose another folder",
        ) from error
    return written


def _figures(
    summary: CampaignSummary, heading: str, reader: SeriesReader | None
) -> Iterator[tuple[str, str, Figure]]:
    """Yield name, caption and figure; each is drawn and saved in the look of paper."""
    key = headline_key(summary)
    suffix = class_suffix(summary)
    title = f"{METRICS[key].title}{suffix if METRICS[key].is_energy else ''}"
    with paper_style():
        forest = forest_figure(forest_points(summary, key), title, summary.margin)
        if forest is not None:
            yield "forest", forest_caption(summary, heading, key), forest
        dots = [d for v in ranked(summary, key) if (d := variant_dots(summary, v, key))]
        if dots:
            runs = max(trial.index for trial in summary.trials) + 1
            yield "runs", runs_caption(summary, heading, key), runs_figure(dots, runs)
        for name, stack in (("energy", energy_stack(summary)), ("time", time_stack(summary))):
            if stack is not None:
                yield name, stack_caption(summary, heading, stack), stack_figure(stack)
        joules = ratio_key(summary) or energy_key(summary)
        points = (
            points_figure(power_points(summary, joules), METRICS[joules].title, suffix)
            if joules
            else None
        )
        if joules and points is not None:
            yield "points", points_caption(summary, heading, joules), points
        if reader is not None:
            power = _power(summary, reader, key, suffix)
            if power is not None:
                yield "power", power_caption(summary, heading), power
        yield from program_figures(summary, heading, reader)


def _power(summary: CampaignSummary, reader: SeriesReader, key: str, suffix: str) -> Figure | None:
    lines = []
    for variant in ranked(summary, key)[:6]:
        trial = median_run(summary, variant, key)
        line = read_timeline(reader, trial, _BUCKETS, ("power",)) if trial else None
        if line is not None:
            lines.append((variant.label, line))
    if any(sum(s.quantity == "power" for s in line.series) > _MOST_POWERS for _, line in lines):
        return None  # a panel a device shows more
    return power_figure(lines, phase_roles(summary), suffix)
