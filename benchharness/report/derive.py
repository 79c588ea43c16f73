"""From raw observations to the summary that tables and reports are made of.

Everything here can be derived again from an old results file; nothing is stored back in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchharness.energy.readings import Window
from benchharness.model import CampaignSummary, Status, TrialSummary
from benchharness.report.commands import command, named_results
from benchharness.report.derive_campaign_cautions import campaign_cautions, lost_cautions
from benchharness.report.derive_cautions import trial_cautions, unique
from benchharness.report.derive_contention import contention_cautions
from benchharness.report.derive_devices import devices_of
from benchharness.report.derive_energy import trial_energy
from benchharness.report.derive_given import given_duration_s, given_energy, given_label
from benchharness.report.derive_order_cautions import order_cautions
from benchharness.report.derive_participants import participants_of
from benchharness.report.derive_series import series_of
from benchharness.report.derive_spans import counted, metrics_of, phases_of, phases_s, spans_of
from benchharness.report.derive_standings import rules_of, with_standings
from benchharness.report.derive_start import start_cost
from benchharness.report.derive_steady import steady_cautions
from benchharness.report.derive_supply import supply_current
from benchharness.report.derive_tree import MEMORY_IN_WINDOW, window_use
from benchharness.report.derive_trials import derive_trials
from benchharness.report.derive_variants import of_variants
from benchharness.report.derive_verdict import campaign_verdict
from benchharness.report.groups import with_applying
from benchharness.report.left_out import left_out_cautions
from benchharness.report.run_order import seed_of
from benchharness.store.records import (
    CampaignRecord,
    EventRecord,
    StreamRecord,
    TrialRecord,
    TrialResult,
)

if TYPE_CHECKING:
    from benchharness.store.database import Store

_NOT_ENDED = "the trial has not ended"


def derive_campaign(store: Store, campaign_id: str) -> CampaignSummary:
    """Summarise a campaign, given its id, a unique prefix of it, or "last".

    Raises UnknownNameError if there is none.
    """
    with store.reading():
        return _derived(store, store.campaign(campaign_id))


def _derived(store: Store, campaign: CampaignRecord) -> CampaignSummary:
    spec = campaign.spec
    records = store.trials(campaign.id)
    trials = derive_trials(store, campaign.id, records, derive_trial)
    variants = of_variants(_variants(spec, records), trials)
    rules = rules_of(spec)
    summaries = with_standings(variants, [variant.summary() for variant in variants], rules)
    meters = _meters(store, campaign.id, records)
    quick = bool(spec.get("quick", False))
    metric = spec.get("metric")
    overhead = campaign.overhead or {}
    results = named_results(store.path)
    resume = command("resume", campaign.id, results=results)
    return CampaignSummary(
        campaign_id=campaign.id,
        created_utc=campaign.created_utc,
        state=campaign.state,
        title=campaign.title,
        quick=quick,
        seed=seed_of(spec),
        command=campaign.command,
        trials=trials,
        variants=tuple(summaries),
        environment=campaign.environment,
        overhead=overhead,
        cautions=tuple(
            unique(
                [
                    *left_out_cautions(spec),
                    *lost_cautions(spec),
                    *campaign_cautions(
                        variants, trials, meters, quick=quick, overhead=overhead, resume=resume
                    ),
                    *order_cautions(variants, spec, overhead),
                ]
            )
        ),
        verdict=campaign_verdict(variants, rules, metric=metric, quick=quick),
        meters=tuple(meters),
        margin=rules.margin,
        baseline=rules.baseline,
        metric=metric,
        results=results,
    )


def derive_trial(
    store: Store,
    record: TrialRecord,
    streams: Sequence[StreamRecord] | None = None,
    events: Sequence[EventRecord] | None = None,
) -> TrialSummary:
    """Summarise one trial; one that has not ended has no figures.

    ``streams`` and ``events`` are the trial's, where they have been read already.
    """
    result = record.result or TrialResult(Status.INVALID)
    window = _window(result)
    if streams is None:
        streams = store.streams(record.trial_id)
    events = counted(store.events(record.trial_id) if events is None else events)
    spans = spans_of(events)
    phases = phases_of(events)
    devices = devices_of(result)
    energy = given_energy(result) or trial_energy(store, streams, window, spans, events, devices)
    ended = record.result is not None
    has_clock = given_duration_s(result) is None  # an import knows how long, and not when
    use = window_use(store, result, streams, window)
    participants = participants_of(store, record, streams, window, phases, events, energy)
    methods = dict(result.methods)
    if use.memory_method is not None:
        methods[MEMORY_IN_WINDOW] = use.memory_method
    return TrialSummary(
        trial_id=record.trial_id,
        index=record.index,
        variant=record.variant,
        repetition=record.repetition,
        workload=record.workload,
        factors=record.factors,
        status=record.status,
        reason=result.reason,
        duration_s=given_duration_s(result) or (window.duration_s if window else None),
        cpu_s=result.cpu_s,
        cpu_window_s=use.cpu_s,
        cpu_percent=_percent(use.cpu_s, window),
        memory_peak_bytes=result.memory_peak_bytes,
        memory_window_bytes=use.memory_bytes,
        energy=energy.figure,
        energy_missing=energy.missing if ended else _NOT_ENDED,
        other_energy=energy.others,
        outputs=result.outputs,
        metrics=metrics_of(events),
        phases_s=phases_s(phases),
        window_start_ns=window.start_ns if window and has_clock else None,
        window_end_ns=window.end_ns if window and has_clock else None,
        spans=spans,
        cautions=tuple(
            unique(
                [
                    *trial_cautions(store, result, streams, window, events),
                    *steady_cautions(events),
                    *energy.cautions,
                    *contention_cautions(participants),
                ]
            )
        ),
        methods=methods,
        start=start_cost(store, result, streams, window, spans, events, devices) if ended else None,
        module_bytes=result.details.get("module_bytes"),
        supply=supply_current(store, streams, window, energy.figure),
        participants=participants,
        series=series_of(events),
    )


def _percent(cpu_s: float | None, window: Window | None) -> float | None:
    """Return the CPU use over the window in per cent of one core."""
    if cpu_s is None or window is None:
        return None
    return 100.0 * cpu_s / window.duration_s


def _window(result: TrialResult) -> Window | None:
    start_ns, end_ns = result.window_start_ns, result.window_end_ns
    if start_ns is None or end_ns is None or end_ns <= start_ns:
        return None
    return Window(start_ns, end_ns)


def _variants(spec: Mapping[str, Any], records: Sequence[TrialRecord]) -> list[Mapping[str, Any]]:
    """Return the variants of the run table; trials know them where the specification does not."""
    listed = {int(variant["index"]): variant for variant in spec.get("variants", ())}
    for record in records:
        if record.variant not in listed:
            factors = record.factors
            listed[record.variant] = {
                "index": record.variant,
                "label": given_label(factors),
                "factors": factors,
                "workload": record.workload,
            }
    return with_applying([listed[index] for index in sorted(listed)])


def _meters(
    store: Store, campaign_id: str, records: Sequence[TrialRecord]
) -> list[Mapping[str, Any]]:
    """Return every meter by name with what was last known of it."""
    counts = {record.trial_id for record in records}
    last = {name: meta for trial_id, name, meta in store.meters(campaign_id) if trial_id in counts}
    return [{"name": name, **meta} for name, meta in last.items()]
