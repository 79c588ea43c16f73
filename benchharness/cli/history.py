"""``benchharness history``: one variant over many campaigns, with the steps marked."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchharness.cli.common import EXIT_CODES, HelpFormatter, as_path
from benchharness.report.commands import DEFAULT_RESULTS

if TYPE_CHECKING:
    from pathlib import Path

    from benchharness.report.history import History

EXAMPLES = """\
examples:
  benchharness history matrix
      a line for each variant of the workload: its means over time, and the last step
  benchharness history nightly --html history.html
      every campaign with this title; a page with a drawing for each variant
  benchharness history --metric time --results lab.db --results old.db --json
      all campaigns of two files, one JSON document

A series is the same workload with the same levels on the same machine, by the same meter.

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "history",
        help="show the same variants over many campaigns",
        description="Put the campaigns of results files in order, and mark where a mean changes.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    add("name", metavar="TITLE|WORKLOAD", nargs="?", help="campaigns with this title or workload")
    add(
        "--metric",
        metavar="M",
        help="energy (default where there are joules; net if known), energy_net, energy_gross, "
        "time, memory or cpu_time",
    )
    add("--html", metavar="F", type=as_path, help="one self-contained HTML file")
    add("--json", action="store_true", help="one JSON document on stdout")
    add("--last", metavar="N", type=int, help="only the newest N campaigns of each variant")
    add(
        "--results",
        metavar="FILE",
        type=as_path,
        action="append",
        help=f"a SQLite file of runs; may be repeated (default: {DEFAULT_RESULTS})",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print or write the history. Raises UsageError for a name, a metric or a file."""
    from benchharness.errors import UsageError

    if args.last is not None and args.last < 1:
        raise UsageError(f"{args.last} is below 1", where="--last")
    history = _history(args)
    if args.html is not None:
        from benchharness.report.html_history import write_history

        title = args.name or "All campaigns"
        command = " ".join(["benchharness", *args.arguments])
        path = write_history(history, args.html, title=title, command=command)
        if not args.json:
            print(path)
    if args.json:
        import json

        from benchharness.report.history_text import history_document

        print(json.dumps(history_document(history), indent=2, allow_nan=False))
    else:
        _print(history)
    return 0


def _history(args: argparse.Namespace) -> History:
    """Return the history of the metric that was asked for, else of energy, else of time."""
    from benchharness.plan.goals import read_metric
    from benchharness.report.history import build_history, is_energy
    from benchharness.report.history_read import read_campaigns

    metric = None if args.metric is None else read_metric(args.metric, "--metric")
    paths: list[Path] = args.results or [as_path(DEFAULT_RESULTS)]
    energy = metric is None or is_energy(metric)
    found = read_campaigns(paths, args.name, energy=energy)
    if metric is None:
        joules = any(variant.figures for entry in found.entries for variant in entry.variants)
        metric = "energy" if joules else "duration_s"
    return build_history(found.entries, metric, found.skipped, args.last)


def _print(history: History) -> None:
    from benchharness.cli.tables import print_table, say, stderr_console
    from benchharness.report.history_text import ASCII_BARS, BARS, answer, lines_table
    from benchharness.report.html_history import skipped_lines
    from benchharness.report.table_fit import fit

    console = stderr_console()
    say(console, answer(history), style="bold")
    if history.series:
        say(console, "")
        bars = BARS if console.encoding.lower().replace("-", "") == "utf8" else ASCII_BARS
        print_table(fit(lines_table(history, bars), max(40, console.width)), console)
    for line in skipped_lines(history.skipped):
        say(console, f"! left out: {line}", style="yellow")
