"""What earlier campaigns of the results file know of variants that are to be run again."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchharness.cli.proposal import trial_s
from benchharness.model import Status, TrialSummary

if TYPE_CHECKING:
    from benchharness.cli.request import Request
    from benchharness.plan.run_table import Variant
    from benchharness.store.database import Store
    from benchharness.store.records import CampaignRecord

_CAMPAIGNS = 200  # the newest that are looked through
_TRIALS = 10  # of a variant: more would not be known better, and take their time


@dataclass(frozen=True, slots=True)
class Known:
    """Medians of the good trials of one variant in one campaign; ``spread_...`` are sd/mean.

    ``beside_s`` is what a trial took beside its window (starts, rest); joules are gross.
    """

    campaign_id: str
    trials: int
    window_s: float
    beside_s: float
    spread_time: float | None
    meter: str | None = None
    energy_j: float | None = None
    idle_w: float | None = None
    spread_energy: float | None = None


def known_variants(results: Path, request: Request) -> dict[int, Known]:
    """Return what is known of each variant, by its index, from the newest campaign that had it.

    A variant is the same if its workload (of a command, its words) and all its levels are. Empty
    without a results file.
    """
    from benchharness.store.database import Store

    if not results.exists():
        return {}
    found: dict[int, Known] = {}
    with Store.open(results, create=False, read_only=True) as store:
        for campaign in store.campaigns()[:_CAMPAIGNS]:
            for variant in request.table.variants:
                if variant.index in found:
                    continue
                index = _index_of(variant, request.source, campaign.spec)
                known = None if index is None else _known(store, campaign, index)
                if known is not None:
                    found[variant.index] = known
            if len(found) == len(request.table.variants):
                break
    return found


def _index_of(variant: Variant, source: Mapping[str, Any], spec: Mapping[str, Any]) -> int | None:
    """Return the number that a variant has in a stored campaign, None where it is not there."""
    stored = spec.get("source", {})
    if source.get("argv") != stored.get("argv"):
        return None
    for each in spec.get("variants", ()):
        workload = each.get("workload", spec.get("workload"))
        if workload == variant.workload and each["factors"] == dict(variant.factors):
            return int(each["index"])
    return None


def _known(store: Store, campaign: CampaignRecord, index: int) -> Known | None:
    from benchharness.report.derive import derive_trial

    records = [
        record
        for record in store.trials(campaign.id)
        if record.variant == index and record.status is Status.OK
    ]
    trials = [derive_trial(store, record) for record in records[-_TRIALS:]]
    windows_s = [trial.duration_s for trial in trials if trial.duration_s]
    if not windows_s:
        return None
    beside_s = statistics.median(
        max(0.0, trial_s(trial) - (trial.duration_s or 0.0)) for trial in trials
    )
    known = Known(
        campaign.id, len(windows_s), statistics.median(windows_s), beside_s, _spread(windows_s)
    )
    return _with_energy(known, trials)


def _with_energy(known: Known, trials: list[TrialSummary]) -> Known:
    figures = [trial.energy for trial in trials if trial.energy is not None]
    if not figures:
        return known
    joules = [figure.gross_j.value for figure in figures]
    idle_w = [figure.idle_power_w.value for figure in figures if figure.idle_power_w is not None]
    return Known(
        known.campaign_id,
        known.trials,
        known.window_s,
        known.beside_s,
        known.spread_time,
        figures[0].meter,
        statistics.median(joules),
        statistics.median(idle_w) if idle_w else None,
        _spread(joules),
    )


def _spread(values: list[float]) -> float | None:
    if len(values) < 2 or statistics.fmean(values) <= 0.0:
        return None
    return statistics.stdev(values) / statistics.fmean(values)
