"""A gate between a baseline and a candidate: which variants and metrics keep within their limits.

The rule is in stats.gate. What keeps two campaigns from being compared at all (another machine,
another meter, a changed kernel) is a refusal, not a regression; failed runs of the candidate are
neither, and close the gate by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, Status
from benchharness.report.comparison import compare_campaigns
from benchharness.report.comparison_guard import class_differences, differences
from benchharness.report.comparison_records import Comparison, Pair, Side
from benchharness.report.derive_standings import SEVERAL_CLASSES, bears_no_ratio
from benchharness.report.derive_variants import (
    ENERGY_METRICS,
    GROSS,
    NET,
    VariantTrials,
    net_is_known,
)
from benchharness.report.derive_verdict import ENERGY
from benchharness.report.text import plain
from benchharness.standing import Needed
from benchharness.stats.gate import Decision, GateState, decide, would_prove
from benchharness.stats.outliers import outliers
from benchharness.stats.sample import Sample

CLOSED, OPEN, NOT_COMPARABLE = 1, 0, 3  # exit codes


@dataclass(frozen=True, slots=True)
class Limit:
    """How much a metric may rise: ``metric`` is a key or "energy", ``share`` of the baseline."""

    metric: str
    share: float


@dataclass(frozen=True, slots=True)
class GateRow:
    """One variant and metric. ``decision`` is None where there is none, for ``reason``.

    ``outliers`` are how many runs stand far from the others: a few of them hide any regression.
    """

    label: str
    pair: Pair
    metric: str
    limit: float
    runs: tuple[int, int]  # with a value: of the baseline, of the candidate
    decision: Decision | None
    reason: str | None = None
    needed: Needed | None = None
    outliers: tuple[int, int] = (0, 0)  # of the baseline, of the candidate


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate found. ``comparison`` is None where the campaigns must not be compared.

    ``refusals`` say why not, ``forcible`` whether one may insist; ``failures`` what failed in the
    candidate, a line a variant.
    """

    baseline: CampaignSummary
    candidate: CampaignSummary
    comparison: Comparison | None
    rows: tuple[GateRow, ...]
    failures: tuple[str, ...]
    refusals: tuple[str, ...]
    strict: bool = False
    forcible: bool = False

    def of_state(self, state: GateState) -> list[GateRow]:
        """Return the rows in this state."""
        return [r for r in self.rows if r.decision is not None and r.decision.state is state]

    @property
    def undecidable(self) -> list[GateRow]:
        """Return the rows that have no number to decide on."""
        return [row for row in self.rows if row.decision is None]

    @property
    def exit_code(self) -> int:
        """Return 1 closed or runs failed, 3 not comparable, 0 open (unproven: if strict 1)."""
        unproven = self.strict and bool(self.of_state(GateState.UNPROVEN))
        if self.of_state(GateState.CLOSED) or self.failures or unproven:
            return CLOSED
        return NOT_COMPARABLE if self.refusals or self.undecidable else OPEN


def gate_campaigns(
    baseline: CampaignSummary,
    candidate: CampaignSummary,
    limits: Sequence[Limit],
    *,
    force: bool = False,
    strict: bool = False,
) -> Gate:
    """Hold every variant that both have against the limits; all intervals hold together.

    Raises UsageError for one campaign twice, or no limit.
    """
    if not limits:
        raise UsageError("no limit to hold the candidate against", where="--max-regression")
    if baseline.campaign_id == candidate.campaign_id:
        raise UsageError(
            f"campaign {candidate.campaign_id} is both candidate and baseline",
            where="gate",
            remedy="name the campaign before the change with --baseline",
        )
    energy = any(_is_energy(limit.metric) for limit in limits)
    differs = _differences(baseline, candidate, energy=energy)
    failures = tuple(_failures(candidate))
    if differs and not force:
        refused = tuple(differs)
        return Gate(baseline, candidate, None, (), failures, refused, strict, forcible=True)
    try:
        comparison = compare_campaigns(baseline, candidate, force=True)
    except UsageError as error:  # no variant in common
        return Gate(baseline, candidate, None, (), failures, (error.what,), strict)
    comparison = replace(comparison, differs=tuple(differs))
    rows = _rows(comparison, limits)
    return Gate(baseline, candidate, comparison, rows, failures, (), strict)


