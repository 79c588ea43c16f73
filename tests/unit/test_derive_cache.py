"""What is derived once is not derived again, and never stands for other data or other code."""

from __future__ import annotations

import marshal
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.model import CampaignSummary, TrialSummary
from benchharness.report import derive, derive_cache, derive_trials
from benchharness.report.derive import derive_campaign
from benchharness.report.record_codec import decoder, to_plain
from benchharness.store.database import Store
from benchharness.store.records import StreamRecord, TrialRecord
from tests.unit.derive_store import Trial, campaign, phase, repeated, said

VARIANTS: Mapping[str, Sequence[Trial | None]] = {
    "one": [*repeated(8.0, 3, marked=True, events=[*phase("work", 1, 5), said("metric", 2)]), None],
    "other": repeated(9.0, 3, others={"plug-2": ({"class": "measured", "target": "usb"}, 0.4)}),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(derive_cache.SWITCH, str(tmp_path / "cache"))
    monkeypatch.setattr(derive_trials, "KEEP_FROM_S", 0.0)
    return tmp_path / "cache"


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Note which trials are derived."""
    noted: list[int] = []
    original = derive.derive_trial

    def noting(store: Store, record: TrialRecord, *more: object) -> TrialSummary:
        noted.append(record.trial_id)
        return original(store, record, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(derive, "derive_trial", noting)
    yield noted


def summary(path: Path) -> CampaignSummary:
    with Store.open(path / "results.db", read_only=True) as store:
        return derive_campaign(store, "last")


def test_a_second_look_derives_what_has_not_ended_only(
    tmp_path: Path, folder: Path, derived: list[int]
) -> None:
    campaign(tmp_path, VARIANTS).close()
    first = summary(tmp_path)
    assert derived == [1, 2, 3, 4, 5, 6, 7]
    derived.clear()
    assert summary(tmp_path) == first
    assert derived == [4]  # planned
    assert first.trials[0].energy is not None
    assert len(list(folder.iterdir())) == 1


def test_without_the_cache_it_is_the_same(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign(tmp_path, VARIANTS).close()
    summary(tmp_path)
    kept = summary(tmp_path)
    monkeypatch.setenv(derive_cache.SWITCH, "off")
    assert summary(tmp_path) == kept


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE stream SET meta = replace(meta, '0.02', '0.03') WHERE trial_id = 2",
        "UPDATE event SET t_ns = t_ns + 1 WHERE trial_id = 2",
        "UPDATE trial SET cpu_s = 1.5 WHERE id = 2",
        "UPDATE observation SET data = (SELECT data FROM observation WHERE id = 2) "
        "WHERE id = (SELECT max(id) FROM observation WHERE stream_id = "
        "(SELECT id FROM stream WHERE trial_id = 2) AND channel = 0)",
        "DELETE FROM observation WHERE stream_id = (SELECT id FROM stream WHERE trial_id = 2)",
    ],
)
def test_changed_data_are_derived_anew(
    tmp_path: Path, folder: Path, derived: list[int], change: str
) -> None:
    campaign(tmp_path, {"one": repeated(8.0, 3)}).close()
    summary(tmp_path)
    with sqlite3.connect(tmp_path / "results.db") as connection:
        assert connection.execute(change).rowcount
    connection.close()
    derived.clear()
    summary(tmp_path)
    assert derived == [2]


def test_a_changed_variant_is_derived_anew(
    tmp_path: Path, folder: Path, derived: list[int]
) -> None:
    campaign(tmp_path, {"one": repeated(8.0, 2), "other": repeated(9.0, 2)}).close()
    summary(tmp_path)
    with sqlite3.connect(tmp_path / "results.db") as connection:
        connection.execute("UPDATE variant SET factors = '{\"n\": 1}' WHERE variant_index = 1")
    connection.close()
    derived.clear()
    assert summary(tmp_path).trials[3].factors == {"n": 1}
    assert derived == [3, 4]


def test_other_code_makes_another_file(
    tmp_path: Path, folder: Path, derived: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign(tmp_path, {"one": repeated(8.0, 2)}).close()
    summary(tmp_path)
    monkeypatch.setattr(derive_cache, "_code", lambda: "other")
    derived.clear()
    summary(tmp_path)
    assert derived == [1, 2]
    assert [file.name for file in folder.iterdir()] == ["0badcafe-other.trials"]


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", zlib.compress(marshal.dumps({"a": 1})[:-1]), zlib.compress(b"N")]
)
def test_a_broken_cache_is_none(
    tmp_path: Path, folder: Path, derived: list[int], content: bytes
) -> None:
    campaign(tmp_path, {"one": repeated(8.0, 2)}).close()
    first = summary(tmp_path)
    (file,) = folder.iterdir()
    file.write_bytes(content)
    derived.clear()
    assert summary(tmp_path) == first
    assert derived == [1, 2]
    assert file.stat().st_size > 100  # and is made anew


def test_a_folder_that_cannot_be_made_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    campaign(tmp_path, {"one": repeated(8.0, 2)}).close()
    first = summary(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv(derive_cache.SWITCH, str(tmp_path / "file" / "cache"))
    assert summary(tmp_path) == first


def test_what_is_derived_soon_is_not_kept(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derive_trials, "KEEP_FROM_S", 60.0)
    campaign(tmp_path, {"one": repeated(8.0, 2)}).close()
    summary(tmp_path)
    assert not folder.exists()


def test_room_is_made_for_the_newest(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign(tmp_path, {"one": repeated(8.0, 2)}).close()
    folder.mkdir()
    (folder / "0ldstuff-x.trials").write_bytes(bytes(5000))
    monkeypatch.setattr(derive_cache, "MOST_BYTES", 6000)
    summary(tmp_path)
    assert [file.name[:8] for file in folder.iterdir()] == ["0badcafe"]


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    odd = Trial(others={"plug-2": ({"class": "estimated", "target": "board"}, 1.0)})
    with campaign(tmp_path, {"one": [odd, *repeated(8.0, 2)]}) as store:
        trials = derive_campaign(store, "last").trials
    for trial in (*trials, replace(trials[0], metrics={"loss": float("inf")}, energy=None)):
        again = decoder(TrialSummary)(to_plain(trial))
        assert again == trial
        assert type(again.status) is type(trial.status)
        assert isinstance(again.spans, tuple)


def test_streams_and_events_of_many_trials_are_those_of_each(tmp_path: Path) -> None:
    with campaign(tmp_path, VARIANTS) as store:
        trial_ids = [record.trial_id for record in store.trials("0badcafe")]
        streams, events = store.streams_of(trial_ids), store.events_of(trial_ids)
        for trial_id in trial_ids:
            assert streams[trial_id] == store.streams(trial_id)
            assert events[trial_id] == store.events(trial_id)
        meters: list[StreamRecord] = [
            stream for each in trial_ids for stream in streams[each] if stream.source == "meter"
        ]
        expected = [(stream.trial_id, stream.name, stream.meta) for stream in meters]
        assert store.meters("0badcafe") == expected


def test_files_of_somebody_else_in_the_folder_are_left_alone(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    theirs = [folder / f"thesis{i}.txt" for i in range(4)]
    for file in theirs:
        file.write_text("important" * 1000)
    monkeypatch.setattr(derive_cache, "MOST_BYTES", 100)
    campaign(tmp_path, VARIANTS).close()
    summary(tmp_path)
    assert [file.read_text() for file in theirs] == ["important" * 1000] * 4


def test_a_name_that_leads_out_of_the_folder_is_not_kept(folder: Path) -> None:
    derive_cache.keep("../evil", {}, [])
    derive_cache.keep("a*", {}, [])
    assert derive_cache.load("../evil", {1: "x"}) == {}
    assert not folder.exists()


def test_a_cache_that_cannot_be_written_keeps_the_one_that_is_there(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign(tmp_path, VARIANTS).close()
    summary(tmp_path)
    before = sorted(folder.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(derive_cache, "_write", full)
    derive_cache.keep("0badcafe", {}, [])
    assert sorted(folder.iterdir()) == before != []
