"""``benchharness report``: a campaign as HTML, LaTeX, Markdown or CSV."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path

if TYPE_CHECKING:
    from benchharness.model import CampaignSummary
    from benchharness.report.against_records import Against

EXAMPLES = """\
examples:
  benchharness report last
      writes benchharness-<id>.html here: one file, no script, no request to the network
  benchharness report last --open
      and opens it in the browser
  benchharness report 7f3c --latex table.tex --markdown table.md
      a table to \\input into a paper, and one for a pull request
  benchharness report 7f3c --latex paper.tex --standalone
      a LaTeX document that compiles on its own
  benchharness report 7f3c --latex-budget budget.tex
      what the uncertainty of the joules is made of
  benchharness report 7f3c --csv numbers/
      trials.csv, variants.csv and energy.csv (raw observations: benchharness export)
  benchharness report last --against published/aiotwin-d1.4
      beside published tables: orders and ratios, and what is wrong with the tables

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "report",
        help="write HTML, LaTeX, Markdown or CSV",
        description="Write the report of a campaign; the paths go to stdout. "
        "Without a format: HTML in the current folder.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "campaign", metavar="CAMPAIGN_ID", help='an id, a unique beginning of one, or "last"'
    )
    parser.add_argument("--html", type=Path, metavar="F", help="one self-contained HTML file")
    parser.add_argument("--latex", type=Path, metavar="F", help="a table for \\input (booktabs)")
    parser.add_argument(
        "--latex-budget", type=Path, metavar="F", help="the uncertainty budgets for \\input"
    )
    parser.add_argument(
        "--latex-edge", type=Path, metavar="F", help="CPU, RAM, power, sizes, start-up for \\input"
    )
    parser.add_argument(
        "--standalone", action="store_true", help="make a LaTeX file a document of its own"
    )
    parser.add_argument("--markdown", type=Path, metavar="F", help="a table for a pull request")
    parser.add_argument(
        "--csv", type=Path, metavar="DIR", help="trials.csv, variants.csv and energy.csv"
    )
    parser.add_argument(
        "--against",
        metavar="PUBLICATION",
        help="put published results beside the campaign, in every format: published/NAME "
        "(benchharness list published) or a folder",
    )
    parser.add_argument("--open", action="store_true", help="open the HTML file in the browser")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write what was asked for. Raises UsageError for a campaign or a path (exit code 2)."""
    from benchharness.report.derive import derive_campaign
    from benchharness.store.database import Store

    with Store.open(results_path(args), create=False, read_only=True) as store:
        summary = derive_campaign(store, args.campaign)
        against = _against(args, summary)
        written = _tables(args, summary, against)
        page: Path | None = args.html
        if page is None and (args.open or not written):
            page = Path(f"benchharness-{summary.campaign_id}.html")
        if page is not None:
            from benchharness.report.html import write_html

            view = None
            if against is not None:
                from benchharness.report.against_html import against_view

                view = against_view(against)
            written.append(write_html(summary, store, page, view))
    for path in written:
        print(path)
    if args.open and page is not None:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
    return 0


def _against(args: argparse.Namespace, summary: CampaignSummary) -> Against | None:
    """Return the comparison with published results, and print it for people."""
    if args.against is None:
        return None
    from benchharness.cli.against import against_of, print_against

    against = against_of(summary, args.against)
    print_against(against)
    return against


def _tables(
    args: argparse.Namespace, summary: CampaignSummary, against: Against | None
) -> list[Path]:
    written = []
    if args.latex:
        from benchharness.report.latex import write_latex

        more = ""
        if against is not None:
            from benchharness.report.against_latex import latex_against

            more = latex_against(against)
        written.append(write_latex(summary, args.latex, standalone=args.standalone, more=more))
    if args.latex_budget:
        from benchharness.report.latex_budget import write_latex_budget

        written.append(write_latex_budget(summary, args.latex_budget, standalone=args.standalone))
    if args.latex_edge:
        from benchharness.report.latex_edge import write_latex_edge

        written.append(write_latex_edge(summary, args.latex_edge, standalone=args.standalone))
    if args.markdown:
        from benchharness.report.markdown import write_markdown

        more = ""
        if against is not None:
            from benchharness.report.against_markdown import markdown_against

            more = markdown_against(against)
        written.append(write_markdown(summary, args.markdown, more))
    if args.csv:
        from benchharness.report.csv_files import write_csv

        written += write_csv(summary, args.csv)
        if against is not None:
            from benchharness.report.against_csv import write_against_csv

            written += write_against_csv(against, args.csv)
    return written
