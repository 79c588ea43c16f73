"""What ``benchharness report`` writes: one function a format, each yields the files it has written.

A file is told as soon as it is there, so that an error in a later one hides none.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchharness.model import CampaignSummary
    from benchharness.report.against_records import Against
    from benchharness.report.figures_files import PaperFigure
    from benchharness.store.database import Store

FORMATS = (
    *("html", "latex", "latex_budget", "latex_edge", "figures", "methods"),
    *("markdown", "csv", "parquet", "json", "junit"),
)


def check(args: argparse.Namespace) -> None:
    """Raise UsageError for what cannot be written, before anything is."""
    from benchharness.errors import UsageError

    whole = (args.latex, args.latex_budget, args.latex_edge, args.methods)
    if args.standalone and not any(whole):
        raise UsageError(
            "a document of its own needs a LaTeX file",
            where="--standalone",
            remedy="add --latex paper.tex, or leave it out",
        )
    if args.parquet:
        from benchharness.report.parquet_files import require_pyarrow

        require_pyarrow()
    for name in FORMATS:
        path: Path | None = getattr(args, name)
        if path is not None and not path.parent.is_dir() and not path.parent.parent.is_dir():
            raise UsageError(
                f"there is no folder {path.parent}",
                where=f"--{name.replace('_', '-')}",
                remedy="make it, or choose another file",
            )


def outputs(
    args: argparse.Namespace, summary: CampaignSummary, store: Store, against: Against | None
) -> Iterator[Path]:
    """Write every format that was asked for but HTML. Raises UsageError, naming the file."""
    figures = list(_figures(args, summary, store))
    yield from (figure.path for figure in figures)
    yield from _latex(args, summary, store, against, figures)
    yield from _text(args, summary, store, against)
    yield from _tables(args, summary, against)
    yield from _documents(args, summary, store)


def page(
    args: argparse.Namespace, summary: CampaignSummary, store: Store, against: Against | None
) -> Path | None:
    """Write HTML where it was asked for, or nothing else was; return its file."""
    path: Path | None = args.html
    if path is None and (args.open or not any(getattr(args, name) for name in FORMATS)):
        path = Path(f"benchharness-{summary.campaign_id}.html")
    if path is None:
        return None
    from benchharness.report.html import write_html

    view = None
    if against is not None:
        from benchharness.report.against_html import against_view

        view = against_view(against)
    return write_html(summary, store, path, view)


def _figures(
    args: argparse.Namespace, summary: CampaignSummary, store: Store
) -> Iterator[PaperFigure]:
    """Write the figures where they were asked for, and beside a document that shows them."""
    folder: Path | None = args.figures
    if folder is None and args.latex and args.standalone:
        folder = args.latex.with_name(f"{args.latex.stem}-figures")
    if folder is not None:
        from benchharness.report.figures_files import write_figures

        yield from write_figures(summary, store, folder)


def _latex(
    args: argparse.Namespace,
    summary: CampaignSummary,
    store: Store,
    against: Against | None,
    figures: list[PaperFigure],
) -> Iterator[Path]:
    if args.latex:
        from benchharness.report.latex_devices import learning_floats
        from benchharness.report.split.paper import split_floats

        more = learning_floats(summary, store) + split_floats(summary, store)
        if against is not None:
            from benchharness.report.against_latex import latex_against

            more += latex_against(against)
        if args.standalone:
            from benchharness.report.latex_paper import write_paper
            from benchharness.report.methods import read_conditions

            conditions = read_conditions(store, summary.campaign_id)
            yield write_paper(summary, args.latex, figures, conditions, more)
        else:
            from benchharness.report.latex import write_latex

            yield write_latex(summary, args.latex, more=more)
    if args.latex_budget:
        from benchharness.report.latex_budget import write_latex_budget

        yield write_latex_budget(summary, args.latex_budget, standalone=args.standalone)
    if args.latex_edge:
        from benchharness.report.latex_edge import write_latex_edge

        yield write_latex_edge(summary, args.latex_edge, standalone=args.standalone)


def _text(
    args: argparse.Namespace, summary: CampaignSummary, store: Store, against: Against | None
) -> Iterator[Path]:
    if args.methods:
        from benchharness.report.methods import read_conditions, write_methods

        conditions = read_conditions(store, summary.campaign_id)
        yield write_methods(summary, args.methods, conditions, standalone=args.standalone)
    if args.markdown:
        from benchharness.report.markdown import write_markdown
        from benchharness.report.split.paper import split_markdown

        more = split_markdown(summary, store)
        if against is not None:
            from benchharness.report.against_markdown import markdown_against

            more += markdown_against(against)
        yield write_markdown(summary, args.markdown, more)


def _tables(
    args: argparse.Namespace, summary: CampaignSummary, against: Against | None
) -> Iterator[Path]:
    if args.csv:
        from benchharness.report.csv_files import write_csv

        yield from write_csv(summary, args.csv)
        if against is not None:
            from benchharness.report.against_csv import write_against_csv

            yield from write_against_csv(against, args.csv)
    if args.parquet:
        from benchharness.report.parquet_files import write_parquet

        yield from write_parquet(summary, args.parquet)


def _documents(args: argparse.Namespace, summary: CampaignSummary, store: Store) -> Iterator[Path]:
    if args.json:
        from benchharness.report.document import write_json

        yield write_json(summary, args.json)
    if args.junit:
        from benchharness.report.junit_campaign import write_junit

        left_out = store.campaign(summary.campaign_id).spec.get("left_out", ())
        yield write_junit(summary, args.junit, left_out)
