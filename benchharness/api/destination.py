"""Where a measurement is stored: a results file, as a trial of this process's campaign, or nowhere.

A results file gets one campaign for each process that measures into it. Each label, with its
factors, is a variant, and each measurement a trial, so that ``compare``, ``report`` and ``gate``
read it like any other campaign. Without a results file a scratch one lasts as long as the trial.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchharness.clock import WallAnchor
from benchharness.errors import UnknownNameError
from benchharness.model import Factors
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, TrialPlan, new_campaign_id

WORKLOAD = "python"
LABEL = "label"
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder of our own in it


@dataclass(slots=True)
class _Campaign:
    """What this process has put into one results file."""

    id: str
    trials: int = 0
    variants: list[Factors] = field(default_factory=list)
    repetitions: list[int] = field(default_factory=list)

    def plan(self, factors: Factors) -> TrialPlan:
        """Return the next trial of these factors."""
        if factors not in self.variants:
            self.variants.append(factors)
            self.repetitions.append(0)
        variant = self.variants.index(factors)
        plan = TrialPlan(self.trials, variant, self.repetitions[variant], WORKLOAD, factors)
        self.repetitions[variant] += 1
        self.trials += 1
        return plan


@dataclass(frozen=True, slots=True)
class Place:
    """An open store with the trial that was made for a measurement."""

    store: Store
    campaign_id: str
    trial_id: int


# By process and file: a fork measures into a campaign of its own.
_campaigns: dict[tuple[int, str], _Campaign] = {}


@contextmanager
def place(results: Path | None, factors: Factors) -> Iterator[Place]:
    """Open where a measurement is stored, with a planned trial.

    Raises ResultsFileError for a file that cannot be used, UnfitError for a full disk.
    """
    if results is not None:
        with Store.open(results) as store:
            yield _planned(store, _campaign(store, results), factors)
        return
    folder = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="benchharness-measure-", dir=folder) as scratch,
        Store.open(Path(scratch) / "scratch.db") as store,
    ):
        yield _planned(store, _new_campaign(store, {}), factors)


def _planned(store: Store, campaign: _Campaign, factors: Factors) -> Place:
    store.claim(campaign.id)
    plan = campaign.plan(factors)
    store.plan_trials(campaign.id, [plan])
    (trial,) = (each for each in store.trials(campaign.id) if each.index == plan.index)
    return Place(store, campaign.id, trial.trial_id)


def _campaign(store: Store, results: Path) -> _Campaign:
    key = (os.getpid(), str(results.resolve()))
    known = _campaigns.get(key)
    if known is not None:
        try:
            store.campaign(known.id)
        except UnknownNameError:  # the file is a new one
            known = None
    if known is None:
        from benchharness.plan.environment import environment

        known = _campaigns[key] = _new_campaign(store, environment())
    return known


def _new_campaign(store: Store, environment: dict[str, Any]) -> _Campaign:
    anchor = WallAnchor.take()
    record = CampaignRecord(
        id=new_campaign_id(),
        created_utc=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        anchor_monotonic_ns=anchor.monotonic_ns,
        anchor_unix_ns=anchor.unix_ns,
        boot_id=str(environment.get("boot_id") or ""),
        title=f"Python code measured in {_script()}",
        command=f"benchharness.measure in {_script()}",
        spec={
            "workload": WORKLOAD,
            "workloads": [WORKLOAD],
            "source": {"kind": WORKLOAD},
            "variants": [],
            "options": {"meters": []},
        },
        environment=environment,
    )
    store.add_campaign(record)
    return _Campaign(record.id)


def _script() -> str:
    """Return the name of the program, never its folder; a notebook's kernel has none of use."""
    name = Path(sys.argv[0]).name if sys.argv else ""
    return name if name.endswith(".py") and "ipykernel" not in name else "an interactive session"
