"""``benchharness resume``: finish a campaign that was interrupted, or add repetitions to it."""

from __future__ import annotations

import argparse

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path

EXAMPLES = """\
examples:
  benchharness resume last
  benchharness resume 7f3c19ea --results lab.db
  benchharness resume last --repeat 20
      20 repetitions in all: those that are missing are added, in the same seeded order

A block (every variant once) is measured with one set of meters: to take another --meter in the
middle of one, its trials must be run again (--redo-block).

Trials that have ended keep their results; one that was cut off is run again, and what was
observed of it stays in the results file.

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "resume",
        help="finish a campaign that was interrupted",
        description="Run the trials of a campaign that have not been run.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("campaign", metavar="CAMPAIGN_ID", help="its id, the start of it, or last")
    parser.add_argument(
        "--repeat", type=int, metavar="N", help="go on until there are N repetitions in all"
    )
    parser.add_argument(
        "--meter", action="append", metavar="NAME", help="use this meter instead of the stored one"
    )
    parser.add_argument(
        "--redo-block",
        action="store_true",
        help="run the trials of an unfinished block again, so that all have the same meters",
    )
    add_results_option(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Finish what was planned, add what is asked for, and show all of it."""
    import sys

    from benchharness.cli.continuing import (
        keep_blocks_whole,
        missing_blocks,
        more_text,
        plan_blocks,
        reset_unfinished,
    )
    from benchharness.cli.growing import growth_of
    from benchharness.cli.outcome import show_campaign
    from benchharness.cli.proposal import print_proposal
    from benchharness.cli.session import run_planned, trial_options
    from benchharness.cli.stored_request import refuse_lost, request_from_spec
    from benchharness.cli.testbeds import device_instruments, placed
    from benchharness.cli.variants import ready_variants
    from benchharness.model import Status
    from benchharness.store.database import Store
    from benchharness.trial.equip import open_meters

    with Store.open(results_path(args), create=False) as store:
        campaign = store.campaign(args.campaign)
        refuse_lost(campaign.spec)
        missing_blocks(store, campaign.id, args.repeat)  # refuses before anything is changed
        store.claim(campaign.id)
        interrupted = False
        try:
            # Counted again now that nobody else can add any: it may have grown until the claim.
            added = missing_blocks(store, campaign.id, args.repeat)
            reset_unfinished(store, campaign.id)
            fixed = args.repeat is not None or campaign.state == "done"
            growth = None if fixed else growth_of(store, campaign)
            names = args.meter or campaign.spec["options"]["meters"]
            begun = any(trial.result is not None for trial in store.trials(campaign.id))
            devices = device_instruments(campaign.spec)
            keep_blocks_whole(store, campaign.id, names, redo=args.redo_block, devices=devices)
            trials = store.trials(campaign.id)
            left = {trial.variant for trial in trials if trial.status is Status.PLANNED}
            if left or added or growth is not None:
                wanted = left if growth is None and not added else None
                request = request_from_spec(campaign.spec, wanted)
                request, specs = ready_variants(request, begun=begun, testbed=request.testbed)
                with (
                    placed(request, names) as place,
                    open_meters(names, place.instruments) as meters,
                ):
                    options = trial_options(request.options, meters)
                    plan_blocks(store, campaign, added)
                    interrupted = run_planned(
                        store, campaign, specs, options, meters, growth, place
                    )
            else:
                store.finish_campaign(campaign.id, "done", campaign.overhead)
                print(
                    f"campaign {campaign.id} was complete; {more_text(store, campaign)}",
                    file=sys.stderr,
                )
        finally:
            store.release(campaign.id)
        code = show_campaign(store, campaign.id, as_json=args.json, interrupted=interrupted)
        if args.repeat is None and not interrupted:
            print_proposal(store, campaign)
        return code
