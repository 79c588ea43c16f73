"""``benchharness compare``: two campaigns, or the levels of a factor within one."""

from __future__ import annotations

import argparse

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path

EXAMPLES = """\
examples:
  benchharness compare 7f3c 9ab0
      the second against the first, variant by variant
  benchharness compare last --by runtime
      every level of a factor against its first one, all else equal
  benchharness compare last --by runtime --baseline native --json

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two campaigns, or the levels of a factor",
        description="Compare campaign B against campaign A, or the levels of a factor within A. "
        "Different machines, meters and classes of joules are not compared unless forced.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "a", metavar="A", help='a campaign: an id, a unique beginning of one, or "last"'
    )
    parser.add_argument("b", metavar="B", nargs="?", help="the campaign to compare with A")
    parser.add_argument("--by", metavar="FACTOR", help="compare the levels of a factor within A")
    parser.add_argument(
        "--baseline", metavar="LEVEL", help="the level to compare with (default: the first)"
    )
    parser.add_argument("--force", action="store_true", help="compare what should not be")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the comparison. Raises UsageError (exit code 2) for what must not be compared."""
    from benchharness.errors import UsageError
    from benchharness.report.comparison import compare_campaigns, compare_levels
    from benchharness.report.derive import derive_campaign
    from benchharness.store.database import Store

    if (args.b is None) == (args.by is None):
        raise UsageError(
            "compare needs a second campaign or --by FACTOR, and not both",
            remedy="for example: benchharness compare last --by runtime",
        )
    with Store.open(results_path(args), create=False, read_only=True) as store:
        a = derive_campaign(store, args.a)
        if args.by is not None:
            comparison = compare_levels(a, args.by, args.baseline, force=args.force)
        else:
            b = derive_campaign(store, args.b)
            comparison = compare_campaigns(a, b, force=args.force)
    if args.json:
        import json

        from benchharness.report.comparison_table import to_comparison_document

        print(json.dumps(to_comparison_document(comparison), indent=2, allow_nan=False))
        return 0
    from benchharness.cli.tables import print_comparison

    print_comparison(comparison)
    return 0
