"""The schema of a results file, and how an older one becomes the present one.

A file carries ``PRAGMA application_id`` (it is ours) and ``PRAGMA user_version`` (the schema).
A fresh file starts at version 0 and takes every migration, as an old one takes the rest.

Observations: while a trial runs, one row of ``recent`` per stream and commit holds the raw
columns; when a minute is full they become one row of ``observation`` per channel (``codec``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

APPLICATION_ID = int.from_bytes(b"bhrn", "big")

TIME_CHANNEL = -1  # the ``channel`` of an observation row that holds time stamps

_VERSION_1 = (
    """
    CREATE TABLE campaign (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        created_utc TEXT NOT NULL,
        anchor_monotonic_ns INTEGER NOT NULL,
        anchor_unix_ns INTEGER NOT NULL,
        boot_id TEXT NOT NULL,
        title TEXT NOT NULL,
        command TEXT NOT NULL,
        spec TEXT NOT NULL,          -- JSON
        environment TEXT NOT NULL,   -- JSON
        state TEXT NOT NULL CHECK (state IN ('running', 'done', 'interrupted')),
        overhead TEXT,               -- JSON
        owner_pid INTEGER,           -- the harness that runs it now, if any
        owner_boot_id TEXT,
        owner_start_ticks INTEGER
    )
    """,
    """
    CREATE TABLE variant (
        campaign_id TEXT NOT NULL REFERENCES campaign (id),
        variant_index INTEGER NOT NULL,
        workload TEXT NOT NULL,
        factors TEXT NOT NULL,       -- JSON
        PRIMARY KEY (campaign_id, variant_index)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE trial (
        id INTEGER PRIMARY KEY,
        campaign_id TEXT NOT NULL,
        run_index INTEGER NOT NULL,
        variant_index INTEGER NOT NULL,
        repetition INTEGER NOT NULL,
        status TEXT NOT NULL,
        started_ns INTEGER,
        reason TEXT,
        exit_code INTEGER,
        window_start_ns INTEGER,
        window_end_ns INTEGER,
        cpu_s REAL,
        memory_peak_bytes INTEGER,
        outputs TEXT,                -- JSON, as are the next three
        methods TEXT,
        cautions TEXT,
        details TEXT,
        replaced_by INTEGER REFERENCES trial (id),
        FOREIGN KEY (campaign_id, variant_index) REFERENCES variant (campaign_id, variant_index)
    )
    """,
    "CREATE INDEX trial_of_campaign ON trial (campaign_id, run_index)",
    """
    CREATE TABLE stream (
        id INTEGER PRIMARY KEY,
        trial_id INTEGER NOT NULL REFERENCES trial (id),
        source TEXT NOT NULL CHECK (source IN ('probe', 'meter')),
        name TEXT NOT NULL,
        channels TEXT NOT NULL,      -- JSON: [[name, unit], ...]
        meta TEXT NOT NULL           -- JSON
    )
    """,
    "CREATE INDEX stream_of_trial ON stream (trial_id)",
    """
    CREATE TABLE recent (            -- a few rows, so it needs no index
        id INTEGER PRIMARY KEY,
        stream_id INTEGER NOT NULL REFERENCES stream (id),
        first_ns INTEGER NOT NULL,
        samples INTEGER NOT NULL,
        data BLOB NOT NULL           -- int64 times, then float64 columns, little-endian
    )
    """,
    """
    CREATE TABLE observation (
        id INTEGER PRIMARY KEY,
        stream_id INTEGER NOT NULL REFERENCES stream (id),
        channel INTEGER NOT NULL,    -- place in the stream's channels; -1 for the times
        samples INTEGER NOT NULL,
        data BLOB NOT NULL           -- packed, see codec.py
    )
    """,
    "CREATE INDEX observation_of_stream ON observation (stream_id, channel)",
    """
    CREATE TABLE event (
        id INTEGER PRIMARY KEY,
        trial_id INTEGER NOT NULL REFERENCES trial (id),
        t_ns INTEGER NOT NULL,
        participant TEXT NOT NULL,
        kind TEXT NOT NULL,
        edge TEXT,
        name TEXT,
        value REAL,                  -- the text 'nan' for a NaN, which SQLite cannot hold
        text TEXT,
        unit TEXT,
        step INTEGER
    )
    """,
    "CREATE INDEX event_of_trial ON event (trial_id, kind)",
)

# To which version -> the statements that bring a file there from the version before. A new
# version is a new entry; an entry that has been released is never changed.
MIGRATIONS: Mapping[int, tuple[str, ...]] = {1: _VERSION_1}

SCHEMA_VERSION = max(MIGRATIONS)


def identity(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Return the file's application id, its schema version and its number of tables.

    The caller holds a transaction: read one by one while another harness makes the file, they
    would be of before and of after.
    """
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return application_id, version, tables


def migrate(connection: sqlite3.Connection, migrations: Mapping[int, tuple[str, ...]]) -> None:
    """Apply what is missing, inside the caller's write transaction, so that it is all or nothing.

    The version is read again here: another harness may have done it while this one waited.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for target in sorted(migrations):
        if target > version:
            for statement in migrations[target]:
                connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {max(*migrations, version)}")
