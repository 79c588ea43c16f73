"""The records refuse what cannot be."""

from __future__ import annotations

import re

import pytest

from benchharness.model import Status
from benchharness.store.records import CampaignRecord, TrialResult, new_campaign_id


def test_a_campaign_id_is_eight_hexadecimal_digits_and_new_each_time() -> None:
    ids = {new_campaign_id() for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch("[0-9a-f]{8}", one) for one in ids)


def test_a_campaign_state_is_one_of_three() -> None:
    with pytest.raises(ValueError, match="paused"):
        CampaignRecord("00000001", "", 0, 0, "", "", "", {}, {}, state="paused")


def test_a_campaign_needs_an_id() -> None:
    with pytest.raises(ValueError, match="id"):
        CampaignRecord("", "", 0, 0, "", "", "", {}, {})


@pytest.mark.parametrize("status", [Status.PLANNED, Status.RUNNING])
def test_a_trial_that_has_not_ended_has_no_result(status: Status) -> None:
    with pytest.raises(ValueError, match=status.value):
        TrialResult(status)
