"""The results file: the one door to campaigns, trials, observations and events.

A ``Store`` belongs to one thread. Samples and events are buffered until ``commit``, which is
called at least once a second while a trial runs; everything else is committed at once. If a
commit fails, the buffers are kept, and the next one tries again.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from benchharness.clock import MonotonicClock
from benchharness.errors import BenchharnessError
from benchharness.model import Channel
from benchharness.store.campaigns import Campaigns
from benchharness.store.connection import connect, snapshot, transaction
from benchharness.store.events import Events
from benchharness.store.observations import Observations
from benchharness.store.owner import Owner
from benchharness.store.records import (
    CampaignRecord,
    EventRecord,
    StreamRecord,
    TrialPlan,
    TrialRecord,
    TrialResult,
)
from benchharness.store.trials import Trials

if TYPE_CHECKING:
    from benchharness.store.reading import TimesNs, Values


class Store:
    """An open results file. Use ``Store.open``, and ``with`` or ``close``."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._campaigns = Campaigns(connection, path)
        self._trials = Trials(connection, path)
        self._observations = Observations(connection, path)
        self._events = Events(connection, path)

    @classmethod
    def open(cls, path: str | Path, create: bool = True, read_only: bool = False) -> Store:
        """Open a results file; ``read_only`` implies that it must be there.

        Raises ResultsFileError for a file that is missing (unless ``create``), not SQLite,
        another program's, damaged or of a newer schema; UnfitError for a full disk.
        """
        path = Path(path)
        return cls(connect(path, create=create, read_only=read_only), path)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except BenchharnessError:
            if error is None:  # else the first error is the one to tell
                raise

    def close(self) -> None:
        """Commit what is buffered and close; may be called twice."""
        try:
            self.commit()
        finally:
            self._observations.clear_pending()
            self._events.clear_pending()
            self._connection.close()

    # Campaigns

    def add_campaign(self, record: CampaignRecord) -> None:
        """Add a campaign. Raises ValueError if its id is taken."""
        self._campaigns.add(record)

    def campaigns(self) -> list[CampaignRecord]:
        """Return every campaign, newest first."""
        return self._campaigns.all()

    def campaign(self, name: str) -> CampaignRecord:
        """Return the campaign with this id, unique prefix of an id, or "last", the newest.

        Raises UnknownNameError if there is none, UsageError if the prefix fits several.
        """
        return self._campaigns.find(name)

    def finish_campaign(
        self, campaign_id: str, state: str, overhead: Mapping[str, Any] | None = None
    ) -> None:
        """Store the state ("done", "interrupted") and the harness's own cost; release it."""
        self._campaigns.finish(campaign_id, state, overhead)

    def claim(self, campaign_id: str) -> None:
        """Make the calling process the one that runs a campaign.

        Raises UsageError if another process that is alive runs it.
        """
        self._campaigns.claim(campaign_id, Owner.current())

    def release(self, campaign_id: str) -> None:
        """Give a campaign up; nothing happens if another process owns it."""
        self._campaigns.release(campaign_id, Owner.current())

    def is_running(self, campaign_id: str) -> bool:
        """Return whether a process that is alive runs this campaign now."""
        return self._campaigns.is_running(campaign_id)

    # Trials

    def plan_trials(self, campaign_id: str, plans: Iterable[TrialPlan]) -> None:
        """Add a run table."""
        self._trials.plan(campaign_id, plans)

    def add_ended_trials(
        self, campaign_id: str, ended: Iterable[tuple[TrialPlan, TrialResult]]
    ) -> None:
        """Add trials that were run by another program, which have no observations."""
        self._trials.add_ended(campaign_id, ended)

    def trials(self, campaign_id: str, replaced: bool = False) -> list[TrialRecord]:
        """Return a campaign's trials in run order, with those that were replaced if asked."""
        return self._trials.of_campaign(campaign_id, replaced=replaced)

    def trial(self, trial_id: int) -> TrialRecord:
        """Return one trial. Raises KeyError if there is none."""
        return self._trials.get(trial_id)

    def start_trial(self, trial_id: int, started_ns: int | None = None) -> None:
        """Mark a trial as running, since now unless said otherwise."""
        self._trials.start(
            trial_id, MonotonicClock().now_ns() if started_ns is None else started_ns
        )

    def finish_trial(self, trial_id: int, result: TrialResult) -> None:
        """Store the result with all that is buffered, and pack the trial's observations."""
        with transaction(self._connection, self.path):
            self._write_pending()
            self._observations.pack_trial(trial_id)
            self._trials.finish(trial_id, result)
        self._clear_pending()

    def reset_trial(self, trial_id: int) -> int:
        """Put a fresh planned trial in this one's place (resume), and return its id.

        What was observed is kept with the old one, which is invalid if it had not ended.
        """
        with transaction(self._connection, self.path):
            self._observations.pack_trial(trial_id)
            return self._trials.replace(trial_id)

    # Observations and events

    def add_stream(
        self,
        trial_id: int,
        source: str,
        name: str,
        channels: Sequence[Channel],
        meta: Mapping[str, Any] | None = None,
    ) -> int:
        """Add a stream ("probe" or "meter") to a trial and return its id."""
        return self._observations.add_stream(trial_id, source, name, channels, meta or {})

    def set_stream_meta(self, stream_id: int, meta: Mapping[str, Any]) -> None:
        """Replace what is known about a stream, such as capabilities that were refined."""
        self._observations.set_meta(stream_id, meta)

    def append(self, stream_id: int, times_ns: array[int], columns: Sequence[array[float]]) -> None:
        """Buffer samples: array('q')[n] of times and one array('d')[n] per channel, NaN missing.

        Raises ValueError where the shapes or the types are not those of the stream.
        """
        self._observations.append(stream_id, times_ns, columns)

    def add_event(self, trial_id: int, event: EventRecord) -> None:
        """Buffer an event."""
        self._events.add(trial_id, event)

    def commit(self) -> None:
        """Make what is buffered durable, also against a power cut.

        Raises UnfitError where the disk is full; what is buffered is then kept.
        """
        if self._observations.has_pending() or self._events.has_pending():
            with transaction(self._connection, self.path):
                self._write_pending()
            self._clear_pending()

    def streams(self, trial_id: int) -> list[StreamRecord]:
        """Return a trial's streams in the order in which they were added."""
        return self._observations.streams(trial_id)

    def streams_of(self, trial_ids: Sequence[int]) -> dict[int, list[StreamRecord]]:
        """Return the streams of a few hundred trials at once."""
        return self._observations.streams_of_trials(trial_ids)

    def events_of(self, trial_ids: Sequence[int]) -> dict[int, list[EventRecord]]:
        """Return the committed events of a few hundred trials at once, in time order."""
        return self._events.of_trials(trial_ids)

    def meters(self, campaign_id: str) -> list[tuple[int, str, Mapping[str, Any]]]:
        """Return trial, name and meta of every meter's stream of a campaign, in run order."""
        return self._observations.meters(campaign_id)

    def fingerprints(self, campaign_id: str) -> dict[int, str]:
        """Return for each trial that has ended a digest of all that is stored of it."""
        from benchharness.store.fingerprint import fingerprints

        return fingerprints(self._connection, self.path, campaign_id)

    def reading(self) -> AbstractContextManager[None]:
        """Return a context in which everything is read from one state of the file."""
        return snapshot(self._connection, self.path)

    def read_stream(
        self, stream_id: int, channels: Sequence[str] | None = None
    ) -> tuple[TimesNs, dict[str, Values]]:
        """Return int64[n] times and float64[n] per channel (all, or those named), committed ones.

        Raises KeyError for a stream or a channel that is not there.
        """
        from benchharness.store.reading import read_stream

        return read_stream(self._connection, self.path, stream_id, channels)

    def events(self, trial_id: int, kind: str | None = None) -> list[EventRecord]:
        """Return a trial's committed events, or those of one kind, in time order."""
        return self._events.of_trial(trial_id, kind)

    def _write_pending(self) -> None:
        self._observations.write_pending()
        self._events.write_pending()

    def _clear_pending(self) -> None:
        self._observations.clear_pending()
        self._events.clear_pending()
