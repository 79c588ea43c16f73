"""A card that was pulled out: what can still be read is copied into a file that works."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from array import array
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from benchharness.cli.main import main as cli
from benchharness.errors import ResultsFileError
from benchharness.model import Channel, Status
from benchharness.store.database import Store
from benchharness.store.records import EventRecord, TrialResult
from benchharness.store.rescue import main as rescue_main
from benchharness.store.rescue import rescue
from tests.integration.store_harness import open_with_trial

PAGE = 4096
MINUTES = 40
SAMPLES_A_MINUTE = 601  # 60 s from the first to the last, which packs them
TABLES = ("campaign", "variant", "trial")
CHANNELS = [Channel("noise", "1"), Channel("count", "1")]


def fill(path: Path) -> None:
    """Write 40 packed minutes of incompressible noise with a count beside it, and events."""
    store, trial_id = open_with_trial(path)
    noise = np.random.default_rng(5)
    with store:
        stream = store.add_stream(trial_id, "probe", "system", CHANNELS)
        for minute in range(MINUTES):
            numbers = np.arange(SAMPLES_A_MINUTE, dtype=np.int64) + minute * SAMPLES_A_MINUTE
            columns = [
                array("d", noise.random(SAMPLES_A_MINUTE).tobytes()),
                array("d", numbers.astype(np.float64).tobytes()),
            ]
            store.append(stream, array("q", (numbers * 100_000_000).tobytes()), columns)
            store.add_event(trial_id, EventRecord(minute, "main", "phase", text="y" * 300))
            store.commit()
        store.append(stream, array("q", [-1]), [array("d", [0.5]), array("d", [-1.0])])
        store.commit()
        store.finish_trial(trial_id, TrialResult(Status.OK))


def check(path: Path, least_minutes: int) -> None:
    """Check that whole minutes are left, and that their channels belong together."""
    with Store.open(path, create=False) as store:
        (trial,) = store.trials(store.campaign("last").id)
        assert trial.status is Status.OK
        (stream,) = store.streams(trial.trial_id)
        times, columns = store.read_stream(stream.stream_id)
        assert (times[times >= 0] == columns["count"][times >= 0] * 100_000_000).all()
        minutes, counts = np.unique(columns["count"] // SAMPLES_A_MINUTE, return_counts=True)
        assert set(counts[minutes >= 0]) == {SAMPLES_A_MINUTE}
        assert least_minutes <= len(counts) <= MINUTES + 1
        assert ((columns["noise"] >= 0) & (columns["noise"] < 1)).all()
        assert store.events(trial.trial_id) != []


def test_half_a_file_is_half_a_trial(tmp_path: Path) -> None:
    path, saved = tmp_path / "results.db", tmp_path / "rescued.db"
    fill(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 + 100)
    done = subprocess.run(
        [sys.executable, "-m", "benchharness.store.rescue", str(path), str(saved)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:3] == [f"{table:<12} 1 rows" for table in TABLES]
    check(saved, MINUTES // 4)
    assert {file.name for file in tmp_path.iterdir()} == {"results.db", "rescued.db"}


@pytest.mark.parametrize("seed", range(5))
def test_pages_of_rubbish_cost_the_minutes_that_they_held(tmp_path: Path, seed: int) -> None:
    path, saved = tmp_path / "results.db", tmp_path / "rescued.db"
    fill(path)
    chance = random.Random(seed)
    with path.open("r+b") as file:
        for _ in range(3):
            page = chance.randrange(path.stat().st_size // PAGE // 3, path.stat().st_size // PAGE)
            file.seek(page * PAGE)
            file.write(chance.randbytes(PAGE))
    rows = rescue(path, saved)
    check(saved, MINUTES // 2)
    assert rows["campaign"] == rows["trial"] == rows["stream"] == rows["variant"] == 1


def test_a_whole_file_is_copied_whole(tmp_path: Path) -> None:
    path, saved = tmp_path / "results.db", tmp_path / "rescued.db"
    fill(path)
    rows = rescue(path, saved)
    assert (rows["event"], rows["observation"]) == (MINUTES, 3 * (MINUTES + 1))
    with closing(Store.open(path)) as one, closing(Store.open(saved)) as other:
        assert one.campaigns() == other.campaigns()
        assert one.trials("0badcafe") == other.trials("0badcafe")
        assert one.read_stream(1)[0].tolist() == other.read_stream(1)[0].tolist()


def test_nothing_is_overwritten_and_only_databases_are_rescued(tmp_path: Path) -> None:
    path, saved = tmp_path / "results.db", tmp_path / "rescued.db"
    fill(path)
    saved.write_text("mine")
    with pytest.raises(ResultsFileError, match="is there already"):
        rescue(path, saved)
    assert saved.read_text() == "mine"
    with pytest.raises(ResultsFileError, match="not SQLite"):
        rescue(saved, tmp_path / "new.db")
    with pytest.raises(ResultsFileError, match="no results file"):
        rescue(tmp_path / "missing.db", tmp_path / "new.db")


def test_a_campaign_that_lost_trials_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("--repeat", "5", "--meter", "none", "--idle", "0", "--probe-hz", "2", "--", "true")
    assert cli(["run", "--results", "whole.db", *words]) == 0
    with closing(sqlite3.connect("whole.db")) as connection, connection:
        connection.executescript(
            "DELETE FROM event WHERE trial_id > 3; DELETE FROM observation; DELETE FROM recent;"
            "DELETE FROM stream WHERE trial_id > 3; DELETE FROM trial WHERE id > 3"
        )
    assert rescue_main(["whole.db", "rescued.db"]) == 0
    found = capsys.readouterr()
    assert "trial        3 rows" in found.out
    assert "2 of 5 planned trials were lost with a damaged file" in found.err
    assert cli(["show", "last", "--results", "rescued.db"]) == 0
    assert "2 of 5 planned trials were lost" in capsys.readouterr().err
    with Store.open("rescued.db", create=False) as store:
        assert store.campaign("last").state == "interrupted"


def test_where_no_trial_is_left_nothing_is_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, new = tmp_path / "empty.db", tmp_path / "new.db"
    Store.open(empty).close()
    assert rescue_main([str(empty), str(new)]) == 1
    assert "nothing is saved" in capsys.readouterr().err
    assert not new.exists()
    assert rescue_main([str(empty)]) == 2
    assert "two files are needed; use: python3 -m" in capsys.readouterr().err
