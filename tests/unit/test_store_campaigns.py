"""Campaigns: exactly what was put in comes out, names are found or refused with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.errors import UnknownNameError, UsageError
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord


def campaign(campaign_id: str) -> CampaignRecord:
    return CampaignRecord(
        id=campaign_id,
        created_utc="2026-01-02T03:04:05Z",
        anchor_monotonic_ns=2**62,
        anchor_unix_ns=1_700_000_000_123_456_789,
        boot_id="a-b-c",
        title="Matrix, größer",
        command="benchharness run matrix --vary 'runtime=a,b'",
        spec={"factors": {"n": [1, 2]}, "seed": 7, "quick": True, "idle_s": 0.1},
        environment={"cpu": {"model": None}},
    )


def test_a_campaign_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    with Store.open(path) as store:
        store.add_campaign(campaign("00000001"))
    with Store.open(path, create=False, read_only=True) as store:
        assert store.campaign("00000001") == campaign("00000001")


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    with Store.open(tmp_path / "results.db") as store:
        store.add_campaign(campaign("00000001"))
        with pytest.raises(ValueError, match="already"):
            store.add_campaign(campaign("00000001"))
        assert len(store.campaigns()) == 1


def test_a_campaign_ends_with_a_state_and_what_the_harness_cost(tmp_path: Path) -> None:
    with Store.open(tmp_path / "results.db") as store:
        store.add_campaign(campaign("00000001"))
        store.finish_campaign("00000001", "done", {"cpu_share": 0.002})
        found = store.campaign("00000001")
        assert (found.state, found.overhead) == ("done", {"cpu_share": 0.002})
        with pytest.raises(ValueError, match="asleep"):
            store.finish_campaign("00000001", "asleep")


def test_newest_first_last_prefix_and_exact_id(tmp_path: Path) -> None:
    with Store.open(tmp_path / "results.db") as store:
        for campaign_id in ("ab000000", "abc00000", "cd000000", "ab"):
            store.add_campaign(campaign(campaign_id))
        assert [c.id for c in store.campaigns()] == ["ab", "cd000000", "abc00000", "ab000000"]
        assert store.campaign("last").id == "ab"
        assert store.campaign("c").id == "cd000000"
        assert store.campaign("ab").id == "ab", "a whole id is not a prefix"
        with pytest.raises(UsageError, match=r"ambiguous.*abc00000.*ab000000") as caught:
            store.campaign("a")
        assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["last", "", "ffffffff"])
def test_an_unknown_campaign_in_an_empty_file(tmp_path: Path, name: str) -> None:
    with (
        Store.open(tmp_path / "results.db") as store,
        pytest.raises(UnknownNameError, match=r"results\.db.*there are none"),
    ):
        store.campaign(name)


def test_an_unknown_campaign_names_the_nearest_or_the_newest(tmp_path: Path) -> None:
    with Store.open(tmp_path / "results.db") as store:
        for number in range(100):
            store.add_campaign(campaign(f"00000{number:03d}"))
        with pytest.raises(UnknownNameError, match="mean '00000042'"):
            store.campaign("x0000042")
        with pytest.raises(UnknownNameError, match=r"known: .*00000099") as caught:
            store.campaign("zzz")
        assert len(caught.value.line()) < 400
        for act in (store.claim, store.release, store.is_running):
            with pytest.raises(UnknownNameError, match="zzz"):
                act("zzz")
        with pytest.raises(UnknownNameError, match="zzz"):
            store.finish_campaign("zzz", "done")


def test_the_claim_of_this_process_holds_until_it_is_given_up(tmp_path: Path) -> None:
    with Store.open(tmp_path / "results.db") as store:
        store.add_campaign(campaign("00000001"))
        assert not store.is_running("00000001")
        store.claim("00000001")
        store.claim("00000001")
        assert store.is_running("00000001")
        store.release("00000001")
        assert not store.is_running("00000001")
        store.finish_campaign("00000001", "interrupted")
        store.claim("00000001")
        assert store.campaign("00000001").state == "running"
        store.finish_campaign("00000001", "done")
        assert not store.is_running("00000001")
