"""Streams: every sample comes back to the bit, packed or not, and the file does not swell."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchharness.errors import ResultsFileError
from benchharness.model import Channel, Status
from benchharness.store.database import Store
from benchharness.store.records import (
    CampaignRecord,
    EventRecord,
    StreamRecord,
    TrialPlan,
    TrialResult,
)

CHANNELS = (Channel("power_w", "W"), Channel("energy_j", "J"))
SECOND_NS = 1_000_000_000


def open_with_trial(path: Path) -> tuple[Store, int]:
    store = Store.open(path)
    store.add_campaign(CampaignRecord("0badcafe", "", 0, 0, "", "", "", {}, {}))
    store.plan_trials("0badcafe", [TrialPlan(0, 0, 0, "noop", {})])
    return store, store.trials("0badcafe")[0].trial_id


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Store, int]]:
    store, trial_id = open_with_trial(tmp_path / "results.db")
    with store:
        yield store, trial_id


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def write_seconds(store: Store, stream: int, seconds: range, hz: int = 10) -> None:
    """Commit once a second, as a running trial does."""
    for second in seconds:
        ticks = range(second * hz, (second + 1) * hz)
        times = array("q", [tick * (SECOND_NS // hz) for tick in ticks])
        columns = [array("d", [tick * 0.5 for tick in ticks]), array("d", map(math.sin, ticks))]
        store.append(stream, times, columns)
        store.commit()


def check_seconds(store: Store, stream: int, seconds: int, hz: int = 10) -> None:
    times, columns = store.read_stream(stream)
    ticks = np.arange(seconds * hz)
    assert times.dtype == np.int64
    assert times.tolist() == (ticks * (SECOND_NS // hz)).tolist()
    assert columns["power_w"].tolist() == (ticks * 0.5).tolist()
    assert columns["energy_j"].tolist() == [math.sin(tick) for tick in range(seconds * hz)]


def test_streams_come_back_as_they_were_added(opened: tuple[Store, int]) -> None:
    store, trial_id = opened
    meta = {"class": "measured", "period_s": None}
    first = store.add_stream(trial_id, "meter", "plug", CHANNELS, meta)
    second = store.add_stream(trial_id, "probe", "system", [Channel("cpu_s", "s")])
    assert store.streams(trial_id) == [
        StreamRecord(first, trial_id, "meter", "plug", CHANNELS, meta),
        StreamRecord(second, trial_id, "probe", "system", (Channel("cpu_s", "s"),), {}),
    ]
    store.set_stream_meta(first, {"class": "emulated"})
    assert store.streams(trial_id)[0].meta == {"class": "emulated"}


def test_an_empty_stream_is_empty_and_not_an_error(opened: tuple[Store, int]) -> None:
    store, trial_id = opened
    stream = store.add_stream(trial_id, "meter", "plug", CHANNELS)
    store.append(stream, array("q"), [array("d"), array("d")])
    store.finish_trial(trial_id, TrialResult(Status.OK))
    times, columns = store.read_stream(stream)
    assert len(times) == 0
    assert {name: values.tolist() for name, values in columns.items()} == {
        "power_w": [],
        "energy_j": [],
    }


@pytest.mark.parametrize("seconds", [1, 59, 61, 150])
def test_samples_are_there_while_the_trial_runs_and_after_it(
    opened: tuple[Store, int], seconds: int
) -> None:
    store, trial_id = opened
    stream = store.add_stream(trial_id, "meter", "plug", CHANNELS)
    write_seconds(store, stream, range(seconds))
    check_seconds(store, stream, seconds)
    store.finish_trial(trial_id, TrialResult(Status.OK))
    check_seconds(store, stream, seconds)


def test_a_full_minute_is_packed_and_leaves_no_raw_row(opened: tuple[Store, int]) -> None:
    store, trial_id = opened
    stream = store.add_stream(trial_id, "meter", "plug", CHANNELS)
    write_seconds(store, stream, range(60))
    assert (rows(store.path, "recent"), rows(store.path, "observation")) == (60, 0)
    write_seconds(store, stream, range(60, 61))
    assert (rows(store.path, "recent"), rows(store.path, "observation")) == (0, 3)


def test_many_samples_are_packed_before_the_minute_is_full(opened: tuple[Store, int]) -> None:
    store, trial_id = opened
    stream = store.add_stream(trial_id, "meter", "plug", CHANNELS)
    write_seconds(store, stream, range(9), hz=1000)
    assert rows(store.path, "recent") == 0
    check_seconds(store, stream, 9, hz=1000)


def test_the_end_of_a_trial_packs_its_streams_and_no_others(opened: tuple[Store, int]) -> None:
    store, trial_id = opened
    store.plan_trials("0badcafe", [TrialPlan(1, 0, 1, "noop", {})])
    other_id = store.trials("0badcafe")[1].trial_id
    mine = store.add_stream(trial_id, "meter", "plug", CHANNELS)
    other = store.add_stream(other_id, "meter", "plug", CHANNELS)
    write_seconds(store, mine, range(5))
    write_seconds(store, other, range(5))
    store.finish_trial(trial_id, TrialResult(Status.OK))
    assert rows(store.path, "recent") == 5
    store.reset_trial(other_id)
    assert rows(store.path, "recent") == 0
    check_seconds(store, mine, 5)
    check_seconds(store, other, 5)


@pytest.mark.slow
def test_the_file_does_not_stay_swollen(opened: tuple[Store, int]) -> None:
    """A second's raw rows are gone when packed, and their pages are used again."""
    store, trial_id = opened
    stream = store.add_stream(trial_id, "meter", "plug", CHANNELS)
    write_seconds(store, stream, range(61))
    with closing(sqlite3.connect(store.path)) as connection:
        before = connection.execute("PRAGMA page_count").fetchone()[0]
    write_seconds(store, stream, range(61, 61 + 5 * 61))
    with closing(sqlite3.connect(store.path)) as connection:
        (after,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    raw_bytes = 5 * 610 * 8 * 3
    assert (after - before) * 4096 < raw_bytes
    assert free < 15, "no more free pages than a minute of raw rows takes"


def test_samples_wait_for_a_commit_and_close_commits_them(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    store, trial_id = open_with_trial(path)
    stream = store.add_stream(trial_id, "meter", "plug", CHANNELS)
    store.append(stream, array("q", [7]), [array("d", [1.5]), array("d", [math.nan])])
    with Store.open(path, read_only=True) as reader:
        assert len(reader.read_stream(stream)[0]) == 0
        store.close()
        times, columns = reader.read_stream(stream)
    assert times.tolist() == [7]
    assert columns["power_w"].tolist() == [1.5]
    assert np.isnan(columns["energy_j"]).all()
    store.close()


def test_some_channels_or_an_unknown_one(opened: tuple[Store, int]) -> None:
    store, trial_id = opened
    stream = store.add_stream(trial_id, "meter", "plug", CHANNELS)
    write_seconds(store, stream, range(2))
    assert list(store.read_stream(stream, ["energy_j"])[1]) == ["energy_j"]
    with pytest.raises(KeyError, match="volts"):
        store.read_stream(stream, ["volts"])
    with pytest.raises(KeyError, match="999"):
        store.read_stream(999)


def test_wrong_shapes_and_types_are_refused(opened: tuple[Store, int]) -> None:
    store, trial_id = opened
    stream = store.add_stream(trial_id, "meter", "plug", CHANNELS)
    one = array("d", [1.0])
    with pytest.raises(ValueError, match="1 columns for 2"):
        store.append(stream, array("q", [1]), [one])
    with pytest.raises(ValueError, match="length"):
        store.append(stream, array("q", [1, 2]), [one, one])
    with pytest.raises(ValueError, match="array"):
        store.append(stream, array("q", [1]), [one, array("f", [1.0])])


PATTERNS = st.lists(
    st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1)), max_size=30
)


