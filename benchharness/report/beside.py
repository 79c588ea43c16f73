"""What else the results file has to say of a campaign: the one before it, and the floor of noop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchharness.model import CampaignSummary
from benchharness.report.derive import derive_campaign
from benchharness.report.methods import Conditions, read_conditions
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord

NOOP = "noop"


@dataclass(frozen=True, slots=True)
class Beside:
    """``previous`` is of the same workloads; ``noop`` of the same machine. None: there is none.

    ``results_file`` is its name, without its folder, and its size in bytes; ``conditions`` are how
    the runs were made, for the methods paragraph.
    """

    previous: CampaignSummary | None = None
    noop: CampaignSummary | None = None
    results_file: tuple[str, int] | None = None
    conditions: Conditions | None = None


def beside(store: Store, campaign_id: str) -> Beside:
    """Return what the results file has beside a campaign. Raises UnknownNameError for no such."""
    own = store.campaign(campaign_id)
    records = store.campaigns()  # newest first
    place = next((i for i, record in enumerate(records) if record.id == own.id), len(records))
    earlier = [r for r in records[place + 1 :] if _alike(r, own)]
    comparable = [record for record in earlier if _variants(record) & _variants(own)]
    same_title = [record for record in comparable if record.title == own.title]
    previous = next(iter(same_title or comparable or earlier), None)
    noop = next((r for r in records if _is_floor(r, own)), None)
    try:
        size = store.path.stat().st_size
    except OSError:
        size = None
    return Beside(
        previous=None if previous is None else derive_campaign(store, previous.id),
        noop=None if noop is None else derive_campaign(store, noop.id),
        results_file=None if size is None else (store.path.name, size),
        conditions=read_conditions(store, own.id),
    )


def _alike(record: CampaignRecord, own: CampaignRecord) -> bool:
    """Say whether a campaign ran the same workloads, as quickly, to its end."""
    return (
        record.state == "done"
        and _workloads(record) == _workloads(own)
        and bool(record.spec.get("quick")) == bool(own.spec.get("quick"))
    )


def _is_floor(record: CampaignRecord, own: CampaignRecord) -> bool:
    machines = record.environment.get("machine"), own.environment.get("machine")
    return (
        record.id != own.id
        and _workloads(record) == {NOOP}
        and len(record.spec.get("variants", ())) == 1
        and machines[0] is not None
        and machines[0] == machines[1]
    )


def _variants(record: CampaignRecord) -> set[tuple[str, str]]:
    """Return workload and factors of the variants, to be compared."""
    return {
        (str(v.get("workload")), json.dumps(v.get("factors", {}), sort_keys=True))
        for v in record.spec.get("variants", ())
    }


def _workloads(record: CampaignRecord) -> set[str]:
    variants: list[Mapping[str, Any]] = list(record.spec.get("variants", ()))
    found = {str(v["workload"]) for v in variants if v.get("workload")}
    return found or {str(record.spec.get("workload", ""))}
