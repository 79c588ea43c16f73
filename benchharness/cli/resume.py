"""``benchharness resume``: finish a campaign that was interrupted, killed or cut off."""

from __future__ import annotations

import argparse

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path

EXAMPLES = """\
examples:
  benchharness resume last
  benchharness resume 7f3c19ea --results lab.db

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
        "--meter", action="append", metavar="NAME", help="use this meter instead of the stored one"
    )
    add_results_option(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Finish what was planned, and show all of it."""
    import sys

    from benchharness.cli.outcome import show_campaign
    from benchharness.cli.session import run_planned, trial_options
    from benchharness.cli.stored_request import request_from_spec
    from benchharness.cli.variants import ready_variants
    from benchharness.model import Status
    from benchharness.store.database import Store
    from benchharness.trial.equip import open_meters

    with Store.open(results_path(args), create=False) as store:
        campaign = store.campaign(args.campaign)
        store.claim(campaign.id)
        interrupted = False
        try:
            for trial in store.trials(campaign.id):
                if trial.status in (Status.RUNNING, Status.INVALID):
                    store.reset_trial(trial.trial_id)
            left = [t for t in store.trials(campaign.id) if t.status is Status.PLANNED]
            if left:
                wanted = {trial.variant for trial in left}
                request, specs = ready_variants(
                    request_from_spec(campaign.spec, wanted),
                    begun=any(trial.result is not None for trial in store.trials(campaign.id)),
                )
                with open_meters(args.meter or request.options.meters) as meters:
                    options = trial_options(request.options, meters)
                    interrupted = run_planned(store, campaign, specs, options, meters)
            else:
                store.finish_campaign(campaign.id, "done", campaign.overhead)
                print(f"campaign {campaign.id} was complete", file=sys.stderr)
        finally:
            store.release(campaign.id)
        return show_campaign(store, campaign.id, as_json=args.json, interrupted=interrupted)
