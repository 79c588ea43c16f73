"""Rows whose text is damaged, in a file that was rescued: mended where nothing is made up.

Pages that are lost become zeros, also in the middle of a JSON text. What a trial says of itself is
then left empty, with a caution; a stream whose capabilities are lost is left out whole, since
joules from an unknown instrument would be worse than none.
"""

from __future__ import annotations

import json
import sqlite3

from benchharness.model import Status

LOST = "what this trial has stored of itself is lost in part: the results file was damaged"
_CAUTION = ["rescued", LOST, "see its outputs, methods and warnings as unknown"]
_OF_TRIALS = ("outputs", "methods", "cautions", "details")
_NOT_ENDED = f"('{Status.PLANNED.value}', '{Status.RUNNING.value}')"
_KNOWN = ", ".join(f"'{status.value}'" for status in Status)
_UNREADABLE_STREAMS = "SELECT id FROM stream WHERE NOT json_valid(channels) OR NOT json_valid(meta)"


def mend(connection: sqlite3.Connection) -> None:
    """Make every row one that the store can read; the caller holds a transaction."""
    connection.execute(
        f"UPDATE trial SET status = ?, reason = ? WHERE status NOT IN ({_KNOWN})",  # noqa: S608 - our own words
        (Status.INVALID.value, LOST),
    )
    lost = [f"(status NOT IN {_NOT_ENDED} AND {name} IS NULL)" for name in _OF_TRIALS]
    lost += [f"({name} IS NOT NULL AND NOT json_valid({name}))" for name in _OF_TRIALS]
    for (trial_id,) in connection.execute(
        f"SELECT id FROM trial WHERE {' OR '.join(lost)}"  # noqa: S608 - our own names
    ).fetchall():
        _mend_trial(connection, trial_id)
    for table in ("observation", "recent"):
        connection.execute(f"DELETE FROM {table} WHERE stream_id IN ({_UNREADABLE_STREAMS})")  # noqa: S608 - our own names
    connection.execute(f"DELETE FROM stream WHERE id IN ({_UNREADABLE_STREAMS})")  # noqa: S608 - our own names
    for table, name, empty in (
        ("campaign", "spec", "{}"),
        ("campaign", "environment", "{}"),
        ("campaign", "overhead", None),
        ("variant", "factors", "{}"),
    ):
        connection.execute(
            f"UPDATE {table} SET {name} = ? WHERE {name} IS NOT NULL AND NOT json_valid({name})",  # noqa: S608 - our own names
            (empty,),
        )
    _add_lost_variants(connection)


def _add_lost_variants(connection: sqlite3.Connection) -> None:
    """Take variants that trials belong to and that are lost from the campaign's run table."""
    lost = connection.execute(
        "SELECT DISTINCT campaign_id, variant_index, spec FROM trial"
        " JOIN campaign ON campaign.id = campaign_id"
        " LEFT JOIN variant USING (campaign_id, variant_index) WHERE workload IS NULL"
    ).fetchall()
    for campaign_id, index, spec in lost:
        listed = {v.get("index"): v for v in json.loads(spec).get("variants", ())}
        known = listed.get(index, {})
        told = (known.get("workload") or "", json.dumps(known.get("factors") or {}))
        connection.execute("INSERT INTO variant VALUES (?, ?, ?, ?)", (campaign_id, index, *told))


def _mend_trial(connection: sqlite3.Connection, trial_id: int) -> None:
    """Empty what cannot be read, and add a caution to those that can."""
    for name in _OF_TRIALS:
        unreadable = f"NOT coalesce(json_valid({name}), 0)"
        connection.execute(
            f"UPDATE trial SET {name} = '{{}}' WHERE id = ? AND {unreadable}",  # noqa: S608 - our own names
            (trial_id,),
        )
    (told,) = connection.execute("SELECT cautions FROM trial WHERE id = ?", (trial_id,)).fetchone()
    kept = json.loads(told)
    cautions = json.dumps([*(kept if isinstance(kept, list) else ()), _CAUTION])
    connection.execute("UPDATE trial SET cautions = ? WHERE id = ?", (cautions, trial_id))
