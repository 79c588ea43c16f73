"""Campaigns in the results file: added, found by a prefix, claimed by one harness, finished."""

from __future__ import annotations

import difflib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchharness.errors import UnknownNameError, UsageError
from benchharness.store.connection import transaction
from benchharness.store.faults import translated, understood
from benchharness.store.owner import Owner
from benchharness.store.records import CAMPAIGN_STATES, CampaignRecord
from benchharness.store.text import storable

_COLUMNS = (
    "id, created_utc, anchor_monotonic_ns, anchor_unix_ns, boot_id, title, command, spec, "
    "environment, state, overhead"
)
_KNOWN_SHOWN = 12  # ids that an error names, so that it stays one line


class Campaigns:
    """The table of campaigns."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def add(self, record: CampaignRecord) -> None:
        """Add a campaign. Raises ValueError if its id is taken."""
        values = (
            record.id,
            record.created_utc,
            record.anchor_monotonic_ns,
            record.anchor_unix_ns,
            record.boot_id,
            storable(record.title),
            storable(record.command),
            json.dumps(dict(record.spec)),
            json.dumps(dict(record.environment)),
            record.state,
            None if record.overhead is None else json.dumps(dict(record.overhead)),
        )
        marks = ", ".join("?" * len(values))
        with transaction(self._connection, self._path):
            if self._exists(record.id):
                raise ValueError(f"campaign {record.id} is already there")
            self._connection.execute(
                f"INSERT INTO campaign ({_COLUMNS}) VALUES ({marks})",  # noqa: S608 - our own names
                values,
            )

    def all(self) -> list[CampaignRecord]:
        """Return every campaign, newest first."""
        with translated(self._path):
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM campaign ORDER BY seq DESC"  # noqa: S608 - our own names
            ).fetchall()
        with understood(self._path):
            return [_record(row) for row in rows]

    def find(self, name: str) -> CampaignRecord:
        """Return the campaign with this id, unique prefix of an id, or "last", the newest.

        Raises UnknownNameError if there is none, UsageError if the prefix fits several.
        """
        with translated(self._path):
            rows = self._connection.execute("SELECT id FROM campaign ORDER BY seq DESC").fetchall()
        ids = [row[0] for row in rows]
        if name == "last":
            fitting = ids[:1]
        else:
            fitting = [name] if name in ids else [i for i in ids if name and i.startswith(name)]
        if not fitting:
            known = difflib.get_close_matches(name, ids, n=1, cutoff=0.4) or ids[:_KNOWN_SHOWN]
            raise UnknownNameError("campaign", name, known, where=str(self._path))
        if len(fitting) > 1:
            raise UsageError(
                f"campaign {name!r} is ambiguous",
                where=str(self._path),
                remedy=f"say which: {', '.join(fitting[:_KNOWN_SHOWN])}",
            )
        with translated(self._path):
            row = self._connection.execute(
                f"SELECT {_COLUMNS} FROM campaign WHERE id = ?",  # noqa: S608 - our own names
                fitting,
            ).fetchone()
        with understood(self._path):
            return _record(row)

    def finish(self, campaign_id: str, state: str, overhead: Mapping[str, Any] | None) -> None:
        """Store how a campaign ended and what the harness cost, and release it."""
        if state not in CAMPAIGN_STATES:
            raise ValueError(f"campaign state {state!r} is not one of {CAMPAIGN_STATES}")
        with transaction(self._connection, self._path):
            self._require(campaign_id)
            self._connection.execute(
                "UPDATE campaign SET state = ?, overhead = ? WHERE id = ?",
                (state, None if overhead is None else json.dumps(dict(overhead)), campaign_id),
            )
            self._set_owner(campaign_id, None)

    def claim(self, campaign_id: str, claimant: Owner) -> None:
        """Make a process the one that runs a campaign, whose state becomes "running".

        Raises UsageError if another process that is alive runs it.
        """
        with transaction(self._connection, self._path):
            owner = self._owner(campaign_id)
            if owner is not None and owner != claimant and owner.is_alive():
                raise UsageError(
                    f"campaign {campaign_id} is being run by process {owner.pid}",
                    where=str(self._path),
                    remedy=f"wait until it has ended, or end it: kill -INT {owner.pid}",
                )
            self._connection.execute(
                "UPDATE campaign SET state = 'running' WHERE id = ?", (campaign_id,)
            )
            self._set_owner(campaign_id, claimant)

    def release(self, campaign_id: str, claimant: Owner) -> None:
        """Give a campaign up; nothing happens if another process owns it."""
        with transaction(self._connection, self._path):
            if self._owner(campaign_id) == claimant:
                self._set_owner(campaign_id, None)

    def is_running(self, campaign_id: str) -> bool:
        """Return whether a process that is alive runs this campaign now."""
        with translated(self._path):
            owner = self._owner(campaign_id)
        return owner is not None and owner.is_alive()

    def _owner(self, campaign_id: str) -> Owner | None:
        self._require(campaign_id)
        row = self._connection.execute(
            "SELECT owner_pid, owner_boot_id, owner_start_ticks FROM campaign WHERE id = ?",
            (campaign_id,),
        ).fetchone()
        return None if row[0] is None else Owner(*row)

    def _set_owner(self, campaign_id: str, owner: Owner | None) -> None:
        values = (owner.pid, owner.boot_id, owner.start_ticks) if owner else (None, None, None)
        self._connection.execute(
            "UPDATE campaign SET owner_pid = ?, owner_boot_id = ?, owner_start_ticks = ? "
            "WHERE id = ?",
            (*values, campaign_id),
        )

    def _require(self, campaign_id: str) -> None:
        if not self._exists(campaign_id):
            rows = self._connection.execute("SELECT id FROM campaign ORDER BY seq DESC LIMIT 12")
            raise UnknownNameError(
                "campaign", campaign_id, [row[0] for row in rows], where=str(self._path)
            )

    def _exists(self, campaign_id: str) -> bool:
        row = self._connection.execute("SELECT 1 FROM campaign WHERE id = ?", (campaign_id,))
        return row.fetchone() is not None


def _record(row: tuple[Any, ...]) -> CampaignRecord:
    plain, (spec, environment, state, overhead) = row[:-4], row[-4:]
    cost = None if overhead is None else json.loads(overhead)
    return CampaignRecord(*(*plain, json.loads(spec), json.loads(environment), state, cost))