def label_of(pair: Pair) -> str:
    """Return the variant that a pair is of, also where it is the only one."""
    return pair.label or plain(pair.b.variant.label or pair.b.variant.workload, 60)


def key_of(metric: str, trials: Sequence[VariantTrials]) -> str:
    """Return the key: energy is net where every side knows it, else gross."""
    if metric != ENERGY:
        return metric
    known = all(each.values(NET) and net_is_known(each.figures) for each in trials if each.good)
    return NET if known else GROSS


def _is_energy(metric: str) -> bool:
    return metric == ENERGY or metric in ENERGY_METRICS


def _differences(a: CampaignSummary, b: CampaignSummary, *, energy: bool) -> list[str]:
    """Return what keeps the two from being compared: a meter matters to joules only."""
    bare = [replace(each, trials=(), variants=()) for each in (a, b)]
    of_joules = class_differences(a, b) if energy else []
    return of_joules + differences(bare[0], bare[1])


def _failures(candidate: CampaignSummary) -> list[str]:
    found = []
    for variant in candidate.variants:
        ended = [t for t in candidate.trials_of(variant.index) if not t.status.is_pending]
        bad = [t for t in ended if t.status is not Status.OK]
        if bad:
            reason = f": {plain(bad[0].reason, 120)}" if bad[0].reason else ""
            words = " and ".join(dict.fromkeys(t.status.value for t in bad))
            what = f"{len(bad)} of {len(ended)} run{'' if len(ended) == 1 else 's'}"
            found.append(f"{plain(variant.label, 60)}: {what} {words}{reason}")
    return found


@dataclass(frozen=True, slots=True)
class _Ask:
    """A pair and a metric with both samples, or why there are none."""

    pair: Pair
    metric: str
    limit: float
    samples: tuple[Sample, Sample]
    reason: str | None


def _rows(comparison: Comparison, limits: Sequence[Limit]) -> tuple[GateRow, ...]:
    pairs = [(pair, _trials(pair.a), _trials(pair.b)) for pair in comparison.pairs]
    asks = []
    for limit in limits:
        metric = key_of(limit.metric, [trials for _, *both in pairs for trials in both])
        for pair, of_a, of_b in pairs:
            one_meter = len(of_a.meters | of_b.meters) <= 1
            samples = (
                of_a.sample(metric, one_meter=one_meter),
                of_b.sample(metric, one_meter=one_meter),
            )
            reason = _missing(pair.a, of_a, metric) or _missing(pair.b, of_b, metric)
            reason = reason or bears_no_ratio(of_a, metric)
            asks.append(_Ask(pair, metric, limit.share, samples, reason))
    comparisons = sum(ask.reason is None for ask in asks)
    return tuple(_row(ask, comparisons) for ask in asks)


def _row(ask: _Ask, comparisons: int) -> GateRow:
    a, b = ask.samples
    runs = len(a.values), len(b.values)
    label = label_of(ask.pair)
    if ask.reason is not None:
        return GateRow(label, ask.pair, ask.metric, ask.limit, runs, None, ask.reason)
    found = decide(b, a, ask.limit, comparisons)
    needed = would_prove(b, a, found)
    far = sum(outliers(a.values)), sum(outliers(b.values))
    return GateRow(
        label, ask.pair, ask.metric, ask.limit, runs, found, found.reason, needed, outliers=far
    )


def _trials(side: Side) -> VariantTrials:
    v = side.variant
    known = {"index": v.index, "label": v.label, "factors": v.factors}
    return VariantTrials(known, side.campaign.trials_of(v.index))


def _missing(side: Side, trials: VariantTrials, metric: str) -> str | None:
    """Return why a side has no value, None where it has one."""
    if trials.values(metric):
        return None
    where = plain(side.campaign.campaign_id, 40)
    if not trials.good:
        return f"no good run in campaign {where}"
    if not _is_energy(metric):
        return f"no value in campaign {where}"
    if len(trials.classes) > 1:
        return f"{SEVERAL_CLASSES} in campaign {where}"
    found = (t.energy_missing for t in trials.good if t.energy is None and t.energy_missing)
    refused = (f.net_missing for f in trials.figures if f.net_missing)
    why = next(found, None) if metric != NET else next(refused, next(found, None))
    return f"no joules in campaign {where}{f': {plain(why, 160)}' if why else ''}"
