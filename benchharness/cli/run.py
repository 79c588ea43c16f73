"""``benchharness run``: measure a workload, a campaign file, or any command."""

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
from benchharness.cli.goal_options import add_goal_options

if TYPE_CHECKING:
    from benchharness.cli.request import Request

EXAMPLES = """\
examples:
  benchharness run matrix --vary runtime=wasmtime,native --repeat 5
      two variants, five times each, in a seeded and interleaved order
  benchharness run matrix --set n=1000 --meter tasmota:mqtt://broker/plug-1
      energy from a smart plug (user and password: see README, Connect a plug)
  benchharness run --repeat 10 --idle 5 -- ./my-program --its-option
      any program is a workload: everything after -- is its command line
  benchharness run my-campaign.toml --quick
      a smoke run of a campaign file
  benchharness run d1.4-wasm.toml --only matrix --skip-missing
      one workload of a campaign, with the runtimes that are here
  benchharness run matrix --vary runtime=wasmtime,native --until-width 5% --max-time 7200
      as often as every mean needs to be known within 5 %, and for two hours at most
  benchharness run matrix.toml --pilot 3
      three repetitions, then how many it takes and the command that adds them
  benchharness run fl_wideresnet --testbed d1.4 --quick
      its clients on the devices of a testbed: CPU shares of this machine, emulated plugs
  benchharness run matrix.toml --repeat 12 --baseline runtime=native --dry-run
      nothing is measured: the run table, how long it takes, and what it cannot tell apart

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "run",
        help="measure a workload, a campaign file or any command",
        description="Measure a workload, a campaign file, or any command after --.",
        usage="benchharness run [options] WORKLOAD | CAMPAIGN.toml | -- COMMAND ...",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "target", nargs="?", metavar="WORKLOAD | CAMPAIGN.toml", help="a name, a folder or a file"
    )
    _add_what(parser)
    add_goal_options(parser)
    _add_how(parser)
    add_results_option(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def _add_what(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to measure")
    group.add_argument(
        "--set", action="append", default=[], metavar="F=V", help="set a factor to a level"
    )
    group.add_argument(
        "--vary", action="append", default=[], metavar="F=A,B", help="vary a factor over levels"
    )
    group.add_argument("--repeat", type=int, metavar="N", help="trials of each variant (1)")
    group.add_argument(
        "--warmup", type=int, metavar="N", help="runs before each window that do not count (0)"
    )
    group.add_argument(
        "--quick", action="store_true", help="a smoke run: small sizes; the report says so"
    )
    group.add_argument(
        "--only",
        action="append",
        metavar="WORKLOAD",
        help="of a campaign of several workloads run these only (A,B; may be repeated)",
    )
    group.add_argument(
        "--skip-missing",
        action="store_true",
        help="leave out variants whose programs or runtimes are not on this machine",
    )
    group.add_argument("--title", metavar="TEXT", help="a title for tables and reports")


def _add_how(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to measure")
    group.add_argument(
        "--meter",
        action="append",
        metavar="NAME",
        help="a meter's name, file or address, may be repeated; 'none' for time and memory only "
        "(default: the best this machine has)",
    )
    group.add_argument(
        "--testbed",
        metavar="NAME",
        help="put participants on the devices of a testbed (benchharness list testbeds), or FILE",
    )
    group.add_argument(
        "--truth",
        type=as_path,
        metavar="DIR",
        help="write the exact energy of each emulated plug of the testbed there",
    )
    group.add_argument(
        "--probe-hz", type=float, metavar="F", help="samples of CPU and memory a second (10)"
    )
    group.add_argument(
        "--idle",
        dest="idle_s",
        type=float,
        metavar="S",
        help="seconds of idle power before and after (default: chosen for the meter)",
    )
    group.add_argument(
        "--cooldown",
        dest="cooldown_s",
        type=float,
        metavar="S",
        help="seconds between trials where the board has no temperature (0)",
    )
    group.add_argument("--seed", type=int, metavar="N", help="of the order (default: drawn)")
    group.add_argument(
        "--timeout", dest="timeout_s", type=float, metavar="S", help="kill a trial after S seconds"
    )


def run(args: argparse.Namespace) -> int:
    """Plan, run, store, and show."""
    import shlex
    from pathlib import Path

    from benchharness.cli.growing import growth_of, table_plans
    from benchharness.cli.outcome import show_campaign
    from benchharness.cli.proposal import print_proposal
    from benchharness.cli.request import request_from_arguments
    from benchharness.cli.session import new_campaign, run_planned, trial_options
    from benchharness.cli.testbeds import placed
    from benchharness.cli.variants import ready_variants
    from benchharness.plan.baseline import settled_baseline
    from benchharness.plan.environment import environment
    from benchharness.plan.files import campaign_files
    from benchharness.plan.runtimes import used_versions
    from benchharness.store.database import Store
    from benchharness.trial.equip import open_meters

    request = request_from_arguments(args)
    if args.dry_run:
        return _dry_run(args, request)
    with Store.open(results_path(args)) as store:
        request, specs = ready_variants(
            request, skip_missing=args.skip_missing, testbed=request.testbed
        )
        settled_baseline(request.goals, request.manifests, request.table.variants)
        with (
            placed(request, request.options.meters, args.truth) as place,
            open_meters(request.options.meters, place.instruments) as meters,
        ):
            options = trial_options(request.options, meters)
            campaign = new_campaign(
                request,
                shlex.join(["benchharness", *args.arguments]),
                environment(
                    runtimes=used_versions(each.factors for each in request.table.variants),
                    files=campaign_files(
                        (
                            (request.manifests[v.workload], v.factors)
                            for v in request.table.variants
                        ),
                        request.source.get("campaign"),
                    ),
                    sources=[Path.cwd(), *(m.folder for m in request.manifests.values())],
                ),
            )
            store.add_campaign(campaign)
            store.claim(campaign.id)
            store.plan_trials(campaign.id, table_plans(request.table))
            growth = growth_of(store, campaign)
            interrupted = run_planned(store, campaign, specs, options, meters, growth, place)
        code = show_campaign(store, campaign.id, as_json=args.json, interrupted=interrupted)
        if not interrupted:
            print_proposal(store, campaign)
        return code


def _dry_run(args: argparse.Namespace, request: Request) -> int:
    """Print the plan: on stderr for people, on stdout for programs."""
    import json
    import shutil
    import sys

    from benchharness.cli.dry_run import plan_of
    from benchharness.cli.dry_run_text import document, lines

    plan = plan_of(request, results_path(args))
    if args.json:
        print(json.dumps(document(plan), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        for line in lines(plan, min(100, shutil.get_terminal_size().columns)):
            print(line, file=sys.stderr)
    return 0
