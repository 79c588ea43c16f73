"""Trials: the run table, results with every field, and what a resumption replaces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchharness.model import Caution, Factors, Status
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, TrialPlan, TrialResult

FACTORS: tuple[Factors, ...] = (
    {"runtime": "native", "n": 100, "simd": True, "x": 1.0},
    {"runtime": "numpy", "n": 100},
)
PLAN = [TrialPlan(index, index % 2, index // 2, "matrix", FACTORS[index % 2]) for index in range(4)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "results.db") as opened:
        opened.add_campaign(CampaignRecord("0badcafe", "", 0, 0, "", "", "", {}, {}))
        opened.plan_trials("0badcafe", reversed(PLAN))
        yield opened


def test_a_run_table_comes_back_in_run_order_with_types_kept(store: Store) -> None:
    trials = store.trials("0badcafe")
    assert [
        TrialPlan(t.index, t.variant, t.repetition, t.workload, t.factors) for t in trials
    ] == PLAN
    assert isinstance(trials[0].factors["x"], float)
    assert {(t.status, t.started_ns, t.result) for t in trials} == {(Status.PLANNED, None, None)}
    assert store.trials("ffffffff") == []


def test_one_variant_number_is_one_set_of_factors(store: Store) -> None:
    with pytest.raises(ValueError, match="variant 1"):
        store.plan_trials("0badcafe", [TrialPlan(4, 1, 0, "matrix", {"runtime": "wasmtime"})])
    assert len(store.trials("0badcafe")) == 4


def test_a_result_comes_back_with_every_field(store: Store) -> None:
    result = TrialResult(
        status=Status.FAILED,
        reason="exit code 3",
        exit_code=3,
        window_start_ns=2**60,
        window_end_ns=2**60 + 1,
        cpu_s=0.1 + 0.2,
        memory_peak_bytes=2**40,
        outputs={"checksum": "f00d", "list": [1, None]},
        methods={"cpu": "cgroup v2"},
        cautions=(
            Caution("idle", "the idle interval is short", "use --idle 30"),
            Caution("x", "y"),
        ),
        details={"argv": ["a", "b c"]},
    )
    trial_id = store.trials("0badcafe")[0].trial_id
    store.start_trial(trial_id, 12345)
    running = store.trial(trial_id)
    assert (running.status, running.started_ns, running.result) == (Status.RUNNING, 12345, None)
    store.finish_trial(trial_id, result)
    assert store.trial(trial_id).status is Status.FAILED
    assert store.trial(trial_id).result == result


def test_missing_is_none_and_not_zero(store: Store) -> None:
    trial_id = store.trials("0badcafe")[0].trial_id
    store.finish_trial(trial_id, TrialResult(Status.OK))
    found = store.trial(trial_id).result
    assert found == TrialResult(Status.OK)
    assert found.cpu_s is None
    assert found.exit_code is None


def test_a_lost_trial_is_replaced_and_kept_as_invalid(store: Store) -> None:
    lost = store.trials("0badcafe")[1]
    store.start_trial(lost.trial_id, 1)
    fresh_id = store.reset_trial(lost.trial_id)
    trials = store.trials("0badcafe")
    assert [t.index for t in trials] == [0, 1, 2, 3]
    assert (trials[1].trial_id, trials[1].status) == (fresh_id, Status.PLANNED)
    assert (trials[1].variant, trials[1].repetition) == (lost.variant, lost.repetition)
    everything = store.trials("0badcafe", replaced=True)
    assert [t.trial_id for t in everything if t.index == 1] == [lost.trial_id, fresh_id]
    old = store.trial(lost.trial_id)
    assert (old.status, old.replaced_by) == (Status.INVALID, fresh_id)
    assert old.result is not None
    assert old.result.reason == "the harness ended during this trial"
    with pytest.raises(ValueError, match="already"):
        store.reset_trial(lost.trial_id)


def test_a_replaced_trial_that_had_ended_keeps_its_result(store: Store) -> None:
    trial_id = store.trials("0badcafe")[0].trial_id
    interrupted = TrialResult(Status.INVALID, reason="interrupted", cpu_s=1.5)
    store.finish_trial(trial_id, interrupted)
    store.reset_trial(trial_id)
    assert store.trial(trial_id).result == interrupted


def test_an_unknown_trial_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError, match="999"):
        store.trial(999)
    with pytest.raises(KeyError, match="999"):
        store.reset_trial(999)
