"""``benchharness gate``: a campaign against a baseline, with an exit code for a pipeline."""

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
    from benchharness.report.gate import Gate, Limit

EXAMPLES = """\
examples:
  benchharness gate --baseline 7f3c --max-regression 3% --metric energy
      the newest campaign against campaign 7f3c
  benchharness gate last --baseline main.db --max-regression energy=3% --max-regression time=5%
      the baseline is the newest campaign of another results file; main.db:7f3c names one
  benchharness gate --baseline main.json --max-regression 3% --markdown comment.md --junit gate.xml
      the baseline as "benchharness show ID --json" wrote it; a comment for the pull request
  benchharness gate --baseline 7f3c --max-regression 3% --power
      which regression this gate would see, at how many repetitions

open: the whole interval is within the limit; unproven: it reaches across the limit, which closes
nothing without --strict; closed: all of it is above the limit

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "gate",
        help="compare with a baseline; exit code 1 for a proven regression",
        description="Hold a campaign against a baseline. Only a regression that is proven beyond "
        "the limit closes the gate; a difference inside the uncertainty never does.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    add(
        "candidate",
        metavar="CANDIDATE",
        nargs="?",
        default="last",
        help='the campaign to judge: an id, a unique beginning of one, or "last" (default)',
    )
    add(
        "--baseline",
        metavar="X",
        help='an id, "last", FILE.db, FILE.db:ID, or the FILE.json of a campaign',
    )
    add("--baseline-results", metavar="FILE", type=as_path, help="look for X in this results file")
    add(
        "--max-regression",
        metavar="P|M=P",
        action="append",
        default=[],
        help="by how much a metric may rise, as 3%%; of one metric alone: time=5%%",
    )
    add(
        "--metric",
        metavar="M",
        action="append",
        default=[],
        help="energy (default; net if known), energy_net, energy_gross, time, memory or cpu_time; "
        "may be repeated",
    )
    add("--strict", action="store_true", help="an unproven gate is closed too")
    add("--force", action="store_true", help="compare what should not be")
    add(
        "--power",
        "--dry-run",
        action="store_true",
        dest="power",
        help="judge nothing: say which regression would be seen, from the baseline's spread",
    )
    add("--json", action="store_true", help="one JSON document on stdout")
    add("--markdown", metavar="F", type=as_path, help="a summary for a pull request")
    add("--junit", metavar="F", type=as_path, help="JUnit XML")
    add(
        "--github-summary",
        action="store_true",
        help="append the summary to the file that GITHUB_STEP_SUMMARY names",
    )
    add("--report-url", metavar="URL", help="where the full report is, for the summary")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge, write what was asked for, and return the exit code of the gate."""
    from benchharness.cli.gate_inputs import baseline_of, candidate_of, limits_of
    from benchharness.report.gate import gate_campaigns

    limits = limits_of(args.metric, args.max_regression)
    baseline = baseline_of(args.baseline, args.baseline_results, results_path(args))
    if args.power:
        return _power(args, baseline, limits)
    candidate = candidate_of(args.candidate, results_path(args))
    gate = gate_campaigns(baseline, candidate, limits, force=args.force, strict=args.strict)
    _write(args, gate)
    _print(args, gate)
    return gate.exit_code


def _power(args: argparse.Namespace, baseline: CampaignSummary, limits: list[Limit]) -> int:
    from benchharness.cli.gate_inputs import print_power
    from benchharness.report.gate_power import gate_power, power_document

    rows = gate_power(baseline, limits)
    if args.json:
        _print_json(power_document(rows))
    else:
        print_power(rows)
    return 0


def _write(args: argparse.Namespace, gate: Gate) -> None:
    from benchharness.cli.gate_inputs import write_text

    if args.junit is not None:
        from benchharness.report.gate_document import gate_suites
        from benchharness.report.junit import junit_xml

        write_text(args.junit, junit_xml(gate_suites(gate)), "--junit")
    if args.markdown is None and not args.github_summary:
        return
    from benchharness.cli.gate_inputs import baseline_file
    from benchharness.report.pull_request import gate_markdown

    file = baseline_file(args.baseline, args.baseline_results, gate.baseline.campaign_id)
    text = gate_markdown(gate, report_url=args.report_url, baseline_file=file)
    if args.markdown is not None:
        write_text(args.markdown, text, "--markdown")
    if args.github_summary:
        from benchharness.cli.gate_inputs import append_summary

        append_summary(text)


def _print(args: argparse.Namespace, gate: Gate) -> None:
    if args.json:
        from benchharness.report.gate_document import gate_document

        _print_json(gate_document(gate))
        return
    from benchharness.cli.tables import print_table, say, stderr_console
    from benchharness.report.gate_text import answer, gate_table
    from benchharness.report.table_fit import fit

    console = stderr_console()
    say(console, answer(gate), style="bold")
    if gate.rows:
        say(console, "")
    print_table(fit(gate_table(gate), max(40, console.width)), console)


def _print_json(document: object) -> None:
    import json

    print(json.dumps(document, indent=2, allow_nan=False))
