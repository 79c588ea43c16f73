"""``benchharness report``: a campaign as a page, a paper's tables and figures, or data."""

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
      writes benchharness-<id>.html here: one file, no request to the network
  benchharness report last --open
      and opens it in the browser
  benchharness report 7f3c --latex table.tex --figures figures/ --methods methods.tex
      for a paper: tables and a paragraph to \\input, figures to \\includegraphics
  benchharness report 7f3c --latex paper.tex --standalone
      all of these as one document: pdflatex paper.tex
  benchharness report 7f3c --latex-budget budget.tex
      what the uncertainty of the joules is made of
  benchharness report 7f3c --markdown table.md --junit junit.xml
      for a pull request, and for the pipeline
  benchharness report 7f3c --csv numbers/ --parquet numbers/ --json campaign.json
      every trial and variant as data (raw observations: benchharness export)
  benchharness report last --against published/aiotwin-d1.4
      beside published tables: orders and ratios, and what is wrong with the tables

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "report",
        help="write a page, LaTeX, figures or data",
        description="Write the report of a campaign; the paths go to stdout. "
        "Without a format: HTML in the current folder.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "campaign", metavar="CAMPAIGN_ID", help='an id, a unique beginning of one, or "last"'
    )
    parser.add_argument("--html", type=Path, metavar="F", help="one self-contained HTML file")
    _add_paper(parser.add_argument_group("for a paper"))
    _add_data(parser.add_argument_group("for other programs"))
    parser.add_argument(
        "--against",
        metavar="PUBLICATION",
        help="put published results beside the campaign, in every format: published/NAME "
        "(benchharness list published) or a folder",
    )
    parser.add_argument("--open", action="store_true", help="open the HTML file in the browser")
    add_results_option(parser)
    parser.set_defaults(run=run)


def _add_paper(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--latex", type=Path, metavar="F", help="tables for \\input (booktabs)")
    group.add_argument(
        "--latex-budget", type=Path, metavar="F", help="the uncertainty budgets for \\input"
    )
    group.add_argument(
        "--latex-edge", type=Path, metavar="F", help="CPU, RAM, power, sizes, start-up for \\input"
    )
    group.add_argument("--figures", type=Path, metavar="DIR", help="figures as PDF, 88 mm wide")
    group.add_argument("--methods", type=Path, metavar="F", help="a methods paragraph for \\input")
    group.add_argument(
        "--standalone",
        action="store_true",
        help="make LaTeX a document of its own; with --latex all of methods, tables and figures",
    )


def _add_data(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--markdown", type=Path, metavar="F", help="a table for a pull request")
    group.add_argument(
        "--csv", type=Path, metavar="DIR", help="trials.csv, variants.csv and energy.csv"
    )
    group.add_argument(
        "--parquet", type=Path, metavar="DIR", help="trials.parquet and variants.parquet (pyarrow)"
    )
    group.add_argument("--json", type=Path, metavar="F", help="the document of show --json")
    group.add_argument("--junit", type=Path, metavar="F", help="JUnit XML: a case for each variant")


def run(args: argparse.Namespace) -> int:
    """Write what was asked for. Raises UsageError for a campaign or a path (exit code 2)."""
    from benchharness.cli.report_outputs import check, outputs, page
    from benchharness.report.derive import derive_campaign
    from benchharness.store.database import Store

    check(args)
    with Store.open(results_path(args), create=False, read_only=True) as store:
        summary = derive_campaign(store, args.campaign)
        against = _against(args, summary)
        for path in outputs(args, summary, store, against):
            print(path)
        html = page(args, summary, store, against)
    if html is not None:
        print(html)
        if args.open:
            import webbrowser

            webbrowser.open(html.resolve().as_uri())
    return 0


def _against(args: argparse.Namespace, summary: CampaignSummary) -> Against | None:
    """Return the comparison with published results, and print it for people."""
    if args.against is None:
        return None
    from benchharness.cli.against import against_of, print_against

    against = against_of(summary, args.against)
    print_against(against)
    return against
