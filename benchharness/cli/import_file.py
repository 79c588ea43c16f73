"""``benchharness import``: results of pytest-benchmark or hyperfine become a campaign."""

from __future__ import annotations

import argparse
import sys

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path

EXAMPLES = """\
examples:
  pytest --benchmark-json run.json --energy && benchharness import run.json
      benchmarks become variants, rounds trials; joules are taken over
  benchharness import before-1.json before-2.json before-3.json --title before
      repetitions of one run: three figures of energy for each benchmark
  hyperfine --export-json h.json 'prog a' 'prog b' && benchharness import h.json
  benchharness compare BEFORE AFTER

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "import",
        help="make a campaign of results of pytest-benchmark or hyperfine",
        description="Make a campaign of the JSON files of pytest-benchmark (--benchmark-json) or "
        "hyperfine (--export-json), so that compare, report and gate work on it.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE.json", help="one run, or repetitions")
    parser.add_argument("--title", metavar="TEXT", help="a title for tables and reports")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read every file before anything is stored, then show the campaign."""
    import shlex
    from pathlib import Path

    from benchharness.cli.outcome import show_campaign
    from benchharness.imports.campaign import read_file, store_imported
    from benchharness.store.database import Store

    paths = [Path(name) for name in args.files]
    files = [read_file(path) for path in paths]
    title = args.title or f"{files[0].program}: {', '.join(path.name for path in paths)}"
    with Store.open(results_path(args)) as store:
        campaign = store_imported(
            store,
            files,
            title=title,
            command=shlex.join(["benchharness", *args.arguments]),
        )
        for note in dict.fromkeys(note for file in files for note in file.notes):
            print(f"note: {note}", file=sys.stderr)
        return show_campaign(store, campaign.id, as_json=args.json, interrupted=False)
