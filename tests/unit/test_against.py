from __future__ import annotations

from dataclasses import replace

import pytest

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, MeasurementClass, Status, SupplyCurrent
from benchharness.report.against import compare_published
from benchharness.report.against_orders import agreement, printed_ratio
from benchharness.report.against_records import (
    AGREES,
    CANNOT_TELL,
    CONTRADICTS,
    NOT_COMPARABLE,
    NOT_MEASURED,
    NOT_PUBLISHED,
    Against,
    Order,
    Part,
    RatioRow,
)
from benchharness.report.against_text import measured_order, order_word, sentences
from benchharness.report.published import Place, Published, Value, find_published
from benchharness.report.published_read import read_published
from benchharness.stats.ordering import Relation
from tests.unit.against_samples import campaign, d14_like, matrix, runs

PI4, PI3 = "Raspberry Pi 4", "Raspberry Pi 3"
TIMES = {
    ("wasmtime", "jit"): 7.3,
    ("wasmer", "jit"): 11.5,
    ("wasmedge", "jit"): 6.1,
    ("wasmedge", "aot"): 6.0,
}


@pytest.fixture(scope="module")
def d14() -> Published:
    return read_published(find_published("published/aiotwin-d1.4"))


def part_of(against: Against, workload: str = "matrix") -> Part:
    (part,) = [part for part in against.parts if part.workload == workload]
    return part


def order_of(part: Part, reading: str, quantity: str, device: str) -> Order:
    (order,) = [
        o for o in part.orders if (o.reading, o.quantity, o.device) == (reading, quantity, device)
    ]
    return order


def ratio_of(part: Part, reading: str, quantity: str, level: str) -> RatioRow:
    (row,) = [
        r for r in part.ratios if (r.reading, r.quantity, r.level) == (reading, quantity, level)
    ]
    return row


def words(order: Order) -> dict[tuple[str, str], str]:
    return {(pair.first, pair.second): pair.word for pair in order.pairs}


def test_an_order_agrees_pair_by_pair_with_each_board(d14: Published) -> None:
    part = part_of(compare_published(campaign(*matrix(TIMES)), d14))
    pi4 = order_of(part, "as published", "duration_s", PI4)
    assert [level for level, _ in pi4.published] == ["wasmedge", "wasmer", "wasmtime"]
    assert pi4.measured == ("wasmedge", "wasmtime", "wasmer")
    assert words(pi4) == {
        ("wasmtime", "wasmer"): CONTRADICTS,
        ("wasmtime", "wasmedge"): AGREES,
        ("wasmer", "wasmedge"): AGREES,
    }
    pi3 = order_of(part, "as published", "duration_s", PI3)
    assert set(words(pi3).values()) == {AGREES}
    assert (order_word(pi4), order_word(pi3)) == (CONTRADICTS, AGREES)


def test_as_published_mixes_modes_and_like_with_like_does_not(d14: Published) -> None:
    part = part_of(compare_published(campaign(*matrix(TIMES)), d14))
    mixed, alike = part.readings
    assert (mixed.name, alike.name) == ("as published", "all jit")
    modes = {level: v.factors["mode"] for level, v in mixed.variants.items()}
    assert modes == {"wasmtime": "jit", "wasmer": "jit", "wasmedge": "aot"}
    assert {v.factors["mode"] for v in alike.variants.values()} == {"jit"}


def test_what_the_intervals_do_not_separate_is_undecided(d14: Published) -> None:
    close = {**TIMES, ("wasmer", "jit"): 7.304}
    part = part_of(compare_published(campaign(*matrix(close)), d14))
    order = order_of(part, "as published", "duration_s", PI4)
    assert words(order)["wasmtime", "wasmer"] == CANNOT_TELL
    assert measured_order(d14, order) == "WasmEdge < Wasmtime ? Wasmer"
    assert order_word(order) == CANNOT_TELL
    row = ratio_of(part, "as published", "duration_s", "wasmer")
    assert row.words == {PI4: CANNOT_TELL, PI3: CANNOT_TELL}
    assert row.measured is not None
    assert row.measured.low is not None
    assert row.measured.high is not None
    assert row.measured.low < 1.0 < row.measured.high


