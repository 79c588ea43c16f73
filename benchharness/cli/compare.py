"""``benchharness compare``: two campaigns, the levels of a factor, or the variants of one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchharness.cli.common import (
    EXIT_CODES,
    HelpFormatter,
    add_results_option,
    as_path,
    results_path,
)

if TYPE_CHECKING:
    from benchharness.model import CampaignSummary
    from benchharness.report.comparison_records import Comparison
    from benchharness.store.database import Store

EXAMPLES = """\
examples:
  benchharness compare 7f3c 9ab0
      the second against the first, variant by variant
  benchharness compare last
      the variants of a campaign against its baseline, or all pairs where it has none
  benchharness compare last --baseline runtime=native --margin 2%
      against the variants of that level; changes within 2 % are the same
  benchharness compare last --by runtime --baseline native --json
      every level of a factor against one of them, all else equal

verdicts: lower, higher; the same where a margin says what is too little to matter;
undecided, with what would decide; not comparable, with the reason

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "compare",
        help="compare campaigns, levels of a factor, or variants",
        description="Compare campaign B against campaign A, or the variants of A with each other. "
        "Different machines, meters, classes of joules and changed environments are not compared "
        "unless forced.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "a", metavar="A", help='a campaign: an id, a unique beginning of one, or "last"'
    )
    parser.add_argument("b", metavar="B", nargs="?", help="the campaign to compare with A")
    parser.add_argument("--by", metavar="FACTOR", help="compare the levels of a factor within A")
    parser.add_argument(
        "--baseline",
        metavar="LEVEL|F=V",
        action="append",
        help="what to compare with: a level with --by (default: the first), else factor=level "
        "(default: the campaign's baseline)",
    )
    parser.add_argument(
        "--pairs", action="store_true", help="all pairs of variants, whatever the baseline is"
    )
    parser.add_argument(
        "--margin",
        metavar="P",
        help="what is too little to matter, as 2%% (default: the campaign's)",
    )
    parser.add_argument("--force", action="store_true", help="compare what should not be")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--markdown", metavar="F", type=as_path, help="for a pull request")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the comparison. Raises UsageError (exit code 2) for what must not be compared."""
    from benchharness.store.database import Store

    _check(args)
    with Store.open(results_path(args), create=False, read_only=True) as store:
        comparison = _compared(args, store)
    if args.markdown is not None:
        from benchharness.cli.gate_inputs import write_text
        from benchharness.report.pull_request import compare_markdown

        write_text(args.markdown, compare_markdown(comparison), "--markdown")
    if args.json:
        import json

        from benchharness.report.comparison_document import to_comparison_document

        print(json.dumps(to_comparison_document(comparison), indent=2, allow_nan=False))
        return 0
    from benchharness.cli.tables import print_comparison

    print_comparison(comparison)
    return 0


def _check(args: argparse.Namespace) -> None:
    from benchharness.errors import UsageError

    if args.b is not None and (args.by is not None or args.pairs or args.baseline):
        raise UsageError(
            "a second campaign stands beside --by, --pairs or --baseline",
            where="compare",
            remedy="leave one of the two out",
        )
    if args.by is not None and len(args.baseline or ()) > 1:
        raise UsageError(
            "several levels to compare with", where="--baseline", remedy="name one level of --by"
        )


def _compared(args: argparse.Namespace, store: Store) -> Comparison:
    from benchharness.plan.quantities import read_share
    from benchharness.report.comparison import compare_campaigns
    from benchharness.report.comparison_levels import compare_levels
    from benchharness.report.comparison_variants import compare_variants
    from benchharness.report.derive import derive_campaign

    margin = None if args.margin is None else read_share(args.margin, "--margin")
    a = derive_campaign(store, args.a)
    if args.b is not None:
        b = derive_campaign(store, args.b)
        return compare_campaigns(a, b, margin=margin, force=args.force)
    if args.by is not None:
        level = args.baseline[0] if args.baseline else None
        return compare_levels(a, args.by, level, margin=margin, force=args.force)
    baseline = _baseline(args, a)
    return compare_variants(a, baseline, margin=margin, force=args.force)


def _baseline(args: argparse.Namespace, campaign: CampaignSummary) -> dict[str, str] | None:
    """Return the levels to compare with: as told, else the campaign's; None for all pairs."""
    from benchharness.errors import UnknownNameError
    from benchharness.plan.factor_options import parse_levels

    if args.pairs:
        return None
    if args.baseline:
        levels = parse_levels(args.baseline, "--baseline", "runtime=native")
    else:
        levels = {name: str(level) for name, level in (campaign.baseline or {}).items()}
    known = dict.fromkeys(name for v in campaign.variants for name in v.factors)
    for name, level in levels.items():
        if name not in known:
            raise UnknownNameError("factor", name, list(known), where="--baseline")
        there = dict.fromkeys(str(v.factors[name]) for v in campaign.variants if name in v.factors)
        if level not in there:
            raise UnknownNameError("level", level, list(there), where=f"--baseline {name}")
    return levels or None
