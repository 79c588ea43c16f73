"""Trials derived one after the other, their streams and events read a few hundred at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from benchharness.model import TrialSummary
from benchharness.store.records import EventRecord, StreamRecord, TrialRecord

if TYPE_CHECKING:
    from benchharness.store.database import Store

AT_ONCE = 200

Derive = Callable[
    ["Store", TrialRecord, Sequence[StreamRecord], Sequence[EventRecord]], TrialSummary
]


def derived_alone(
    store: Store, records: Sequence[TrialRecord], derive: Derive
) -> Iterator[TrialSummary]:
    """Yield the summaries in the order of the records; the caller holds a snapshot."""
    for start in range(0, len(records), AT_ONCE):
        part = records[start : start + AT_ONCE]
        trial_ids = [record.trial_id for record in part]
        streams, events = store.streams_of(trial_ids), store.events_of(trial_ids)
        for record in part:
            yield derive(store, record, streams[record.trial_id], events[record.trial_id])
