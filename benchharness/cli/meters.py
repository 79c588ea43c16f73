"""``benchharness meters``: check a meter, emulate a plug, switch a plug's relay."""

from __future__ import annotations

import argparse

from benchharness.cli import meters_check, meters_emulate, meters_power
from benchharness.cli.common import EXIT_CODES, HelpFormatter

_EXAMPLES = """\
examples:
  benchharness meters check estimate
  benchharness meters check tasmota:mqtt://broker.local/plug-1 --seconds 30
  benchharness meters emulate tasmota --topic plug-1 --watt-res 1 --energy-res 5
  benchharness meters power plug-1 cycle

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``meters check``, ``meters emulate`` and ``meters power``."""
    parser = subparsers.add_parser(
        "meters",
        help="check a meter, emulate a plug, or switch one",
        description="Check whether a meter is fit to measure, emulate a plug without one, or "
        "switch a plug's relay.",
        epilog=_EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    meters_check.add_parser(actions)
    meters_emulate.add_parser(actions)
    meters_power.add_parser(actions)


def run(args: argparse.Namespace) -> int:
    """Run the action that was asked for."""
    code: int = args.run(args)
    return code
