"""Shows a campaign that has just been run, and says with which exit code to leave."""

from __future__ import annotations

import json
import sys

from benchharness.model import CampaignSummary, Status
from benchharness.report.commands import campaign_command
from benchharness.store.database import Store

INTERRUPTED = 130


def show_campaign(store: Store, campaign_id: str, *, as_json: bool, interrupted: bool) -> int:
    """Print the table on stderr, or the document on stdout; return the exit code."""
    from benchharness.report.derive import derive_campaign

    summary = derive_campaign(store, campaign_id)
    if as_json:
        from benchharness.report.document import to_document

        print(json.dumps(to_document(summary), indent=2, allow_nan=False))
    else:
        from benchharness.cli.tables import print_answer

        print_answer(summary)
        _print_next(summary, store)
    return INTERRUPTED if interrupted else exit_code(summary)


def _print_next(summary: CampaignSummary, store: Store) -> None:
    """Say where the results are, and how to see more of them."""
    print(f"\ncampaign {summary.campaign_id} in {store.path}", file=sys.stderr)
    print(f"all figures  {campaign_command('show', summary)}", file=sys.stderr)
    print(f"report       {campaign_command('report', summary, '--open')}", file=sys.stderr)


def exit_code(summary: CampaignSummary) -> int:
    """Return 0 if every trial is right, else 1."""
    return 0 if all(trial.status is Status.OK for trial in summary.trials) else 1
