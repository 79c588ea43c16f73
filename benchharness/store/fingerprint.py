"""A digest of all that a results file holds of a trial: what is derived from it has this name.

Packed rows begin with a CRC-32 of their content, so that observations need not be read whole. Rows
are put together by SQLite, which is three times as fast as to do it here. That their order and so
the digest depends on its plan costs nothing but a fresh derivation.
"""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from pathlib import Path

from benchharness.store.codec import CRC_BYTES
from benchharness.store.connection import snapshot

_DIGEST_BYTES = 16
_OF_CAMPAIGN = "FROM trial JOIN stream ON stream.trial_id = trial.id"
_WHERE = "WHERE trial.campaign_id = :campaign"


def _together(*columns: str) -> str:
    """Return the SQL of all rows of a group as one text."""
    said = (f"coalesce({column}, char(30))" for column in columns)
    return f"group_concat({' || char(31) || '.join(said)}, char(29))"


_TRIALS = f"SELECT * FROM trial {_WHERE} AND status NOT IN ('planned', 'running')"  # noqa: S608 - our own names
_VARIANTS = (
    "SELECT variant_index, workload, factors FROM variant WHERE campaign_id = :campaign"
    " ORDER BY variant_index"
)
_STREAMS = (
    f"SELECT trial.id, {_together('stream.id', 'source', 'name', 'channels', 'meta')}"
    f" {_OF_CAMPAIGN} {_WHERE} GROUP BY trial.id"
)
_SAID = _together("t_ns", "participant", "kind", "edge", "name", "value", "text", "step")
_EVENTS = (
    f"SELECT trial.id, {_SAID} FROM trial"  # noqa: S608 - our own names
    f" JOIN event ON event.trial_id = trial.id {_WHERE} GROUP BY trial.id"
)
_OBSERVATIONS = (
    f"SELECT id, (SELECT group_concat(hex(substr(row.data, 1, {CRC_BYTES})), '') FROM stream"  # noqa: S608 - our own names
    " JOIN observation AS row ON row.stream_id = stream.id WHERE stream.trial_id = trial.id)"
    f" FROM trial {_WHERE}"
)
_UNPACKED = (
    f"SELECT DISTINCT trial.id {_OF_CAMPAIGN} JOIN recent ON recent.stream_id = stream.id {_WHERE}"
)


def fingerprints(connection: sqlite3.Connection, path: Path, campaign_id: str) -> dict[int, str]:
    """Return a digest by trial, of those that have ended: nothing of them changes any more."""
    named = {"campaign": campaign_id}
    with snapshot(connection, path):
        variants = {row[0]: repr(row) for row in connection.execute(_VARIANTS, named)}
        of_trial = {
            row[0]: bytearray(f"{variants.get(row[3])}{row}", "utf-8", "backslashreplace")
            for row in connection.execute(_TRIALS, named)
        }
        for (trial_id,) in connection.execute(_UNPACKED, named):
            of_trial.pop(trial_id, None)
        for query in (_STREAMS, _EVENTS, _OBSERVATIONS):
            for trial_id, text in connection.execute(query, named):
                if trial_id in of_trial and text is not None:
                    of_trial[trial_id] += text.encode("utf-8", "backslashreplace")
    return {
        trial_id: blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
        for trial_id, content in of_trial.items()
    }
