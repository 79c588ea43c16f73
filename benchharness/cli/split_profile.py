"""``benchharness split profile``: what the devices of a stored campaign took, for a later run."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path

_EXAMPLES = """\
examples:
  benchharness split profile last -o profile.json
  benchharness split optimum --profile profile.json --mbit 5,20,50
      where these devices should be cut on other links
  benchharness run split_ares --set profile=profile.json
      a run that need not measure them again

Watts are the meters' where they tell them, with U (u_w); each figure says where it is from.
docs/cuts.md has the form.

"""


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action's options."""
    parser = actions.add_parser(
        "profile",
        help="write what the devices of a campaign took, for split optimum and later runs",
        description="Write a profile from a stored campaign: seconds by layer, rates of links, "
        "watts of each device with their uncertainty.",
        epilog=_EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "campaign", metavar="CAMPAIGN_ID", help='an id, a unique beginning of one, or "last"'
    )
    parser.add_argument("-o", "--output", type=Path, metavar="F", help="a file (default: stdout)")
    parser.add_argument("--variant", metavar="LABEL", help="of this variant's runs alone")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the profile. Raises UsageError for a campaign without one (exit code 2)."""
    import json

    from benchharness.cli.tables import say, stderr_console
    from benchharness.report.derive import derive_campaign
    from benchharness.report.split.profile import campaign_profile
    from benchharness.report.text import plain
    from benchharness.store.database import Store

    with Store.open(results_path(args), create=False, read_only=True) as store:
        summary = derive_campaign(store, args.campaign)
    found = campaign_profile(summary, args.variant)
    text = json.dumps(found.document, indent=2, allow_nan=False) + "\n"
    if args.output is None:
        print(text, end="")
    else:
        _write(args.output, text)
        print(args.output)
    if found.left_out:
        names = "; ".join(plain(label, 60) for label in found.left_out)
        say(
            stderr_console(),
            f"left out, since network, batches or power mode differ: {names} (--variant LABEL)",
        )
    return 0


def _write(path: Path, text: str) -> None:
    from benchharness.errors import UsageError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write the profile: {error.strerror}",
            where=str(path),
            remedy="choose another place with -o FILE",
        ) from error
