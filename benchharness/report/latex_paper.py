"""A LaTeX document of a whole campaign: methods, tables and figures, to read and to take from."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary
from benchharness.report.figures_files import PaperFigure
from benchharness.report.latex import render_latex
from benchharness.report.latex_document import document, write_tex
from benchharness.report.latex_text import escape, label
from benchharness.report.methods import Conditions, methods_latex
from benchharness.report.text import plain

_SHOWS = {
    "forest": "shows the change of each variant against the reference, with joint intervals",
    "runs": "shows how far each run lies from the mean of its variant",
    "energy": "shows how much of the joules is the idle floor",
    "time": "shows in which phases the time went",
    "points": "shows energy against time, and with it the mean power",
    "power": "shows the power over time of a typical run of each variant",
    "engines": "shows the energy of all devices by what they did",
    "deviceenergy": "shows how much of each device's energy was work and how much waiting",
    "devicetime": "shows how long each device worked and waited",
    "devices": "shows power and energy of each device over time",
    "learning": "shows what was learned by round, and against its price",
    "front": "shows the time of a round against its energy, by scheme",
    "cuts": "shows where the network was cut over time",
    "predicted": "shows what was predicted against what was measured",
    "partition": "shows how the examples were divided among the clients",
}
_SAFE_PATH = re.compile(r"[A-Za-z0-9 ._/+-]*")


def write_paper(
    summary: CampaignSummary,
    path: Path,
    figures: Sequence[PaperFigure] = (),
    conditions: Conditions | None = None,
    more: str = "",
) -> Path:
    """Write the document; ``more`` stands at its end.

    Raises UsageError when it cannot be written, and for figures in a folder that LaTeX cannot name.
    """
    places = [_place(figure.path, path.parent) for figure in figures]
    text = render_paper(summary, list(zip(figures, places, strict=True)), conditions, more)
    return write_tex(path, text, "the document")


def render_paper(
    summary: CampaignSummary,
    figures: Sequence[tuple[PaperFigure, str]] = (),
    conditions: Conditions | None = None,
    more: str = "",
) -> str:
    """Return the document; a figure has the path by which the document finds it."""
    title = escape(plain(summary.title, 120)) or "A campaign"
    parts = [
        rf"\section*{{{title}}}",
        f"{escape(plain(summary.verdict, 1200))}",
        "",
        r"\subsection*{Methods}",
        methods_latex(summary, conditions),
        r"\subsection*{Results}",
        *_references(summary, figures),
        render_latex(summary),
        *(figure_float(figure, place, summary) for figure, place in figures),
        more,
        r"\clearpage",
    ]
    return document("\n".join([*parts, ""]))


def figure_float(figure: PaperFigure, place: str, summary: CampaignSummary) -> str:
    """Return the float of a figure; one of both columns for a two-column paper is ``figure*``."""
    return "\n".join(
        [
            r"\begin{figure}[htbp]",
            r"\centering",
            rf"\includegraphics{{{place}}}",
            rf"\caption{{{figure.caption}}}",
            rf"\label{{{_name(figure, summary)}}}",
            r"\end{figure}",
            "",
        ]
    )


def _references(summary: CampaignSummary, figures: Sequence[tuple[PaperFigure, str]]) -> list[str]:
    """Say the answer and what each figure shows, so that no float stands without a word."""
    verdict = escape(plain(summary.verdict, 1200)).rstrip(".")
    said = [f"{verdict}."] if verdict else []
    for figure, _ in figures:
        shows = _SHOWS.get(figure.path.stem.partition("-")[0], "shows the campaign")
        said.append(rf"Fig.~\ref{{{_name(figure, summary)}}} {shows}.")
    return [" ".join(said), ""] if said else []


def _name(figure: PaperFigure, summary: CampaignSummary) -> str:
    return f"fig:benchharness-{label(summary.campaign_id)}-{label(figure.path.stem)}"


def _place(path: Path, folder: Path) -> str:
    place = os.path.relpath(path, folder)
    if not _SAFE_PATH.fullmatch(place):
        raise UsageError(
            "LaTeX cannot include a figure whose path has signs of its own",
            where=plain(place, 120),
            remedy="choose a folder of letters, digits, - and _",
        )
    return place
