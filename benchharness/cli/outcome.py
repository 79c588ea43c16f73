"""Shows a campaign that has just been run, and says with which exit code to leave."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from benchharness.cli.common import DEFAULT_RESULTS
from benchharness.model import CampaignSummary, Status
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
    results = (
        "" if store.path == Path(DEFAULT_RESULTS) else f" --results {shlex.quote(str(store.path))}"
    )
    name = summary.campaign_id
    print(f"\ncampaign {name} in {store.path}", file=sys.stderr)
    print(f"all figures  benchharness show {name}{results}", file=sys.stderr)
    print(f"report       benchharness report {name} --open{results}", file=sys.stderr)


def exit_code(summary: CampaignSummary) -> int:
    """Return 0 if every trial is right, else 1."""
    return 0 if all(trial.status is Status.OK for trial in summary.trials) else 1
