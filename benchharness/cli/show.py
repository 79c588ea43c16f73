"""``benchharness show``: the table, the verdict and the cautions of a campaign."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path

if TYPE_CHECKING:
    from benchharness.model import CampaignSummary
    from benchharness.report.table import Table
    from benchharness.store.database import Store

EXAMPLES = """\
examples:
  benchharness show last
      the table of the newest campaign
  benchharness show last --budget
      and the uncertainty budget of each variant, and what every run's joules rest on
  benchharness show 7f3c --json | jq '.variants[].metrics.energy_net_j.mean'
      one JSON document; a unique beginning of the id is enough

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "show",
        help="print the table of a campaign",
        description="Print the verdict, the comparison table and the cautions of a campaign.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "campaign", metavar="CAMPAIGN_ID", help='an id, a unique beginning of one, or "last"'
    )
    parser.add_argument(
        "--budget", action="store_true", help="the uncertainty budgets and every run's energy"
    )
    parser.add_argument(
        "--statistics",
        action="store_true",
        help="what stands behind each mean: spread, meter, effect size, order, outliers, drift",
    )
    parser.add_argument(
        "--edge",
        action="store_true",
        help="CPU, RAM, power, current, sizes and start-up (shown anyway where hosts tell a size)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the campaign. Raises UnknownNameError or ResultsFileError (exit code 2)."""
    import json

    from benchharness.report.derive import derive_campaign
    from benchharness.store.database import Store

    with Store.open(results_path(args), create=False, read_only=True) as store:
        summary = derive_campaign(store, args.campaign)
        more = () if args.json else _more(summary, store)
    if args.json:
        from benchharness.report.document import to_document

        print(json.dumps(to_document(summary), indent=2, allow_nan=False))
    else:
        from benchharness.cli.tables import print_energy, print_statistics, print_summary

        print_summary(summary, edge=args.edge, more=more)
        if args.statistics:
            print_statistics(summary)
        if args.budget:
            print_energy(summary)
    return 0


def _more(summary: CampaignSummary, store: Store) -> Sequence[Table]:
    """Return the tables that need the observations: joules to an accuracy do."""
    from benchharness.report.groups import sections
    from benchharness.report.split.tables import split_tables

    return [t for part in sections(summary) for t in split_tables(part.summary, store)]
