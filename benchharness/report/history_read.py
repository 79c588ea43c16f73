"""Campaigns of results files for a history: values of every run, and nothing else of them.

Joules take some time to derive, so that they are kept between calls, as other summaries are
(report.derive_cache): of a file of 10,000 runs only what is new is derived again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from benchharness.energy.readings import Window
from benchharness.errors import BenchharnessError, UnknownNameError
from benchharness.model import EnergyFigure, Status, TrialSummary
from benchharness.report import derive_cache
from benchharness.report.derive_devices import devices_of
from benchharness.report.derive_energy import trial_energy
from benchharness.report.derive_given import given_duration_s, given_energy, given_label
from benchharness.report.derive_progress import Progress
from benchharness.report.derive_spans import counted, spans_of
from benchharness.report.derive_trials import derived_by_id, without_collector
from benchharness.report.derive_variants import of_variants
from benchharness.report.derive_workers import derived_apart
from benchharness.report.groups import with_applying
from benchharness.report.history import Entry, Skipped
from benchharness.report.text import plain
from benchharness.store.database import Store
from benchharness.store.records import (
    CampaignRecord,
    EventRecord,
    StreamRecord,
    TrialRecord,
    TrialResult,
)


@dataclass(slots=True)
class Found:
    """What was read: campaigns, and what was left out with the reason."""

    entries: list[Entry] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def read_campaigns(paths: Sequence[Path], name: str | None, *, energy: bool) -> Found:
    """Read the campaigns with this title or workload, of all if None; a copy counts once.

    Raises UnknownNameError where none has the name, and what is wrong with the only file.
    """
    found = Found()
    seen: set[str] = set()
    names: set[str] = set()
    for path in paths:
        with ExitStack() as stack:
            try:
                store = stack.enter_context(Store.open(path, create=False, read_only=True))
                campaigns = store.campaigns()
            except BenchharnessError as error:
                if len(paths) == 1:
                    raise
                found.skipped.append(Skipped(plain(path.name, 60), error.what))
                continue
            with without_collector():
                _read_file(store, campaigns, name, found, seen, names, energy=energy)
    if name is not None and not found.entries and name not in names:
        raise UnknownNameError("title or workload", name, names, where="history")
    return found


def _read_file(
    store: Store,
    campaigns: Sequence[CampaignRecord],
    name: str | None,
    found: Found,
    seen: set[str],
    names: set[str],
    *,
    energy: bool,
) -> None:
    """Read one file; a campaign that cannot be read is skipped, with what is wrong."""
    chosen: list[tuple[CampaignRecord, list[TrialRecord]]] = []
    for campaign in campaigns:
        if campaign.id in seen:
            found.skipped.append(Skipped(campaign.id, "in two of the files; counted once"))
            continue
        seen.add(campaign.id)
        try:
            records = store.trials(campaign.id)
            if name is not None:
                workloads = {record.workload for record in records}
                names.update([plain(campaign.title, 60), *workloads])
                if name != campaign.title and name not in workloads:
                    continue
            reason = _unfit(campaign, records)
        except (BenchharnessError, KeyError, TypeError, ValueError) as error:
            records, reason = [], _unreadable(error)
        if reason is None:
            chosen.append((campaign, records))
        else:
            found.skipped.append(Skipped(campaign.id, reason))
    energies = _Energies(store)
    if energy:
        energies.recall(chosen)
    for campaign, records in chosen:
        try:
            if energy:
                energies.derive(records)
            found.entries.append(_entry(campaign, records, energies, name))
        except (BenchharnessError, KeyError, TypeError, ValueError) as error:
            found.skipped.append(Skipped(campaign.id, _unreadable(error)))
    if energy:
        energies.keep()


def _unfit(campaign: CampaignRecord, records: Sequence[TrialRecord]) -> str | None:
    """Return why a campaign is not part of a history."""
    if campaign.spec.get("quick"):
        return "a quick run"
    if not records:
        return "no run was planned"
    if not any(record.status is Status.OK for record in records):
        return "no good run"
    return None


def _unreadable(error: Exception) -> str:
    what = error.what if isinstance(error, BenchharnessError) else repr(error)
    return f"cannot be read: {plain(what, 120)}"


def _entry(
    campaign: CampaignRecord, records: Sequence[TrialRecord], energies: _Energies, name: str | None
) -> Entry:
    ended = [record for record in records if not record.status.is_pending]
    trials = [energies.trial(record) for record in ended]
    listed = {int(v["index"]): v for v in campaign.spec.get("variants", [])}
    for record in records:
        label = given_label(record.factors)
        known = {"index": record.variant, "factors": record.factors, "workload": record.workload}
        if record.variant not in listed:
            listed[record.variant] = known if label is None else {**known, "label": label}
    variants = of_variants(with_applying([listed[index] for index in sorted(listed)]), trials)
    if name is not None and name != campaign.title:
        variants = [variant for variant in variants if variant.workload == name]
    return Entry(
        campaign.id,
        campaign.created_utc,
        campaign.title,
        campaign.environment,
        tuple(variant for variant in variants if variant.trials),
    )


class _Energies:
    """The runs of a file with their joules: those that are known already, and new ones."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._name = (
            f"history-{blake2b(str(store.path.resolve()).encode(), digest_size=8).hexdigest()}"
        )
        self._digests: dict[int, str] = {}
        self._known: dict[int, TrialSummary] = {}
        self._fresh = False

    def recall(self, chosen: Sequence[tuple[CampaignRecord, list[TrialRecord]]]) -> None:
        """Look up what was kept of these campaigns, here or by whoever derived them whole.

        Where much is left, it is derived at once, by several processes.
        """
        if derive_cache.is_kept(self._name):
            for campaign, _ in chosen:
                self._digests.update(self._store.fingerprints(campaign.id))
            self._known = derive_cache.load(self._name, self._digests)
        for campaign, records in chosen:
            if any(self._lacks(record) for record in records):
                self._take_over(campaign.id)
        left = [r for _, records in chosen for r in records if self._lacks(r)]
        progress = Progress(len(left))
        apart = derived_apart(self._store.path, left, derive_light, progress)
        progress.close()
        self._known.update(apart)
        self._fresh = self._fresh or bool(apart)

    def derive(self, records: Sequence[TrialRecord]) -> None:
        """Derive the joules of those runs of a campaign that are not known."""
        left = [record for record in records if self._lacks(record)]
        fresh = derived_by_id(self._store, left, derive_light)
        self._known.update(fresh)
        self._fresh = self._fresh or bool(fresh)

    def _lacks(self, record: TrialRecord) -> bool:
        return record.status is Status.OK and record.trial_id not in self._known

    def _take_over(self, campaign_id: str) -> None:
        """Take what is kept of the whole campaign, as after a run of it."""
        if not derive_cache.is_kept(campaign_id):
            return
        digests = self._store.fingerprints(campaign_id)
        self._digests.update(digests)
        for trial in derive_cache.load(campaign_id, digests).values():
            figure = None if trial.energy is None else _light(trial.energy)
            self._known.setdefault(trial.trial_id, replace(trial, energy=figure))
            self._fresh = True

    def trial(self, record: TrialRecord) -> TrialSummary:
        """Return a run, with its joules where they have been derived."""
        return self._known.get(record.trial_id) or _bare(record)

    def keep(self) -> None:
        """Keep what was derived for the next time."""
        if not self._fresh:
            return
        campaigns = {c.id for c in self._store.campaigns()}
        if not self._digests or any(trial not in self._digests for trial in self._known):
            for campaign_id in campaigns:
                self._digests.update(self._store.fingerprints(campaign_id))
        derive_cache.keep(self._name, self._digests, self._known.values())


