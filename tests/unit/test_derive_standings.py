from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchharness.model import CampaignSummary, Status
from benchharness.report.derive import derive_campaign
from benchharness.report.derive_standings import NO_BASELINE, ONE_RUN, comparisons_in
from benchharness.report.metrics import headline_key, standings
from benchharness.standing import Standing, Word
from tests.unit.derive_store import META, Trial, campaign

FACTORS = {
    "native O2": {"runtime": "native", "build": "O2"},
    "native O3": {"runtime": "native", "build": "O3"},
    "wasm O2": {"runtime": "wasm", "build": "O2"},
    "wasm O3": {"runtime": "wasm", "build": "O3"},
}
WATTS = {"native O2": 8.0, "native O3": 7.0, "wasm O2": 12.0, "wasm O3": 11.0}


def runs(busy_w: float, spread_w: float = 0.02, count: int = 5) -> list[Trial]:
    return [Trial(busy_w=busy_w + spread_w * (i - count // 2)) for i in range(count)]


def derived(tmp_path: Path, watts: dict[str, float], **spec: Any) -> CampaignSummary:
    factors = {label: FACTORS.get(label, {"runtime": label}) for label in watts}
    trials = {label: runs(busy_w) for label, busy_w in watts.items()}
    with campaign(tmp_path, trials, factors=factors, **spec) as store:
        return derive_campaign(store, "last")


def net(summary: CampaignSummary) -> dict[str, Standing]:
    found = {v.label: v.metrics.get("energy_net_j") for v in summary.variants}
    return {label: m.standing for label, m in found.items() if m is not None and m.standing}


def test_without_a_baseline_the_lowest_mean_is_the_reference(tmp_path: Path) -> None:
    found = net(derived(tmp_path, WATTS))
    assert found["native O3"].word is Word.REFERENCE
    assert {s.reference for s in found.values()} == {1}
    assert found["wasm O2"].ratio == pytest.approx((12.0 - 3.0) / (7.0 - 3.0), rel=1e-3)
    assert {found[name].word for name in WATTS if name != "native O3"} == {Word.HIGHER}


def test_a_baseline_of_several_variants_is_matched_by_the_other_levels(tmp_path: Path) -> None:
    found = net(derived(tmp_path, WATTS, baseline={"runtime": "native"}))
    assert (found["wasm O2"].reference, found["wasm O3"].reference) == (0, 1)
    assert found["native O2"].word is found["native O3"].word is Word.REFERENCE
    assert found["wasm O3"].ratio == pytest.approx(8.0 / 4.0, rel=1e-3)


def test_a_variant_without_a_baseline_of_its_own_is_not_compared(tmp_path: Path) -> None:
    watts = {name: WATTS[name] for name in ("native O2", "native O3", "wasm O3")}
    odd = derived(tmp_path, {**watts, "other": 9.0}, baseline={"runtime": "native"})
    assert net(odd)["other"].word is Word.NOT_COMPARABLE
    assert net(odd)["other"].reason == NO_BASELINE


def test_a_named_baseline_needs_fewer_intervals_together(tmp_path: Path) -> None:
    labels = {"a": 8.0, "b": 8.5, "c": 9.0, "d": 9.5}
    (tmp_path / "named").mkdir()
    all_of_them = net(derived(tmp_path, labels))["b"]
    named = net(derived(tmp_path / "named", labels, baseline={"runtime": "a"}))["b"]
    assert all_of_them.ratio == pytest.approx(named.ratio)
    assert None not in (all_of_them.low, all_of_them.high, named.low, named.high)
    assert all_of_them.low < named.low < named.high < all_of_them.high  # type: ignore[operator]
    assert comparisons_in({0: 0, 1: 0, 2: 0, 3: 0}, named=False) == 6
    assert comparisons_in({0: 0, 1: 0, 2: 0, 3: None}, named=True) == 2


def test_the_margin_comes_from_the_campaign(tmp_path: Path) -> None:
    near = {"a": 8.0, "b": 8.02}
    (tmp_path / "margin").mkdir()
    assert net(derived(tmp_path, near))["b"].word is Word.UNDECIDED
    summary = derived(tmp_path / "margin", near, margin=0.05)
    assert net(summary)["b"].word is Word.SAME
    assert summary.margin == 0.05
    assert "the same within 5 %" in summary.verdict


def test_the_metric_that_the_campaign_names_leads(tmp_path: Path) -> None:
    slow = [replace(t, duration_s=30.0, busy_w=5.0) for t in runs(5.0)]
    with campaign(tmp_path, {"slow": slow, "fast": runs(9.0)}, metric="duration_s") as store:
        summary = derive_campaign(store, "last")
    assert headline_key(summary) == "duration_s"
    assert summary.verdict.startswith("fast is the fastest: 20.0 s, 33.3 % less than slow")


def test_single_runs_and_a_lone_variant(tmp_path: Path) -> None:
    with campaign(tmp_path, {"a": runs(8.0), "b": [Trial(busy_w=9.0)]}) as store:
        summary = derive_campaign(store, "last")
    assert net(summary)["b"].word is Word.NO_INTERVAL
    assert net(summary)["b"].reason == ONE_RUN
    assert net(summary)["b"].ratio == pytest.approx(6.0 / 5.0, rel=1e-3)
    assert {sign.key for sign in standings(summary, "energy_net_j").values()} == {"single"}
    (tmp_path / "alone").mkdir()
    assert net(derived(tmp_path / "alone", {"a": 8.0})) == {}


def test_joules_below_their_uncertainty_bear_no_ratio(tmp_path: Path) -> None:
    coarse = {**META, "gain_bound": 0.9}
    idle = [replace(t, busy_w=3.01, meta=coarse) for t in runs(3.01, spread_w=0.0)]
    busy = [replace(t, meta=coarse) for t in runs(8.0)]
    with campaign(tmp_path, {"idle": idle, "busy": busy}) as store:
        found = net(derive_campaign(store, "last"))
    assert found["busy"].word is Word.NOT_COMPARABLE
    assert found["busy"].reason == "the net energy of idle is not above its own uncertainty"


def test_failed_variants_stand_nowhere(tmp_path: Path) -> None:
    bad = [replace(t, status=Status.FAILED, reason="exit code 1") for t in runs(5.0)]
    with campaign(tmp_path, {"bad": bad, "a": runs(8.0), "b": runs(9.0)}) as store:
        summary = derive_campaign(store, "last")
    assert set(net(summary)) == {"a", "b"}
    assert standings(summary, "energy_net_j")[0].key == "missing"


def test_an_interval_ends_where_the_metric_cannot_be_less(tmp_path: Path) -> None:
    spread = [replace(t, duration_s=s) for t, s in zip(runs(8.0), (1, 40, 2, 35, 3), strict=True)]
    steady = [replace(t, duration_s=20.0 + i) for i, t in enumerate(runs(8.0))]
    both = {"steady": steady, "spread": spread}
    with campaign(tmp_path, both, baseline={"runtime": "steady"}) as store:
        summary = derive_campaign(store, "last")
    standing = summary.variants[1].metrics["duration_s"].standing
    assert standing is not None
    assert standing.low == 0.0
    assert standing.word is Word.UNDECIDED