def test_one_run_each_ranks_nothing(d14: Published) -> None:
    part = part_of(compare_published(campaign(*matrix(TIMES, repeat=1)), d14))
    order = order_of(part, "as published", "duration_s", PI4)
    assert set(words(order).values()) == {CANNOT_TELL}
    row = ratio_of(part, "as published", "duration_s", "wasmer")
    assert row.measured is not None
    assert row.measured.ratio == pytest.approx(11.5 / 7.3)
    assert row.measured.low is None
    assert any("no interval" in note for note in part.notes)


def test_single_runs_of_all_are_not_listed(d14: Published) -> None:
    found = (runs({"runtime": r, "mode": "jit"}, 9.0, repeat=1) for r in ("wasmtime", "wasmer"))
    notes = part_of(compare_published(campaign(*found), d14)).notes
    assert "one good run of each variant: no interval, so that nothing is ranked" in notes
    kinds = (("wasmtime", 1), ("wasmer", 2))
    some = (runs({"runtime": r, "mode": "jit"}, 9.0, repeat=n) for r, n in kinds)
    notes = part_of(compare_published(campaign(*some), d14)).notes
    assert any(note.startswith("one good run of matrix wasmtime jit: ") for note in notes)


def test_ratios_stand_beside_each_other_with_their_bounds(d14: Published) -> None:
    row = ratio_of(
        part_of(compare_published(campaign(*matrix(TIMES)), d14)),
        "as published",
        "duration_s",
        "wasmedge",
    )
    assert row.published[PI4].ratio == pytest.approx(119.558 / 152.749)
    assert row.published[PI3].ratio == pytest.approx(572.085 / 573.785)
    assert row.measured is not None
    assert row.measured.ratio == pytest.approx(6.0 / 7.3, rel=1e-3)
    assert row.words == {PI4: AGREES, PI3: AGREES}


def test_sizes_need_one_run_and_are_exact(d14: Published) -> None:
    part = part_of(compare_published(campaign(*matrix(TIMES, repeat=1)), d14))
    host = ratio_of(part, "as published", "host_mb", "wasmedge")
    assert host.measured is not None
    assert host.measured.ratio == pytest.approx(104_000_000 / 30_468_536)
    assert host.measured.low == pytest.approx(host.measured.high)
    assert host.words == {PI4: NOT_COMPARABLE, PI3: NOT_COMPARABLE}  # without its library
    module = ratio_of(part, "as published", "module_kb", "wasmer")
    assert module.words == {PI4: AGREES, PI3: AGREES}  # one module on both sides


def test_a_figure_of_another_thing_is_left_out_of_orders_and_ratios(d14: Published) -> None:
    part = part_of(compare_published(campaign(*matrix(TIMES)), d14))
    order = order_of(part, "as published", "module_kb", PI4)
    assert ([level for level, _ in order.published], order.apart) == (
        ["wasmtime", "wasmer"],
        ("wasmedge",),
    )
    assert order.measured == ("wasmtime", "wasmer")
    assert words(order) == {
        ("wasmtime", "wasmer"): AGREES,
        ("wasmtime", "wasmedge"): NOT_COMPARABLE,
        ("wasmer", "wasmedge"): NOT_COMPARABLE,
    }
    assert order_word(order) == AGREES
    ratio = ratio_of(part, "as published", "module_kb", "wasmedge")
    assert ratio.words == {PI4: NOT_COMPARABLE, PI3: NOT_COMPARABLE}
    # Like with like there is nothing to set it against.
    others = [r for r in part.ratios if r.reading != "as published"]
    assert {r.quantity for r in others} == {"duration_s", "ram_percent", "cpu_percent", "energy_j"}


def test_memory_is_that_of_the_window_where_every_variant_has_it(d14: Published) -> None:
    known = matrix(TIMES, window_bytes=400_000_000)
    found = compare_published(campaign(*known), d14)
    figures = [found.measuring.get(v, "ram_percent") for v in found.campaign.variants]
    assert all(f is not None and f.mean == pytest.approx(10.0) for f in figures)
    assert "RAM here: the most at a sample in the window" in " ".join(part_of(found).notes)


def test_memory_of_a_window_is_not_set_against_a_peak(d14: Published) -> None:
    first, *others = matrix(TIMES, window_bytes=400_000_000)
    found = compare_published(campaign({**first, "window_bytes": None}, *others), d14)
    figures = [found.measuring.get(v, "ram_percent") for v in found.campaign.variants]
    assert all(f is not None and f.mean == pytest.approx(15.5, rel=0.01) for f in figures)
    (note,) = (note for note in part_of(found).notes if note.startswith("RAM"))
    assert note.startswith("RAM here: the peak of the whole run, start-up and compiling included")