def derive_light(
    store: Store,
    record: TrialRecord,
    streams: Sequence[StreamRecord],
    events: Sequence[EventRecord],
) -> TrialSummary:
    """Return a run with its joules."""
    result = record.result or TrialResult(Status.INVALID)
    said = counted(events)
    energy = given_energy(result) or trial_energy(
        store, streams, _window(result), spans_of(said), said, devices_of(result)
    )
    figure = None if energy.figure is None else _light(energy.figure)
    return replace(_bare(record), energy=figure, energy_missing=energy.missing)


def _light(figure: EnergyFigure) -> EnergyFigure:
    """Return a figure without what a history has no use for."""
    return replace(figure, estimates=(), terms_j={}, gate={}, nu={}, idle_each_w=())


def _window(result: TrialResult) -> Window | None:
    start_ns, end_ns = result.window_start_ns, result.window_end_ns
    if start_ns is None or end_ns is None or end_ns <= start_ns:
        return None
    return Window(start_ns, end_ns)


def _bare(record: TrialRecord) -> TrialSummary:
    """Return what a run's own row says of it."""
    result = record.result or TrialResult(Status.INVALID)
    window = _window(result)
    nothing: Mapping[str, float] = {}
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
        cpu_percent=None,
        memory_peak_bytes=result.memory_peak_bytes,
        energy=None,
        energy_missing=None,
        other_energy=(),
        outputs={},
        metrics=nothing,
        phases_s=nothing,
        window_start_ns=result.window_start_ns,
        window_end_ns=result.window_end_ns,
        spans=(),
        cautions=(),
        methods={},
    )
