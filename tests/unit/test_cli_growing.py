"""What a campaign that grows has seen, and what is added to one that grew meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.cli.growing import BlockGrowth, stored_variants, table_plans
from benchharness.cli.main import main
from benchharness.model import Status
from benchharness.plan.run_table import RunTable
from benchharness.plan.stop import StopRule
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, EventRecord, TrialResult

SECOND_NS = 1_000_000_000
SPEC = {
    "workload": "w",
    "seed": 3,
    "options": {"meters": ["none"]},
    "variants": [{"index": 0, "label": "a", "factors": {}, "workload": "w"}],
}


def ended(store: Store, trial_id: int, start_s: int, status: Status = Status.OK) -> None:
    """End a trial whose stages took ten seconds in all, its window four."""
    at = [second * SECOND_NS for second in (start_s, start_s + 3, start_s + 7, start_s + 10)]
    stages = [("idle_before", at[0], at[1]), ("window", at[1], at[2]), ("cooldown", at[2], at[3])]
    for name, begin, end in stages:
        for t_ns, edge in ((begin, "start"), (end, "end")):
            store.add_event(trial_id, EventRecord(t_ns, "harness", "stage", edge, name))
    result = TrialResult(status, window_start_ns=at[1], window_end_ns=at[2])
    store.finish_trial(trial_id, result)


def test_time_that_was_spent_on_trials_run_again_counts_against_the_budget(tmp_path: Path) -> None:
    with Store.open(tmp_path / "results.db") as store:
        campaign = CampaignRecord("c0de0001", "2026-01-01T00:00:00+00:00", 0, 0, "b", "t", "run",
                                  SPEC, {})  # fmt: skip
        store.add_campaign(campaign)
        variants = tuple(stored_variants(SPEC))
        store.plan_trials(campaign.id, table_plans(RunTable(variants, ((0, 0), (0, 1)), 3)))
        first, second = (trial.trial_id for trial in store.trials(campaign.id))
        ended(store, first, 0)
        ended(store, second, 10, Status.INVALID)
        ended(store, store.reset_trial(second), 20)
        growth = BlockGrowth(store, campaign.id, variants, 3, StopRule(time_s=35.0), "duration_s")
        seen = growth._seen()
        assert seen.blocks == 2
        assert seen.elapsed_s == pytest.approx(30.0)  # three trials, one of them for nothing
        assert seen.block_s == pytest.approx(10.0)  # what the next one takes
        assert seen.values == {"a": (4.0, 4.0)}
        assert not growth.another_block()  # 30 s + 10 s are more than 35 s
        assert growth.stopped is not None
        assert "30.0 s of 35.0 s are spent" in growth.stopped


@pytest.mark.slow
def test_repetitions_are_counted_once_nobody_else_can_add_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another process adds the second block between the question and the claim."""
    results = tmp_path / "results.db"
    monkeypatch.chdir(tmp_path)
    quiet = ["--results", str(results), "--meter", "none"]
    begun = ["run", *quiet, "--idle", "0", "--repeat", "1", "--json", "--", "true"]
    assert main(begun) == 0
    claim = Store.claim

    def late(store: Store, campaign_id: str) -> None:
        if len(store.trials(campaign_id)) == 1:
            assert main(["resume", "last", "--repeat", "2", *quiet, "--json"]) == 0
        claim(store, campaign_id)

    calls = iter([late])

    def first_late(store: Store, campaign_id: str) -> None:
        next(calls, claim)(store, campaign_id)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "claim", first_late)
        assert main(["resume", "last", "--repeat", "3", *quiet, "--json"]) == 0
    with Store.open(results) as store:
        trials = store.trials(store.campaign("last").id)
    assert [(t.index, t.repetition, t.status) for t in trials] == [
        (place, place, Status.OK) for place in range(3)
    ]
    capsys.readouterr()
