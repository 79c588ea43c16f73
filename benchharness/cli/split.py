"""``benchharness split``: where to cut a network between devices and a server."""

from __future__ import annotations

import argparse

from benchharness.cli import split_optimum, split_profile
from benchharness.cli.common import EXIT_CODES, HelpFormatter

_EXAMPLES = """\
examples:
  benchharness split optimum
  benchharness split optimum --mbit 20 --alpha 0,0.5,1 --corrected --terms waiting,model \\
      --idle-w pi:0.8,nano:1.75
  benchharness split optimum --profile profile.json

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions of ``split``."""
    parser = subparsers.add_parser(
        "split",
        help="say where to cut a network between devices and a server",
        description="Split learning: where to cut a network between devices and a server.",
        epilog=_EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    split_optimum.add_parser(actions)
    split_profile.add_parser(actions)
