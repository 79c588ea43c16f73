"""``benchharness report``: a campaign as HTML, LaTeX, Markdown or CSV."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path

if TYPE_CHECKING:
    from benchharness.model import CampaignSummary

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
    parser.add_argument("--open", action="store_true", help="open the HTML file in the browser")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write what was asked for. Raises UsageError for a campaign or a path (exit code 2)."""
    from benchharness.report.derive import derive_campaign
    from benchharness.store.database import Store

    with Store.open(results_path(args), create=False, read_only=True) as store:
        summary = derive_campaign(store, args.campaign)
        written = _tables(args, summary)
        page: Path | None = args.html
        if page is None and (args.open or not written):
            page = Path(f"benchharness-{summary.campaign_id}.html")
        if page is not None:
            from benchharness.report.html import write_html

            written.append(write_html(summary, store, page))
    for path in written:
        print(path)
    if args.open and page is not None:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
    return 0


def _tables(args: argparse.Namespace, summary: CampaignSummary) -> list[Path]:
    written = []
    if args.latex:
        from benchharness.report.latex import write_latex

        written.append(write_latex(summary, args.latex, standalone=args.standalone))
    if args.latex_budget:
        from benchharness.report.latex_budget import write_latex_budget

        written.append(write_latex_budget(summary, args.latex_budget, standalone=args.standalone))
    if args.latex_edge:
        from benchharness.report.latex_edge import write_latex_edge

        written.append(write_latex_edge(summary, args.latex_edge, standalone=args.standalone))
    if args.markdown:
        from benchharness.report.markdown import write_markdown

        written.append(write_markdown(summary, args.markdown))
    if args.csv:
        from benchharness.report.csv_files import write_csv

        written += write_csv(summary, args.csv)
    return written