def test_where_nothing_else_is_left_the_word_is_not_comparable(d14: Published) -> None:
    only = {("wasmtime", "jit"): 7.3, ("wasmedge", "aot"): 6.0}
    part = part_of(compare_published(campaign(*matrix(only)), d14))
    order = order_of(part, "as published", "host_mb", PI3)
    assert order_word(order) == NOT_COMPARABLE
    assert order.apart == ("wasmedge",)


def test_a_finding_may_hold_for_all_levels(d14: Published) -> None:
    whole = Place(workload="matrix", device=PI4, quantity="duration_s", comparable=False)
    findings = (replace(d14.findings[0], at=(whole,)), *d14.findings[1:])
    found = compare_published(campaign(*matrix(TIMES)), replace(d14, findings=findings))
    part = part_of(found)
    order = order_of(part, "as published", "duration_s", PI4)
    assert (order.published, order.measured, order_word(order)) == ((), (), NOT_COMPARABLE)
    assert order_word(order_of(part, "as published", "duration_s", PI3)) == AGREES
    row = ratio_of(part, "all jit", "duration_s", "wasmer")
    assert row.words == {PI4: NOT_COMPARABLE, PI3: AGREES}
    assert list(row.published) == [PI3]
    assert "– on Raspberry Pi 4 (0 of 0 pairs agree, 3 not comparable)" in sentences(found)[0]


def test_equal_figures_as_printed_rank_nothing(d14: Published) -> None:
    variants = [dict(v) for v in matrix(TIMES)]
    variants[1]["cpu_percent"] = 120.0
    part = part_of(compare_published(campaign(*variants), d14))
    order = order_of(part, "as published", "cpu_percent", PI4)
    assert words(order)["wasmtime", "wasmer"] == CANNOT_TELL  # 100 % and 100 % as printed


def test_ram_is_a_share_of_this_machine(d14: Published) -> None:
    variants = [dict(v) for v in matrix(TIMES)]
    variants[3]["memory_bytes"] = 800_000_000
    found = compare_published(campaign(*variants), d14)
    edge = part_of(found).readings[0].variants["wasmedge"]
    figure = found.measuring.get(edge, "ram_percent")
    assert figure is not None
    assert figure.mean == pytest.approx(20.0, rel=1e-3)
    ratio = ratio_of(part_of(found), "as published", "ram_percent", "wasmedge")
    assert ratio.words == {PI4: CONTRADICTS, PI3: AGREES}


def test_no_size_of_memory_means_no_share(d14: Published) -> None:
    found = campaign(*matrix(TIMES))
    environment = {k: v for k, v in found.environment.items() if k != "memory_bytes"}
    part = part_of(compare_published(replace(found, environment=environment), d14))
    assert all(order.quantity != "ram_percent" for order in part.orders)
    assert any("memory is not known" in note for note in part.notes)


def test_the_time_of_an_inference_comes_from_its_metric(d14: Published) -> None:
    nn = runs(
        {"runtime": "wasmedge", "mode": "aot"},
        60.0,
        workload="nn-module",
        metrics={"inference_s": 0.012},
    )
    found = compare_published(campaign(nn), d14)
    part = part_of(found, "nn-module")
    figure = found.measuring.get(part.variants[0], "duration_s")
    assert figure is not None
    assert figure.mean == 0.012
    assert not part.orders
    assert not part.ratios
    assert any("published under WasmEdge only" in note for note in part.notes)


def test_current_has_no_counterpart_and_that_is_said(d14: Published) -> None:
    part = part_of(compare_published(campaign(*matrix(TIMES)), d14))
    row = ratio_of(part, "as published", "current_ma", "wasmer")
    assert row.measured is None
    assert row.words == {PI4: NOT_MEASURED, PI3: NOT_MEASURED}
    assert row.published[PI4].ratio == pytest.approx(72.33 / 71.33)
    assert any("no mains current was measured" in note for note in part.notes)
    assert all(r.reading == "as published" for r in part.ratios if r.quantity == "current_ma")


