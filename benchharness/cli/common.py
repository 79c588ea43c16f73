"""Options that several commands share. Light: argparse only."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchharness.report.commands import DEFAULT_RESULTS

if TYPE_CHECKING:
    from pathlib import Path

EXIT_CODES = (
    "exit codes: 0 done, 1 a trial failed or a gate closed, 2 wrong usage or input,\n"
    "            3 a meter or the machine is not fit, 130 interrupted (resume goes on)"
)


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the examples as they are written, with room for the option names."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)


def add_results_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--results FILE``."""
    parser.add_argument(
        "--results",
        metavar="FILE",
        type=as_path,
        default=DEFAULT_RESULTS,
        help=f"the SQLite file of all runs (default: {DEFAULT_RESULTS})",
    )


def as_path(text: str) -> Path:
    """Return a path; pathlib is imported when a path is wanted, not for every ``--help``."""
    from pathlib import Path

    return Path(text)


def results_path(args: argparse.Namespace) -> Path:
    """Return the results file that was asked for."""
    path: Path = args.results
    return path
