"""Trials to variants and verdicts, and the document that they are told in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchharness.model import MeasurementClass, Status
from benchharness.report.derive import derive_campaign
from benchharness.report.document import json_types, to_document
from tests.unit.derive_store import META, Trial, campaign, codes, derive, repeated


def test_net_energy_below_its_uncertainty_ranks_nothing(tmp_path: Path) -> None:
    # Equal trials at 0.5 W above idle, on a plug that shows whole watts.
    coarse = {**META, "power_resolution_w": 2.0}
    trials = [replace(trial, meta=coarse) for trial in repeated(3.5)]
    summary = derive(tmp_path, a=trials, b=[replace(trial) for trial in trials])
    assert "net-below-uncertainty" in codes(summary.trials[0].cautions)
    assert "net energy" not in summary.verdict
    assert "gross energy" in summary.verdict


def test_a_trial_without_energy_says_why_among_its_cautions(tmp_path: Path) -> None:
    summary = derive(tmp_path, a=[Trial(meter_until_s=-20.0), *repeated(8.0, 2)])
    first = summary.trials[0]
    assert first.energy is None
    (caution,) = (c for c in first.cautions if c.code == "energy-missing")
    assert caution.message == first.energy_missing


def test_variants_and_verdict(tmp_path: Path) -> None:
    summary = derive(tmp_path, numpy=repeated(4.0), native=repeated(8.0))
    numpy, native = summary.variants
    assert numpy.label == "numpy"
    assert numpy.factors == {"runtime": "numpy"}
    net = native.metrics["energy_net_j"]
    assert net.n == 5
    assert net.mean == pytest.approx(100.0, rel=1e-3)
    assert net.ratio == pytest.approx(5.0, rel=1e-3)
    assert net.ratio_low is not None
    assert net.ratio_high is not None
    assert 4.5 < net.ratio_low < 5.0 < net.ratio_high < 5.5
    assert numpy.metrics["energy_net_j"].ratio == 1.0
    assert native.energy_class is MeasurementClass.MEASURED
    assert native.energy_instrument_u_rel == pytest.approx(1.96 * 0.02 / 3**0.5, rel=1e-3)
    assert net.instrument_u == pytest.approx(1.96 * 0.02 / 3**0.5 * 100.0, rel=0.02)
    assert summary.verdict.startswith("numpy uses the least net energy: 20.0 J, 80.0 % less than")
    assert (summary.title, summary.command) == ("a title", "benchharness run matrix")
    assert summary.seed == 7
    assert [m["name"] for m in summary.meters] == ["plug-1"]
    assert summary.cautions == ()


def test_failed_trials_do_not_count(tmp_path: Path) -> None:
    bad = Trial(duration_s=90.0, status=Status.FAILED, reason="wrong output: checksum")
    summary = derive(tmp_path, a=[*repeated(8.0, 3), bad], b=repeated(5.0, 3))
    a = summary.variants[0]
    assert (a.trials, a.ok, a.metrics["duration_s"].n) == (4, 3, 3)
    assert a.metrics["duration_s"].mean == pytest.approx(20.0)


def test_nothing_succeeded(tmp_path: Path) -> None:
    bad = Trial(status=Status.FAILED, reason="exit code 1")
    summary = derive(tmp_path, a=[bad])
    assert summary.verdict == "No trial succeeded: exit code 1"
    assert summary.variants[0].metrics == {}
    assert summary.variants[0].energy_class is None


def test_one_good_variant_and_one_failed(tmp_path: Path) -> None:
    bad = Trial(status=Status.FAILED, reason="exit code 1")
    verdict = derive(tmp_path, a=repeated(8.0, 3), b=[bad]).verdict
    assert verdict.startswith("a: net energy 100.0 ± 5.5 J (95 % interval; 3 runs)")
    assert verdict.endswith("; no good trial of b")


def test_one_trial_each_is_not_ranked(tmp_path: Path) -> None:
    summary = derive(tmp_path, a=[Trial()], b=[Trial(busy_w=4.0)])
    assert summary.verdict.startswith("No ranking by net energy: one good trial each")
    metric = summary.variants[0].metrics["energy_net_j"]
    assert (metric.sd, metric.low, metric.ratio_low) == (None, None, None)
    assert metric.ratio == pytest.approx(5.0)
    figure = summary.trials[0].energy
    assert figure is not None
    assert figure.net_j is not None
    assert metric.instrument_u == figure.net_j.expanded_u
    assert "few-repetitions" in codes(summary.cautions)


def test_without_joules_time_ranks(tmp_path: Path) -> None:
    slow = [replace(t, duration_s=2 * t.duration_s) for t in repeated(8.0, meta=None)]
    summary = derive(tmp_path, fast=repeated(8.0, meta=None), slow=slow)
    assert summary.verdict.startswith("fast is the fastest: 20.0 s, 50.0 % less than slow")


def test_joules_of_different_classes_are_not_compared(tmp_path: Path) -> None:
    emulated = repeated(4.0, meta={**META, "class": "emulated"})
    summary = derive(tmp_path, a=repeated(8.0), b=emulated)
    assert "mixed-classes" in codes(summary.cautions)
    assert "emulated" in codes(summary.cautions)
    for variant in summary.variants:
        assert variant.metrics["energy_net_j"].ratio is None
    assert "energy" not in summary.verdict


def test_joules_of_different_classes_are_not_averaged(tmp_path: Path) -> None:
    mixed = [*repeated(8.0, 2), *repeated(8.0, 2, meta={**META, "class": "emulated"})]
    variant = derive(tmp_path, a=mixed).variants[0]
    assert variant.energy_class is None
    assert "energy_net_j" not in variant.metrics
    assert variant.metrics["duration_s"].n == 4


def test_emulated_joules_say_so_in_the_verdict(tmp_path: Path) -> None:
    meta = {**META, "class": "emulated"}
    summary = derive(tmp_path, a=repeated(4.0, meta=meta), b=repeated(8.0, meta=meta))
    assert summary.verdict.startswith("a uses the least emulated net energy")


def test_estimates_are_ranked_only_when_far_apart(tmp_path: Path) -> None:
    meta = {**META, "class": "estimated", "gain_bound": 0.4}
    near, far = tmp_path / "near", tmp_path / "far"
    near.mkdir()
    far.mkdir()
    a, b, c = (repeated(w, meta=meta) for w in (8.0, 8.5, 58.0))
    slower = [replace(t, duration_s=1.1 * t.duration_s) for t in b]
    verdict = derive(near, a=a, b=slower).verdict
    assert verdict.startswith("a and b cannot be told apart in estimated net energy")
    assert "; a is the fastest: 20.0 s, 9.1 % less than b" in verdict
    assert derive(far, a=a, c=c).verdict.startswith("a uses the least estimated net energy")


def test_quick_runs_outliers_and_spreads_are_told(tmp_path: Path) -> None:
    trials = [*repeated(8.0, 9), Trial(duration_s=60.0)]
    with campaign(tmp_path, {"a": trials}, {"ticks": 90, "missed_ticks": 10}, quick=True) as store:
        summary = derive_campaign(store, "last")
    assert codes(summary.cautions) == {"quick", "wide-spread", "outlier", "sampler-missed"}
    assert summary.quick
    assert summary.verdict.startswith("Quick run: ")
    outlier = next(c for c in summary.cautions if c.code == "outlier")
    assert "in trial 10" in outlier.message


def test_a_meter_without_stated_accuracy(tmp_path: Path) -> None:
    summary = derive(tmp_path, a=repeated(8.0, meta={**META, "gain_bound": None}))
    assert "gain-assumed" in codes(summary.cautions)


def test_labels_come_from_somewhere(tmp_path: Path) -> None:
    variant = derive(tmp_path, **{"": [Trial()]}).variants[0]
    assert (variant.label, variant.factors) == ("matrix", {"runtime": ""})


def test_is_json_and_holds_what_the_design_names(tmp_path: Path) -> None:
    with campaign(tmp_path, {"a": [*repeated(8.0), None]}) as store:
        document = to_document(derive_campaign(store, "last"))
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    assert document["campaign"] == "0badcafe"
    assert document["schema_version"] == 2
    assert (len(document["trials"]), document["trials_pending"]) == (5, 1)
    trial = document["trials"][0]
    assert {
        "workload",
        "factors",
        "status",
        "duration_s",
        "cpu_s",
        "memory_peak_bytes",
        "energy",
        "energy_missing",
        "outputs",
        "warnings",
    } <= trial.keys()
    assert trial["status"] == "ok"
    assert trial["energy"]["class"] == "measured"
    assert trial["energy"]["gross_j"].keys() == {"value", "expanded_u", "k"}
    assert trial["energy"]["net_j"]["value"] == pytest.approx(98.0, rel=0.02)
    assert [s["name"] for s in trial["stages"]] == ["idle_before", "window", "idle_after"]
    metric = document["variants"][0]["metrics"]["energy_net_j"]
    assert metric["n"] == 5
    assert metric["ratio"] is None  # alone: nothing to compare
    assert document["verdict"]


def test_missing_energy_is_null_with_its_reason(tmp_path: Path) -> None:
    with campaign(tmp_path, {"a": [Trial(meta=None)]}) as store:
        trial = to_document(derive_campaign(store, "last"))["trials"][0]
    assert trial["energy"] is None
    assert trial["energy_missing"] == "no meter was used"


def test_what_json_cannot_say() -> None:
    odd = {1: float("nan"), "inf": (float("inf"), np.float64(2.5), np.int64(3)), "p": Path("x")}
    assert json_types(odd) == {"1": None, "inf": [None, 2.5, 3], "p": "x"}
    assert json_types(Status.OK) == "ok"
    assert json_types(True) is True
