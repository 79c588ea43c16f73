from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import CampaignSummary, MeasurementClass
from benchharness.report.comparison import compare_campaigns
from benchharness.report.comparison_document import to_comparison_document
from benchharness.report.comparison_guard import changed, differences
from benchharness.report.comparison_levels import compare_levels
from benchharness.report.comparison_sentences import sentences
from benchharness.report.comparison_table import comparison_rows
from benchharness.report.comparison_variants import compare_variants
from benchharness.report.pull_request import compare_markdown
from benchharness.report.table_fit import fit, text_width
from benchharness.standing import Word
from tests.unit.report_samples import (
    KINDS,
    Kind,
    assembled,
    sample_campaign,
    troubled,
    with_rail,
)


def slower(summary: CampaignSummary, factor: float, **changes: Any) -> CampaignSummary:
    """The same campaign again, every run ``factor`` times as long."""
    kinds = [replace(k, duration_s=k.duration_s * factor) for k in KINDS]
    again = sample_campaign(kinds=kinds)
    return replace(again, **{"campaign_id": "9ab02d10", **changes})


def test_campaigns_are_compared_variant_by_variant() -> None:
    a = sample_campaign()
    comparison = compare_campaigns(a, slower(a, 1.2))
    assert [p.label for p in comparison.pairs] == [v.label for v in a.variants]
    for pair in comparison.pairs:
        time = next(c for c in pair.changes if c.metric == "duration_s")
        assert time.ratio is not None
        assert time.ratio.low is not None
        assert time.ratio.high is not None
        assert time.word == "higher"
        assert time.ratio.ratio == pytest.approx(1.2)
        assert 1.0 < time.ratio.low < 1.2 < time.ratio.high
        memory = next(c for c in pair.changes if c.metric == "memory_peak_bytes")
        assert memory.word is Word.SAME  # equal to the last digit
    assert not comparison.differs
    assert "9ab02d10 uses 20 % more net energy than 7f3c19e0" in sentences(comparison)[0]


def test_a_faster_campaign_is_lower_and_noise_is_undecided() -> None:
    a = sample_campaign()
    faster = compare_campaigns(a, slower(a, 0.8))
    same = compare_campaigns(a, slower(a, 1.0005))
    assert {c.word for p in faster.pairs for c in p.changes[:1]} == {"lower"}
    changes = [c for p in same.pairs for c in p.changes if c.metric != "memory_peak_bytes"]
    assert {c.word for c in changes} == {"undecided"}
    assert "cannot be told apart in net energy" in sentences(same)[0]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"environment": {"machine": "other", "board": "Pi 4"}}, "machine: Raspberry Pi 5 Model B"),
        ({"quick": True}, "a quick run against a full one"),
    ],
)
def test_what_differs_is_refused_and_named(changes: dict[str, Any], what: str) -> None:
    a = sample_campaign()
    b = slower(a, 1.1, **changes)
    with pytest.raises(UsageError, match=r"not comparable.*--force") as refusal:
        compare_campaigns(a, b)
    assert what in str(refusal.value)
    assert refusal.value.exit_code == 2
    forced = compare_campaigns(a, b, force=True)
    assert what in forced.differs[0]
    assert any(what in note for note in comparison_rows(forced).notes)


def test_classes_and_meters_are_not_compared() -> None:
    a = sample_campaign()
    b = replace(sample_campaign(cls=MeasurementClass.ESTIMATED), campaign_id="b")
    assert differences(a, b) == ["class of the joules: measured against estimated"]
    other = assembled(
        [
            replace(t, energy=replace(t.energy, meter="plug-2") if t.energy else None)
            for t in a.trials
        ],
        campaign_id="c",
    )
    assert differences(a, other) == ["meter: plug-1 against plug-2"]
    with pytest.raises(UsageError, match="plug-1 against plug-2"):
        compare_campaigns(a, other)


def test_time_can_be_compared_with_a_campaign_without_a_meter() -> None:
    a = sample_campaign()
    b = assembled([replace(t, energy=None) for t in a.trials], campaign_id="b")
    metrics = {c.metric for p in compare_campaigns(a, b).pairs for c in p.changes}
    assert metrics == {"duration_s", "memory_peak_bytes", "cpu_s"}


