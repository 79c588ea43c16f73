"""A fresh file is of the present schema; an older one is brought there, whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from benchharness.errors import ResultsFileError
from benchharness.store import schema
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord

CAMPAIGN = CampaignRecord("0badcafe", "", 0, 0, "", "kept", "", {}, {})


def pragma(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def pretend(monkeypatch: pytest.MonkeyPatch, migrations: Mapping[int, tuple[str, ...]]) -> None:
    """Let the program be a later one, with these migrations."""
    monkeypatch.setattr(schema, "MIGRATIONS", migrations)
    monkeypatch.setattr(schema, "SCHEMA_VERSION", max(migrations))


def test_versions_are_1_2_3_without_a_gap() -> None:
    assert list(schema.MIGRATIONS) == list(range(1, schema.SCHEMA_VERSION + 1))


def test_a_fresh_file_says_whose_it_is_and_of_which_schema(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "results.db"
    Store.open(path).close()
    assert pragma(path, "application_id") == schema.APPLICATION_ID
    assert pragma(path, "user_version") == schema.SCHEMA_VERSION


def test_a_newer_schema_is_refused_with_both_versions_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(ResultsFileError) as caught:
            Store.open(path, read_only=read_only)
        line = caught.value.line()
        assert "schema 99" in line
        assert f"up to {schema.SCHEMA_VERSION}" in line
        assert "update benchharness" in line
        assert caught.value.exit_code == 2
    assert path.read_bytes() == before


@pytest.mark.parametrize("read_only", [False, True])
def test_an_older_file_is_migrated_and_keeps_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    path = tmp_path / "results.db"
    with Store.open(path) as store:
        store.add_campaign(CAMPAIGN)
    pretend(monkeypatch, {**schema.MIGRATIONS, 2: ("ALTER TABLE campaign ADD COLUMN place TEXT",)})
    with Store.open(path, read_only=read_only) as store:
        assert store.campaigns() == [CAMPAIGN]
    assert pragma(path, "user_version") == 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id, place FROM campaign").fetchall() == [
            ("0badcafe", None)
        ]


def test_a_migration_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.db"
    Store.open(path).close()
    steps = ("CREATE TABLE place (id INTEGER)", "INSERT INTO no_such_table VALUES (1)")
    with monkeypatch.context() as later:
        pretend(later, {**schema.MIGRATIONS, 2: steps})
        with pytest.raises(sqlite3.OperationalError, match="no_such_table"):
            Store.open(path)
    assert pragma(path, "user_version") == 1
    with Store.open(path) as store:
        assert store.campaigns() == []
