"""Files that are not results files, or no longer whole: one line that says so and what to do."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchharness.errors import BenchharnessError, ResultsFileError
from benchharness.store import connection
from benchharness.store.database import Store
from benchharness.store.records import EventRecord
from tests.integration.store_harness import open_with_trial


def refused(path: Path, *, create: bool = True, read_only: bool = False) -> str:
    """Return the one line with which a file is refused with exit code 2."""
    with pytest.raises(ResultsFileError) as caught:
        Store.open(path, create=create, read_only=read_only)
    assert caught.value.exit_code == 2
    line = caught.value.line()
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_not_sqlite_is_left_as_it_is(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "notes.db"
    path.write_text("my notes\n" * 100)
    assert "not SQLite" in refused(path, read_only=read_only)
    assert path.read_text() == "my notes\n" * 100
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("read_only", [False, True])
def test_another_program_s_database_is_left_as_it_is(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE photo (id INTEGER)")
    before = path.read_bytes()
    assert "another program" in refused(path, read_only=read_only)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_not_a_results_file(tmp_path: Path) -> None:
    assert "is a folder" in refused(tmp_path)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    assert "a file lies where its folder should be" in refused(tmp_path / "results" / "results.db")


@pytest.mark.parametrize("read_only", [False, True])
def test_a_missing_file_is_not_made_by_looking(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "no" / "results.db"
    assert "run something first" in refused(path, create=False, read_only=read_only)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_becomes_a_results_file_when_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    path.touch()
    assert "the results file is there, and empty" in refused(path, read_only=True)
    with Store.open(path) as store:
        assert store.campaigns() == []


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?.db", "#1.db", "größe.db", "a'b.db"])
def test_a_name_may_have_any_sign(tmp_path: Path, name: str) -> None:
    store, trial_id = open_with_trial(tmp_path / name)
    store.close()
    assert [file.name for file in tmp_path.iterdir()] == [name]
    with Store.open(tmp_path / name, read_only=True) as reader:
        assert reader.trial(trial_id).campaign_id == "0badcafe"


def test_a_file_locked_by_another_program_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_S", 0.1)
    path = tmp_path / "results.db"
    store, trial_id = open_with_trial(path)
    with store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.add_event(trial_id, EventRecord(1, "main", "phase"))
        with pytest.raises(ResultsFileError, match="locked by another program"):
            store.commit()
        other.execute("ROLLBACK")
        store.commit()
        assert [event.t_ns for event in store.events(trial_id)] == [1], "and nothing was lost"


def filled(path: Path) -> int:
    """Write a file of a few hundred pages; return the trial's id."""
    store, trial_id = open_with_trial(path)
    for number in range(2000):
        text = f"event {number} " + "x" * 200
        store.add_event(trial_id, EventRecord(number, "main", "phase", text=text))
    store.close()
    return trial_id


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_cut_in_the_middle_says_what_is_left_and_how_to_save_it(
    tmp_path: Path, read_only: bool
) -> None:
    path = tmp_path / "results.db"
    trial_id = filled(path)
    whole = path.stat().st_size
    half = whole // 2 // 4096 * 4096
    with path.open("r+b") as file:
        file.truncate(half)
    with pytest.raises(ResultsFileError) as caught, Store.open(path, read_only=read_only) as store:
        store.events(trial_id)
    line = caught.value.line()
    assert f"cut short: {half} of {whole} bytes are there" in line
    assert f"-m benchharness.store.rescue {path} rescued.db" in line


def test_a_file_damaged_in_the_middle_is_named_when_the_damage_is_met(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    trial_id = filled(path)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 4096 // 2 * 4096)
        file.write(random.Random(1).randbytes(20 * 4096))
    with Store.open(path, read_only=True) as store:
        assert store.campaign("last").id == "0badcafe", "what is whole stays readable"
        with pytest.raises(ResultsFileError, match=r"damaged \(.*rescue"):
            store.events(trial_id)


def test_a_header_without_a_database(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    path.write_bytes(b"SQLite format 3\x00" + bytes(2000))
    with pytest.raises(BenchharnessError, match="damaged"):
        Store.open(path)
