"""``benchharness export``: raw observations for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path
from benchharness.errors import UsageError

EXAMPLES = """\
examples:
  benchharness export last --csv raw/
      trials.csv, variants.csv, events.csv and one CSV a stream under raw/observations/
  benchharness export 7f3c --json raw.json
      the campaign's document with all events and observations in it
  benchharness export last --parquet raw/
      trials, variants and observations for data frames (pip install pyarrow)
  benchharness export --schema schema/
      the JSON Schemas of the documents, which need no campaign

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "export",
        help="write raw observations for other programs",
        description="Write everything that was observed in a campaign. Times are CLOCK_MONOTONIC "
        "in nanoseconds (t_ns) and seconds from the start of the window (window_s).",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "campaign",
        metavar="CAMPAIGN_ID",
        nargs="?",
        help='an id, a unique beginning of one, or "last"',
    )
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--csv", type=Path, metavar="DIR", help="CSV files in a folder")
    form.add_argument("--json", type=Path, metavar="FILE", help="one JSON file")
    form.add_argument("--parquet", type=Path, metavar="DIR", help="Parquet files in a folder")
    form.add_argument("--schema", type=Path, metavar="DIR", help="the JSON Schemas of documents")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the observations. Raises UsageError for a campaign or a path (exit code 2)."""
    if args.schema is not None:
        from benchharness.report.schemas import write_schemas

        for path in write_schemas(args.schema):
            print(path)
        return 0
    if args.campaign is None:
        raise UsageError("no campaign was named", remedy='name one by its id, or write "last"')
    return _campaign(args)


def _campaign(args: argparse.Namespace) -> int:
    from benchharness.report.derive import derive_campaign
    from benchharness.store.database import Store

    with Store.open(results_path(args), create=False, read_only=True) as store:
        summary = derive_campaign(store, args.campaign)
        if args.csv is not None:
            from benchharness.report.csv_files import write_csv, write_events

            written = write_csv(summary, args.csv, store)
            write_events(summary, args.csv, store)
            print(f"{args.csv} ({len(written) + 1} files)")
        elif args.parquet is not None:
            from benchharness.report.parquet_files import write_parquet

            for path in write_parquet(summary, args.parquet, store):
                print(path)
        else:
            from benchharness.report.raw_json import write_raw_json

            print(write_raw_json(summary, store, args.json))
    return 0
