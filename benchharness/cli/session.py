"""Runs the planned trials of a stored campaign: meters opened, signals heeded, progress shown."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from types import FrameType
from typing import Any

from benchharness.cli.progress import make_observer
from benchharness.cli.request import Request
from benchharness.cli.run_options import Options
from benchharness.cli.testbeds import Place
from benchharness.clock import MonotonicClock, WallAnchor
from benchharness.meters.base import Meter
from benchharness.report.commands import command, named_results
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, new_campaign_id
from benchharness.trial.campaign import CampaignRun
from benchharness.trial.cooldown import board_temperature_c
from benchharness.trial.equip import rest_for
from benchharness.trial.progress import Growth
from benchharness.trial.spec import TrialOptions, VariantSpec

_NO_TESTBED = Place()


def trial_options(options: Options, meters: Sequence[Meter]) -> TrialOptions:
    """Choose what the user left open to suit the meters, which are open."""
    rest = rest_for(meters, options.idle_s, quick=options.quick)
    return TrialOptions(
        probe_hz=options.probe_hz,
        warmup=options.warmup,
        settle_s=rest.settle_s,
        idle_s=rest.idle_s,
        cooldown_s=options.cooldown_s or 0.0,
    )


def run_planned(
    store: Store,
    campaign: CampaignRecord,
    specs: Mapping[int, VariantSpec],
    options: TrialOptions,
    meters: Sequence[Meter],
    growth: Growth | None = None,
    place: Place = _NO_TESTBED,
) -> bool:
    """Run what is planned, and what ``growth`` adds; return whether it was interrupted.

    ``place`` is a testbed in force. The store has all that there is.
    """
    planned = [trial for trial in store.trials(campaign.id) if trial.result is None]
    observer = make_observer(len(planned))
    clock = MonotonicClock()
    run = CampaignRun(
        store,
        campaign,
        specs,
        options,
        meters,
        observer,
        clock,
        board_temperature_c,
        growth,
        place.devices,
        place.plugs_cpu_s,
        place.plugs,
    )
    try:
        with _termination_is_interruption():
            run.run()
    except KeyboardInterrupt:
        observer.close()
        print(
            f"interrupted: what was measured is kept; finish it with: "
            f"{command('resume', campaign.id, results=named_results(store.path))}",
            file=sys.stderr,
        )
        return True
    finally:
        observer.close()
    return False


@contextmanager
def _termination_is_interruption() -> Iterator[None]:
    """End as cleanly on SIGTERM and SIGHUP as on Ctrl-C."""

    def interrupt(_number: int, _frame: FrameType | None) -> Any:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def new_campaign(request: Request, command: str, environment: Mapping[str, Any]) -> CampaignRecord:
    """Return the record of a campaign that begins now."""
    anchor = WallAnchor.take()
    return CampaignRecord(
        id=new_campaign_id(),
        created_utc=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        anchor_monotonic_ns=anchor.monotonic_ns,
        anchor_unix_ns=anchor.unix_ns,
        boot_id=str(environment.get("boot_id") or ""),
        title=request.title,
        command=command,
        spec={**request.spec(), "command": command},
        environment=environment,
    )