def test_changed_software_is_refused_and_a_changed_commit_is_what_one_compares() -> None:
    a = sample_campaign()
    b = slower(a, 1.0, environment={**a.environment, "kernel": "6.12.0"})
    with pytest.raises(UsageError, match=r"not comparable: kernel changed: 6\.6\.31 to 6\.12\.0"):
        compare_campaigns(a, b)
    assert compare_campaigns(a, b, force=True).differs == ("kernel changed: 6.6.31 to 6.12.0",)
    committed = [
        replace(each, environment={**each.environment, "commit": commit})
        for each, commit in ((a, "1a2b"), (slower(a, 1.0), "3c4d"))
    ]
    assert compare_campaigns(*committed).notes == ("commit changed: 1a2b to 3c4d",)


def test_a_margin_makes_what_is_nearly_equal_the_same() -> None:
    a = replace(sample_campaign(), margin=0.1)
    same = compare_campaigns(a, slower(a, 1.002))
    times = {c.word for p in same.pairs for c in p.changes if c.metric == "duration_s"}
    assert times == {Word.SAME}
    assert any("the same within 10 %" in sentence for sentence in sentences(same))
    assert any("margin: a change of 10 %" in note for note in comparison_rows(same).notes)
    unsure = compare_campaigns(a, slower(a, 1.04), margin=0.04)
    times = {c.word for p in unsure.pairs for c in p.changes if c.metric == "duration_s"}
    assert times == {Word.HIGHER_UNCLEAR}
    document = to_comparison_document(unsure)
    assert (document["margin"], document["comparisons"]) == (0.04, 4)


def test_intervals_of_all_pairs_hold_together() -> None:
    summary = sample_campaign()
    pairs = compare_variants(summary)
    assert (len(pairs.pairs), pairs.comparisons) == (6, 6)
    against = compare_variants(summary, {"runtime": "native"})
    assert [p.a.name for p in against.pairs] == ["native"] * 3
    widths = []
    for found in (pairs, against):
        pair = next(p for p in found.pairs if {p.a.name, p.b.name} == {"native", "numpy"})
        time = next(c for c in pair.changes if c.metric == "duration_s")
        assert time.ratio is not None
        assert time.ratio.low is not None
        assert time.ratio.high is not None
        widths.append((time.ratio.high - time.ratio.low) / time.ratio.ratio)
    assert widths[0] > widths[1]  # six hold together, then three
    assert any("6 together right at 95 %" in note for note in comparison_rows(pairs).notes)
    with pytest.raises(UsageError, match="no two variants to compare"):
        compare_variants(sample_campaign(kinds=KINDS[:1]))


def test_what_is_undecided_says_what_would_decide() -> None:
    a = sample_campaign()
    comparison = compare_campaigns(a, slower(a, 1.015))
    time = next(c for c in comparison.pairs[0].changes if c.metric == "duration_s")
    assert time.word is Word.UNDECIDED
    assert time.standing.needed is not None
    metrics = to_comparison_document(comparison)["pairs"][0]["metrics"]["duration_s"]
    assert metrics["needed_repetitions"] == time.standing.needed.repetitions
    assert metrics["p_holm"] == pytest.approx(time.p_holm)


def test_variants_without_a_counterpart_are_named() -> None:
    a = sample_campaign()
    b = replace(sample_campaign(kinds=KINDS[1:3]), campaign_id="b")
    comparison = compare_campaigns(a, b)
    assert [p.label for p in comparison.pairs] == ["wasmtime simd128", "native"]
    assert comparison.unpaired == ("wasmtime scalar of 7f3c19e0", "numpy of 7f3c19e0")
    with pytest.raises(UsageError, match="no variant in common"):
        compare_campaigns(
            replace(sample_campaign(kinds=KINDS[:2])),
            replace(sample_campaign(kinds=KINDS[2:]), campaign_id="b"),
        )


def test_a_campaign_is_not_compared_with_itself() -> None:
    with pytest.raises(UsageError, match=r"7f3c19e0 twice.*--by"):
        compare_campaigns(sample_campaign(), sample_campaign())


def test_levels_are_compared_with_the_first_or_a_baseline() -> None:
    summary = sample_campaign()
    first = compare_levels(summary, "runtime")
    assert {p.a.name for p in first.pairs} == {"wasmtime scalar"}
    assert [p.b.name for p in first.pairs] == ["wasmtime simd128", "native", "numpy"]
    chosen = compare_levels(summary, "runtime", "numpy")
    scalar = next(p for p in chosen.pairs if p.b.name == "wasmtime scalar")
    net = scalar.changes[0]
    assert net.metric == "energy_net_j"
    assert net.word == "higher"
    assert "wasmtime scalar uses 3.65 times the net energy of numpy" in sentences(chosen)[0]


