"""Real processes on one results file: two at once, a reader beside a writer, one killed."""

from __future__ import annotations

import signal
import sqlite3
import threading
from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.model import Status
from benchharness.store import connection as connection_module
from benchharness.store.database import Store
from tests.integration.store_harness import committed, start_writer, stored_samples


def test_two_harnesses_make_one_new_file_and_write_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    seconds = 130  # past two minutes, so that packing meets the other's commits
    writers = [start_writer(path, name, seconds) for name in ("aaaaaaaa", "bbbbbbbb")]
    for writer in writers:
        output, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors, committed(output)) == (0, "", seconds)
    with Store.open(path, read_only=True) as store:
        assert {c.id for c in store.campaigns()} == {"aaaaaaaa", "bbbbbbbb"}
        for name in ("aaaaaaaa", "bbbbbbbb"):
            assert stored_samples(store, name) == 10 * seconds
            assert store.campaign(name).state == "done"


def test_a_file_that_another_makes_just_now_is_not_taken_for_a_strangers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let another make the file just between two looks at what it is."""
    path = tmp_path / "results.db"
    open_connection = connection_module._open
    others: list[threading.Thread] = []

    def open_and_watch(path: Path, mode: str) -> sqlite3.Connection:
        connection = open_connection(path, mode)

        def on_statement(statement: str) -> None:
            if "user_version" in statement and not others:
                others.append(threading.Thread(target=lambda: Store.open(path).close()))
                others[0].start()
                others[0].join(0.5)  # it ends only if nothing holds the file as it was

        connection.set_trace_callback(on_statement)
        return connection

    monkeypatch.setattr(connection_module, "_open", open_and_watch)
    Store.open(path).close()
    others[0].join()
    with Store.open(path) as store:
        assert store.campaigns() == []


def test_a_reader_sees_every_sample_once_while_rows_are_packed(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    writer = start_writer(path, "aaaaaaaa", 400)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "committed 0\n"
    seen = 0
    with Store.open(path, read_only=True) as store:
        while writer.poll() is None:
            now = stored_samples(store, "aaaaaaaa")
            assert now >= seen
            assert now % 10 == 0
            seen = now
        assert stored_samples(store, "aaaaaaaa") == 4000
    writer.communicate()


@pytest.mark.parametrize("commits", [1, 30, 75])
def test_kill_9_loses_nothing_that_was_committed(tmp_path: Path, commits: int) -> None:
    path = tmp_path / "results.db"
    writer = start_writer(path, "aaaaaaaa", 100_000)
    assert writer.stdout is not None
    for _ in range(commits):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    output, _ = writer.communicate()
    reported = commits + committed(output)
    with Store.open(path, read_only=True) as store:
        assert stored_samples(store, "aaaaaaaa") >= 10 * reported
        (lost,) = store.trials("aaaaaaaa")
        assert (lost.status, lost.result) == (Status.RUNNING, None)
        assert len(store.events(lost.trial_id)) >= reported
        assert not store.is_running("aaaaaaaa")
    with Store.open(path) as store:  # resumed
        store.claim("aaaaaaaa")
        fresh = store.reset_trial(lost.trial_id)
        (replacement,) = store.trials("aaaaaaaa")
        assert replacement.trial_id == fresh
        (stream,) = store.streams(lost.trial_id)
        assert len(store.read_stream(stream.stream_id)[0]) >= 10 * reported


def test_a_campaign_belongs_to_one_live_harness(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    writer = start_writer(path, "aaaaaaaa", 100_000)
    assert writer.stdout is not None
    writer.stdout.readline()
    with Store.open(path) as store:
        assert store.is_running("aaaaaaaa")
        with pytest.raises(UsageError, match=f"process {writer.pid}.*kill -INT") as caught:
            store.claim("aaaaaaaa")
        assert caught.value.exit_code == 2
        store.release("aaaaaaaa")
        assert store.is_running("aaaaaaaa"), "only its owner gives a campaign up"
        writer.kill()
        writer.communicate()
        assert not store.is_running("aaaaaaaa")
        store.claim("aaaaaaaa")
        assert store.is_running("aaaaaaaa")
