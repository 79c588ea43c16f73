"""Asks a stop rule after each block, from what is stored, and plans the block that follows.

Everything is derived from the results file, so that a campaign that was killed anywhere goes on
by the same rule with what it had seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchharness.cli.proposal import trial_s
from benchharness.model import TrialSummary
from benchharness.plan.goals import IN_WORDS, goals_from_spec
from benchharness.plan.run_table import RunTable, Variant, block
from benchharness.plan.stop import Seen, StopRule, decide, standing
from benchharness.store.records import CampaignRecord, TrialPlan, TrialRecord

if TYPE_CHECKING:
    from benchharness.store.database import Store

ENERGY = "energy"
_NET, _GROSS = "energy_net_j", "energy_gross_j"


def table_plans(table: RunTable) -> list[TrialPlan]:
    """Return every row of a run table, numbered in its order."""
    return [
        TrialPlan(index, variant.index, repetition, variant.workload, variant.factors)
        for index, (place, repetition) in enumerate(table.order)
        for variant in [table.variants[place]]
    ]


def block_plans(variants: Sequence[Variant], repetition: int, seed: int) -> list[TrialPlan]:
    """Return the rows of one block of the run table, numbered on from the blocks before it."""
    first = repetition * len(variants)
    return [
        TrialPlan(first + place, variant.index, repetition, variant.workload, variant.factors)
        for place, (index, _) in enumerate(block(len(variants), repetition, seed))
        for variant in [variants[index]]
    ]


@dataclass(slots=True)
class BlockGrowth:
    """Grows one campaign by the rule; what has been derived of a trial is kept."""

    store: Store
    campaign_id: str
    variants: Sequence[Variant]
    seed: int
    rule: StopRule
    metric: str
    standing: str = ""
    stopped: str | None = None
    _known: dict[int, TrialSummary] = field(default_factory=dict)

    def another_block(self) -> bool:
        """Plan the trials of another block; False if the rule says that it is enough."""
        seen = self._seen()
        decision = decide(self.rule, seen, IN_WORDS[self.metric])
        self.standing = standing(self.rule, seen)
        if not decision.go_on:
            self.stopped = decision.reason
            return False
        plans = block_plans(self.variants, seen.blocks, self.seed)
        self.store.plan_trials(self.campaign_id, plans)
        return True

    def _seen(self) -> Seen:
        records = self.store.trials(self.campaign_id, replaced=True)
        live = [record for record in records if record.replaced_by is None]
        blocks = max((record.repetition + 1 for record in live), default=0)
        every = [self._derived(record) for record in records]
        kept = [self._known[record.trial_id] for record in live]
        spent_s, kept_s = sum(map(trial_s, every)), sum(map(trial_s, kept))
        spent_j, kept_j = _energy_j(every), _energy_j(kept)
        if live:
            self._known.pop(live[-1].trial_id)  # its cool-down is yet to come
        return Seen(
            blocks=blocks,
            values=values_of(self.variants, kept, self.metric),
            elapsed_s=spent_s,
            block_s=kept_s / blocks if blocks else None,
            energy_j=spent_j,
            block_j=kept_j / blocks if kept_j is not None and blocks else None,
        )

    def _derived(self, record: TrialRecord) -> TrialSummary:
        from benchharness.report.derive import derive_trial

        if record.trial_id not in self._known:
            self._known[record.trial_id] = derive_trial(self.store, record)
        return self._known[record.trial_id]


def growth_of(store: Store, campaign: CampaignRecord) -> BlockGrowth | None:
    """Return what grows a campaign, None where a fixed number of repetitions was asked for."""
    spec = campaign.spec
    rule = goals_from_spec(spec).stop
    if not rule.grows:
        return None
    variants = stored_variants(spec)
    return BlockGrowth(store, campaign.id, variants, int(spec["seed"]), rule, looked_at(spec))


def stored_variants(spec: Mapping[str, Any]) -> list[Variant]:
    """Return the variants of a stored campaign, without looking for their workloads."""
    return [
        Variant(v["index"], v["label"], v["factors"], v.get("workload", spec["workload"]))
        for v in spec["variants"]
    ]


def looked_at(spec: Mapping[str, Any]) -> str:
    """Return the metric that a stop rule looks at: energy, unless there is no meter."""
    metric: str | None = spec.get("metric")
    return metric or ("duration_s" if list(spec["options"]["meters"]) == ["none"] else ENERGY)


def values_of(
    variants: Sequence[Variant], trials: Sequence[TrialSummary], metric: str
) -> dict[str, Sequence[float]]:
    """Return the metric's values of the good trials, by the variant's label."""
    from benchharness.report.derive_variants import net_is_known, of_variants

    found = of_variants(({"index": v.index, "label": v.label} for v in variants), trials)
    if metric == ENERGY:
        figures = [figure for each in found for figure in each.figures]
        net = all(f.net_j is not None for f in figures)
        net = net and all(net_is_known(each.figures) for each in found if each.figures)
        metric = _NET if net and figures else _GROSS
    return {each.label: each.values(metric) for each in found}


def _energy_j(trials: Sequence[TrialSummary]) -> float | None:
    """Return the joules of the windows, None where no trial has any."""
    found = [trial.energy.gross_j.value for trial in trials if trial.energy is not None]
    return sum(found) if found else None