def test_a_current_of_the_mains_is_compared_and_one_of_the_board_is_not(d14: Published) -> None:
    summary = campaign(*matrix(TIMES))

    def with_current(voltage_v: float, *, computed: bool = False) -> CampaignSummary:
        supplies = [
            SupplyCurrent(0.07 + 0.01 * t.variant, voltage_v, "plug-1", computed)
            for t in summary.trials
        ]
        trials = [replace(t, supply=s) for t, s in zip(summary.trials, supplies, strict=True)]
        return replace(summary, trials=tuple(trials))

    part = part_of(compare_published(with_current(231.0), d14))
    row = ratio_of(part, "as published", "current_ma", "wasmer")
    assert row.measured is not None
    assert row.measured.ratio == pytest.approx(80 / 70)
    assert row.words == {PI4: AGREES, PI3: AGREES}
    assert any("apparent" in note for note in part.notes)
    for other in (with_current(5.1), with_current(231.0, computed=True)):
        board = part_of(compare_published(other, d14))
        assert ratio_of(board, "as published", "current_ma", "wasmer").measured is None


def test_joules_stand_there_although_none_are_published(d14: Published) -> None:
    part = part_of(compare_published(campaign(*matrix(TIMES)), d14))
    row = ratio_of(part, "as published", "energy_j", "wasmer")
    assert row.published == {}
    assert row.measured is not None
    assert row.words == {PI4: NOT_PUBLISHED, PI3: NOT_PUBLISHED}
    without = part_of(compare_published(campaign(*matrix(TIMES, energy=False)), d14))
    assert "energy_j" not in without.quantities


def test_another_size_of_input_is_said(d14: Published) -> None:
    part = part_of(compare_published(campaign(*matrix(TIMES, n=300)), d14))
    assert "here n is 300, in the publication 5000" in part.notes[0]
    full = part_of(compare_published(campaign(*matrix(TIMES, n=5000)), d14))
    assert all("in the publication" not in note for note in full.notes)


def test_what_was_varied_besides_makes_parts(d14: Published) -> None:
    builds = [
        runs({"runtime": runtime, "mode": "jit", "build": build, "n": 5000}, seconds)
        for build, seconds in (("scalar", 7.0), ("simd128", 4.0))
        for runtime in ("wasmtime", "wasmer")
    ]
    parts = compare_published(campaign(*builds), d14).parts
    assert [part.heading for part in parts] == ["matrix, build=scalar", "matrix, build=simd128"]
    assert all(len(part.variants) == 2 for part in parts)
    (missing,) = {part.readings[0].missing for part in parts}
    assert missing == ("wasmedge aot",)


def test_a_factor_that_applies_to_one_runtime_does_not_part_it_from_the_others(
    d14: Published,
) -> None:
    found = campaign(
        runs({"runtime": "wasmtime", "mode": "jit"}, 7.0),
        runs({"runtime": "wasmedge", "mode": "jit", "socket": "own"}, 5.0),
        runs({"runtime": "wasmedge", "mode": "jit", "socket": "plugin"}, 6.0),
    )
    parts = compare_published(found, d14).parts
    assert [part.heading for part in parts] == ["matrix, socket=own", "matrix, socket=plugin"]
    for part, seconds in zip(parts, (5.0, 6.0), strict=True):
        row = ratio_of(part, "all jit", "duration_s", "wasmedge")
        assert row.measured is not None
        assert row.measured.ratio == pytest.approx(seconds / 7.0, rel=1e-3)


def test_builds_that_are_published_are_read_as_published_and_alike(d14: Published) -> None:
    part = part_of(compare_published(d14_like(), d14), "gpio-http")
    assert [r.name for r in part.readings] == ["as published", "all jit host", "all aot host"]
    chosen = {level: v.factors["build"] for level, v in part.readings[0].variants.items()}
    assert chosen == {"wasmtime": "host", "wasmer": "host", "wasmedge": "socket"}


def test_other_levels_and_failed_variants_do_not_count(d14: Published) -> None:
    native = runs({"runtime": "native", "n": 5000}, 3.0)
    found = campaign(*matrix(TIMES), native)
    part = part_of(compare_published(found, d14))
    assert {v.factors["runtime"] for v in part.variants} == {"wasmtime", "wasmer", "wasmedge"}
    failed = replace(
        found,
        trials=tuple(replace(t, status=Status.FAILED) for t in found.trials),
        variants=tuple(replace(v, ok=0, metrics={}) for v in found.variants),
    )
    with pytest.raises(UsageError, match="no good run in common"):
        compare_published(failed, d14)