@settings(max_examples=25, deadline=None)
@given(st.lists(PATTERNS, max_size=4), st.booleans())
@pytest.mark.slow
def test_irregular_times_and_any_bits_come_back(
    batches: list[list[tuple[int, int]]], finished: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, trial_id = open_with_trial(Path(folder) / "results.db")
        with store:
            stream = store.add_stream(trial_id, "probe", "any", CHANNELS[:1])
            for batch in batches:
                column = array("d")
                column.frombytes(array("Q", [bits for _, bits in batch]).tobytes())
                store.append(stream, array("q", [t for t, _ in batch]), [column])
                store.commit()
            if finished:
                store.finish_trial(trial_id, TrialResult(Status.OK))
            times, columns = store.read_stream(stream)
    assert times.tolist() == [t for batch in batches for t, _ in batch]
    bits = columns["power_w"].view(np.uint64).tolist()
    assert bits == [b for batch in batches for _, b in batch]


def test_events_come_back_in_time_order_by_kind_and_with_every_field(
    opened: tuple[Store, int],
) -> None:
    store, trial_id = opened
    events = [
        EventRecord(30, "main", "metric", name="loss", value=0.25, unit="1", step=7),
        EventRecord(10, "harness", "stage", edge="start", name="settle"),
        EventRecord(20, "harness", "caution", text="ein Wort ✓"),
        EventRecord(20, "main", "metric", name="big", value=math.inf),
    ]
    for event in events:
        store.add_event(trial_id, event)
    assert store.events(trial_id) == []
    store.commit()
    assert store.events(trial_id) == [events[1], events[2], events[3], events[0]]
    assert store.events(trial_id, kind="metric") == [events[3], events[0]]
    assert store.events(trial_id, kind="window") == []


def test_a_metric_that_is_nan_is_not_a_missing_one(opened: tuple[Store, int]) -> None:
    store, trial_id = opened
    store.add_event(trial_id, EventRecord(1, "main", "metric", name="loss", value=math.nan))
    store.add_event(trial_id, EventRecord(2, "main", "metric", name="loss"))
    store.finish_trial(trial_id, TrialResult(Status.OK))
    diverged, missing = store.events(trial_id)
    assert diverged.value is not None
    assert math.isnan(diverged.value)
    assert missing.value is None


def test_writing_imports_no_numpy(tmp_path: Path) -> None:
    """The harness writes through this while a trial runs, and has to stay small."""
    writer = Path(__file__).parent.parent / "integration" / "store_writer.py"
    done = subprocess.run(
        [sys.executable, str(writer), str(tmp_path / "results.db"), "0badcafe", "2"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["committed 0", "committed 1", "numpy: no"]


def test_text_that_utf_8_cannot_hold_is_kept_as_an_escape(opened: tuple[Store, int]) -> None:
    """A workload's JSON, or a file name, may hold half a surrogate pair."""
    store, trial_id = opened
    store.add_event(trial_id, EventRecord(1, "main", "phase", name="a\ud800b", text="\udcff"))
    store.finish_trial(trial_id, TrialResult(Status.FAILED, reason="no \udcff"))
    (event,) = store.events(trial_id)
    assert (event.name, event.text) == ("a\\ud800b", "\\udcff")
    result = store.trial(trial_id).result
    assert result is not None
    assert result.reason == "no \\udcff"


@pytest.mark.parametrize(("t_ns", "step"), [(2**63, None), (0, 2**63), (0, -(2**63) - 1)])
def test_a_number_beyond_64_bits_is_refused_at_once(
    opened: tuple[Store, int], t_ns: int, step: int | None
) -> None:
    store, trial_id = opened
    with pytest.raises(ValueError, match="64 bits"):
        store.add_event(trial_id, EventRecord(t_ns, "main", "metric", step=step))
    store.commit()


def test_rows_that_are_not_what_was_written_are_damage(opened: tuple[Store, int]) -> None:
    store, trial_id = opened
    stream = store.add_stream(trial_id, "meter", "plug", CHANNELS)
    write_seconds(store, stream, range(61))
    for change in (
        "UPDATE observation SET data = substr(data, 1, 40) WHERE channel = 1",
        "UPDATE observation SET data = x'ff' WHERE channel = 1",
        "DELETE FROM observation WHERE channel = 1",
    ):
        with closing(sqlite3.connect(store.path)) as connection, connection:
            connection.execute(change)
        with pytest.raises(ResultsFileError, match="damaged"):
            store.read_stream(stream)
    assert len(store.read_stream(stream, ["power_w"])[0]) == 610
