"""Every trial of a campaign: what is read of them is read at once, what is known is not redone."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchharness.model import TrialSummary
from benchharness.report import derive_cache
from benchharness.report.derive_alone import Derive, derived_alone
from benchharness.report.derive_progress import Progress
from benchharness.report.derive_workers import derived_apart
from benchharness.store.records import TrialRecord

if TYPE_CHECKING:
    from benchharness.store.database import Store

KEEP_FROM_S = 0.01  # what took less to derive is derived again
_MANY = 1000


def derive_trials(
    store: Store, campaign_id: str, records: Sequence[TrialRecord], derive: Derive
) -> tuple[TrialSummary, ...]:
    """Summarise the trials in their order; the caller reads from one state of the file."""
    with without_collector():
        known: dict[int, TrialSummary] = {}
        digests: dict[int, str] = {}
        if derive_cache.is_kept(campaign_id):
            digests = store.fingerprints(campaign_id)
            known = derive_cache.load(campaign_id, digests)
        began_s = time.perf_counter()
        left = [record for record in records if record.trial_id not in known]
        fresh = derived_by_id(store, left, derive)
        trials = tuple(known.get(record.trial_id) or fresh[record.trial_id] for record in records)
        if time.perf_counter() - began_s >= KEEP_FROM_S and fresh:
            derive_cache.keep(campaign_id, digests or store.fingerprints(campaign_id), trials)
        if len(records) >= _MANY:
            gc.freeze()  # what comes after this need not look through them either
        return trials


def derived_by_id(
    store: Store, records: Sequence[TrialRecord], derive: Derive
) -> dict[int, TrialSummary]:
    """Derive trials, many by several processes, and say so where it takes long."""
    progress = Progress(len(records))
    try:
        found = derived_apart(store.path, records, derive, progress)
        left = [record for record in records if record.trial_id not in found]
        for trial in derived_alone(store, left, derive):
            found[trial.trial_id] = trial
            progress.at(len(found))
    finally:
        progress.close()
    return found


@contextmanager
def without_collector() -> Iterator[None]:
    """Do not look for cycles again and again: there are none among so many records."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