@pytest.mark.parametrize(
    "summary",
    [
        campaign(runs({"n": 1}, 1.0, workload="noop")),
        campaign(runs({"runtime": "native", "n": 5000}, 3.0)),
    ],
)
def test_nothing_in_common_is_one_line_with_what_it_would_need(
    summary: CampaignSummary, d14: Published
) -> None:
    with pytest.raises(UsageError) as caught:
        compare_published(summary, d14)
    assert caught.value.exit_code == 2
    assert caught.value.line() == (
        "campaign 7f3c19e0 has no good run in common with AIoTwin D1.4; it would need one of "
        "gpio-http (runtime wasmtime, wasmer, wasmedge); matrix (runtime wasmtime, wasmer, "
        "wasmedge); nn-module (runtime wasmedge)"
    )


def test_a_quick_run_and_missing_workloads_are_said(d14: Published) -> None:
    notes = compare_published(campaign(*matrix(TIMES), quick=True), d14).notes
    assert notes == (
        "a quick run with small inputs: not a result",
        "published, with no good run here: gpio-http and nn-module",
    )


def test_a_sentence_says_the_order_here_and_there(d14: Published) -> None:
    first, second = sentences(compare_published(campaign(*matrix(TIMES)), d14))
    assert first == (
        "matrix by time, as published: WasmEdge < Wasmtime < Wasmer here, "
        "WasmEdge < Wasmer < Wasmtime on Raspberry Pi 4 (2 of 3 pairs agree, 1 contradicts); "
        "WasmEdge < Wasmtime < Wasmer on Raspberry Pi 3 (3 of 3 pairs agree)"
    )
    assert second.startswith("matrix by time, all jit: ")


def test_where_nothing_is_told_apart_one_sentence_says_so(d14: Published) -> None:
    alike = dict.fromkeys(TIMES, 7.0)
    (only,) = sentences(compare_published(campaign(*matrix(alike)), d14))
    assert only.startswith("matrix by time: these runs tell no two runtimes apart")
    assert only.endswith("(as published, all jit)")


@pytest.mark.parametrize(
    ("published", "measured", "exact", "word"),
    [
        (Relation.LESS, Relation.LESS, False, AGREES),
        (Relation.LESS, Relation.MORE, False, CONTRADICTS),
        (Relation.LESS, Relation.UNDECIDED, False, CANNOT_TELL),
        (Relation.LESS, None, False, CANNOT_TELL),
        (Relation.EQUAL, Relation.LESS, False, CANNOT_TELL),
        (Relation.EQUAL, Relation.LESS, True, CONTRADICTS),
        (Relation.EQUAL, Relation.EQUAL, True, AGREES),
        (Relation.MORE, Relation.EQUAL, True, CONTRADICTS),
    ],
)
def test_agreement_in_a_word(
    published: Relation, measured: Relation | None, exact: bool, word: str
) -> None:
    assert agreement(published, measured, exact=exact) == word


def test_a_printed_ratio_bears_its_rounding() -> None:
    ratio = printed_ratio(Value(0.6, 0.05, "0.6"), Value(0.5, 0.05, "0.5"))
    assert ratio.ratio == pytest.approx(1.2)
    assert ratio.low == pytest.approx(0.55 / 0.55)
    assert ratio.high == pytest.approx(0.65 / 0.45)
    assert printed_ratio(Value(1.0, 0.5, "1"), Value(0.0, 0.5, "0")).low is None


def test_the_class_of_the_joules_does_not_change_the_others(d14: Published) -> None:
    estimated = compare_published(d14_like(MeasurementClass.ESTIMATED), d14)
    measured = compare_published(d14_like(), d14)
    assert part_of(estimated).orders == part_of(measured).orders


def test_a_row_without_a_level_is_no_row_of_the_comparison_and_the_first_of_two_counts(
    d14: Published,
) -> None:
    rows = list(d14.rows)
    first = next(r for r in rows if r.workload == "matrix" and "duration_s" in r.values)
    without = replace(first, factors={})
    again = replace(first, values={"duration_s": Value(1.0, 0.5, "1")})
    before = compare_published(d14_like(), d14)
    after = compare_published(d14_like(), replace(d14, rows=(without, *rows, again)))
    assert order_of(part_of(after), "as published", "duration_s", first.device).published == (
        order_of(part_of(before), "as published", "duration_s", first.device).published
    )
