"""Every trial of a campaign: what is read of them is read at once, what is known is not redone."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchharness.model import TrialSummary
from benchharness.report import derive_cache
from benchharness.store.records import EventRecord, StreamRecord, TrialRecord

if TYPE_CHECKING:
    from benchharness.store.database import Store

KEEP_FROM_S = 0.05  # what took less to derive is derived again
_AT_ONCE = 200
_MANY = 1000

Derive = Callable[
    ["Store", TrialRecord, Sequence[StreamRecord], Sequence[EventRecord]], TrialSummary
]


def derive_trials(
    store: Store, campaign_id: str, records: Sequence[TrialRecord], derive: Derive
) -> tuple[TrialSummary, ...]:
    """Summarise the trials in their order; the caller reads from one state of the file."""
    with _without_collector(len(records)):
        known: dict[int, TrialSummary] = {}
        digests: dict[int, str] = {}
        if derive_cache.is_kept(campaign_id):
            digests = store.fingerprints(campaign_id)
            known = derive_cache.load(campaign_id, digests)
        began_s = time.perf_counter()
        left = [record for record in records if record.trial_id not in known]
        fresh = {trial.trial_id: trial for trial in _derived(store, left, derive)}
        trials = tuple(known.get(record.trial_id) or fresh[record.trial_id] for record in records)
        if time.perf_counter() - began_s >= KEEP_FROM_S and fresh:
            derive_cache.keep(campaign_id, digests or store.fingerprints(campaign_id), trials)
        return trials


def _derived(
    store: Store, records: Sequence[TrialRecord], derive: Derive
) -> Iterator[TrialSummary]:
    for start in range(0, len(records), _AT_ONCE):
        part = records[start : start + _AT_ONCE]
        trial_ids = [record.trial_id for record in part]
        streams, events = store.streams_of(trial_ids), store.events_of(trial_ids)
        for record in part:
            yield derive(store, record, streams[record.trial_id], events[record.trial_id])


@contextmanager
def _without_collector(trials: int) -> Iterator[None]:
    """Do not look for cycles again and again: there are none among so many records."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if trials >= _MANY:
            gc.freeze()  # what comes after this need not look through them either
        if was_on:
            gc.enable()