def test_levels_are_paired_where_all_else_is_equal() -> None:
    kinds = [Kind(f"v{i}", 5.0 + i, 6.0, 20.0, 0.0, None) for i in range(5)]
    summary = sample_campaign(repeat=3, kinds=kinds)
    factors = [
        {"runtime": "a", "build": "x"}, {"runtime": "b", "build": "x"},
        {"runtime": "a", "build": "y"}, {"runtime": "b", "build": "y"},
        {"runtime": "c", "build": "z"},
    ]  # fmt: skip
    summary = replace(
        summary,
        variants=tuple(
            replace(v, factors=f) for v, f in zip(summary.variants, factors, strict=True)
        ),
    )
    comparison = compare_levels(summary, "runtime")
    assert [(p.label, p.a.variant.label, p.b.variant.label) for p in comparison.pairs] == [
        ("build=x", "v0", "v1"),
        ("build=y", "v2", "v3"),
        # c has one variant: what varies elsewhere does not apply to it
        ("build=x", "v0", "v4"),
        ("build=y", "v2", "v4"),
    ]
    against_c = compare_levels(summary, "runtime", "c")
    assert [(p.label, p.b.variant.label) for p in against_c.pairs] == [
        ("build=x", "v0"),
        ("build=y", "v2"),
        ("build=x", "v1"),
        ("build=y", "v3"),
    ]


def test_a_level_of_one_variant_is_paired_with_its_likes_where_it_is_known_what_applies() -> None:
    kinds = [Kind(f"v{i}", 5.0 + i, 6.0, 20.0, 0.0, None) for i in range(4)]
    summary = sample_campaign(repeat=3, kinds=kinds)
    factors: list[tuple[dict[str, str | int | float | bool], tuple[str, ...]]] = [
        ({"runtime": "a", "mode": "jit", "n": 5000}, ("runtime", "mode", "n")),
        ({"runtime": "a", "mode": "interpreter", "n": 1000}, ("runtime", "mode", "n")),
        ({"runtime": "b", "mode": "interpreter", "n": 1000}, ("runtime", "mode", "n")),
        ({"runtime": "native", "mode": "jit", "n": 5000}, ("runtime", "n")),
    ]
    summary = replace(
        summary,
        variants=tuple(
            replace(v, factors=f, applies=names)
            for v, (f, names) in zip(summary.variants, factors, strict=True)
        ),
    )
    comparison = compare_levels(summary, "runtime", "native")
    # n applies to both, so the interpreters with their smaller n are no pair of native's
    assert [(p.a.variant.label, p.b.variant.label) for p in comparison.pairs] == [("v3", "v0")]


def test_variants_that_differ_in_more_than_the_factor_are_left_out() -> None:
    kinds = [Kind(f"v{i}", 5.0 + i, 6.0, 20.0, 0.0, None) for i in range(4)]
    summary = sample_campaign(repeat=2, kinds=kinds)
    pairs = [("a", "x"), ("a", "y"), ("b", "y"), ("b", "z")]
    factors = [{"runtime": r, "build": b} for r, b in pairs]
    summary = replace(
        summary,
        variants=tuple(
            replace(v, factors=f) for v, f in zip(summary.variants, factors, strict=True)
        ),
    )
    comparison = compare_levels(summary, "runtime")
    assert [(p.label, p.a.variant.label) for p in comparison.pairs] == [("build=y", "v1")]
    assert comparison.unpaired == ("v0", "v3")
    with pytest.raises(UsageError, match="no two variants differ in 'build' only"):
        compare_levels(
            replace(
                summary,
                variants=tuple(
                    replace(v, factors={"build": b, "runtime": str(i)})
                    for i, (v, b) in enumerate(zip(summary.variants, "xxyy", strict=True))
                ),
            ),
            "build",
        )


def test_names_that_are_not_there_have_a_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'runtime'"):
        compare_levels(sample_campaign(), "runtimes")
    with pytest.raises(UnknownNameError, match="unknown level 'numpi'"):
        compare_levels(sample_campaign(), "runtime", "numpi")
    with pytest.raises(UsageError, match="factor 'n' has one level only: 2000"):
        compare_levels(sample_campaign(), "n")


def test_single_runs_give_no_verdict() -> None:
    a = sample_campaign(repeat=1)
    comparison = compare_levels(a, "runtime")
    assert {c.word for p in comparison.pairs for c in p.changes} == {"no interval"}
    assert "no verdict" in sentences(comparison)[0]


