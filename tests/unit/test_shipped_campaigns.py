"""The campaign files that are shipped: each can be planned, in full and quick."""

from __future__ import annotations

from collections import Counter

import pytest

from benchharness.plan.campaign import campaign_files, load_campaign
from benchharness.plan.run_table import RunTable

MODES = {"wasmtime": 4, "wasmer": 6, "wasmedge": 3}  # those that each runtime has


def planned(name: str, *, quick: bool) -> RunTable:
    campaign = load_campaign(campaign_files()[name])
    campaign = campaign.under_quick() if quick else campaign
    return campaign.plan(campaign.repeat or 1, seed=1, quick=quick)


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", campaign_files())
def test_every_campaign_has_variants_with_labels_of_their_own(name: str, quick: bool) -> None:
    labels = [variant.label for variant in planned(name, quick=quick).variants]
    assert labels
    assert len({*labels}) == len(labels)


def test_the_webassembly_campaign_has_every_mode_of_every_runtime_in_each_workload() -> None:
    found: Counter[tuple[str, object]] = Counter()
    for variant in planned("d1.4-wasm", quick=True).variants:
        if variant.factors.get("build") != "socket":
            found[variant.workload, variant.factors["runtime"]] += 1
    assert found == {
        **{(w, r): n for w in ("matrix", "gpio-http", "nn-module") for r, n in MODES.items()},
        ("matrix", "native"): 1,
        ("matrix", "numpy"): 1,
        ("nn-module", "native"): 1,
    }


def test_in_full_it_is_the_papers_experiment() -> None:
    table = planned("d1.4-wasm", quick=False)
    compiled = [
        v.factors
        for v in table.variants
        if v.workload == "matrix" and v.factors.get("mode") != "interpreter"
    ]
    assert {factors["n"] for factors in compiled} == {5000}
    posts = [v.factors for v in table.variants if v.workload == "gpio-http"]
    assert {(f["period_s"], f["duration_s"]) for f in posts} == {(2.0, 120.0)}
    assert len(table.order) == 3 * len(table.variants)


@pytest.mark.parametrize("quick", [False, True])
def test_the_federated_campaign_has_d14s_eight_devices_and_every_engine(quick: bool) -> None:
    campaign = load_campaign(campaign_files()["d1.4-fl"])
    assert campaign.testbed is not None
    assert campaign.testbed.name == "d1.4"
    factors = [variant.factors for variant in planned("d1.4-fl", quick=quick).variants]
    assert sorted(str(each["engine"]) for each in factors) == ["deployment", "grpc", "process"]
    assert {each["clients"] for each in factors} == {8}


def test_in_full_the_federated_campaign_is_the_papers_experiment() -> None:
    names = ("depth", "width", "rounds", "epochs", "alpha", "examples", "test_examples")
    for variant in planned("d1.4-fl", quick=False).variants:
        assert [variant.factors[name] for name in names] == [4, 10, 15, 2, 0.5, 0, 0]


def test_the_engines_are_compared_over_the_same_rounds() -> None:
    variants = planned("fl-engines", quick=False).variants
    assert len(variants) == 6
    assert len({(v.factors["rounds"], v.factors["examples"]) for v in variants}) == 1