def test_the_table_fits_and_the_document_is_json() -> None:
    a = replace(sample_campaign(cls=MeasurementClass.ESTIMATED), campaign_id="a1")
    comparison = compare_levels(a, "runtime")
    table = comparison_rows(comparison)
    assert text_width(fit(table, 80)) <= 80
    texts = [cell.text for row in table.rows for cell in row]
    assert "J, estimated" in texts
    assert "▼ lower" in texts
    document = json.loads(json.dumps(to_comparison_document(comparison), allow_nan=False))
    metrics = document["pairs"][0]["metrics"]
    assert metrics["energy_net_j"]["verdict"] == "lower"
    assert metrics["energy_net_j"]["ratio"] == pytest.approx(31.2 / 54.4, rel=0.01)
    assert document["pairs"][0]["a"]["energy_class"] == "estimated"


def of_runtimes(*runtimes: str) -> CampaignSummary:
    kinds = [Kind(f"v{i}", 5.0 + i, 6.0, 20.0, 0.0, None) for i in range(len(runtimes))]
    summary = sample_campaign(repeat=3, kinds=kinds)
    variants = zip(summary.variants, runtimes, strict=True)
    found = (replace(v, factors={"runtime": name, "mode": "jit"}) for v, name in variants)
    return replace(summary, variants=tuple(found))


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("runtimes", [("a", "b", "c"), ("wasmtime", "wasmer", "wasmedge")])
def test_a_row_tells_its_pair_however_little_room_there_is(
    width: int, runtimes: tuple[str, str, str]
) -> None:
    summary = of_runtimes(*runtimes)
    table = fit(comparison_rows(compare_levels(summary, "runtime")), width)
    assert text_width(table) <= width
    told = [text for _, text in table.sections] + [cell.text for row in table.rows for cell in row]
    first, *others = runtimes
    for other in others:
        assert sum(f"{other} / {first}" in text for text in told) == 1


def test_one_pair_is_told_under_a_table_that_has_no_room_for_both_sides() -> None:
    table = fit(comparison_rows(compare_levels(of_runtimes("wasmtime", "wasmer"), "runtime")), 50)
    assert {column.key for column in table.columns}.isdisjoint({"a", "b"})
    assert "change: of wasmer (B) against wasmtime (A)" in table.notes


def test_targets_that_differ_are_not_compared() -> None:
    a = sample_campaign(repeat=2)
    b = with_rail(replace(sample_campaign(repeat=2), campaign_id="b"))
    with pytest.raises(UsageError, match="target of the joules: board against wall"):
        compare_campaigns(a, b)


def test_coverage_and_marks_stand_under_the_comparison() -> None:
    a, b = sample_campaign(), troubled(replace(sample_campaign(), campaign_id="b"))
    comparison = compare_campaigns(a, b)
    notes = comparison_rows(comparison).notes
    assert "readings vouch for 93.7 to 99.5 % of each window" in notes
    assert any(note.startswith("‡  joules of 1 run contradict") for note in notes)
    sides = [pair["b"] for pair in to_comparison_document(comparison)["pairs"]]
    assert min(side["coverage"] for side in sides) == pytest.approx(0.9372)
    assert sum(side["marked"] for side in sides) == 1


def test_a_runtime_that_both_used_in_two_versions_is_said() -> None:
    older = {"runtimes": {"wasmer": "1.1.0", "wasmtime": "50.0.1"}, "kernel": "6.1"}
    newer = {"runtimes": {"wasmtime": "51.0.0", "wasmedge": "0.14.1"}, "kernel": "6.1"}
    assert changed(older, newer) == ["wasmtime changed: 50.0.1 to 51.0.0"]
    assert changed(older, {"kernel": "6.12"}) == ["kernel changed: 6.1 to 6.12"]
    assert changed({"runtimes": "nonsense"}, newer) == []


def test_a_margin_given_after_the_fact_is_said() -> None:
    beforehand = replace(sample_campaign(), margin=0.02)
    told = "margin given now: 10 %; the campaign set 2 %"
    found = compare_campaigns(beforehand, slower(beforehand, 1.01), margin=0.1)
    assert told in comparison_rows(found).notes
    assert told in compare_markdown(found)
    document = to_comparison_document(found)
    assert told in document["notes"]
    assert (document["margin"], document["margin_set"]) == (0.1, 0.02)
    none = sample_campaign()
    late = compare_campaigns(none, slower(none, 1.01), margin=0.1)
    assert late.margin_words == "margin given now: 10 %; the campaign set none"
    of_variants = compare_variants(none, margin=0.1)
    assert of_variants.margin_words == late.margin_words
    kept = compare_campaigns(beforehand, slower(beforehand, 1.01))
    assert kept.margin_words == ""
    assert not any("given now" in note for note in comparison_rows(kept).notes)
