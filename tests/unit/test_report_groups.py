"""Like beside like: groups of variants, and that ratios, tests and verdicts stay within them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.cli.tables import print_table, stderr_console
from benchharness.model import CampaignSummary
from benchharness.report.comparison import compare_campaigns
from benchharness.report.comparison_levels import compare_levels
from benchharness.report.comparison_sentences import sentences
from benchharness.report.comparison_table import comparison_rows
from benchharness.report.csv_files import write_csv
from benchharness.report.derive import derive_campaign
from benchharness.report.document import to_document
from benchharness.report.groups import (
    groups,
    is_divided,
    kind_of,
    level_of,
    sections,
    with_applying,
)
from benchharness.report.html import render_html
from benchharness.report.latex import render_latex
from benchharness.report.markdown import render_markdown
from benchharness.report.metrics import headline_key, ranked, standings
from benchharness.report.table import comparison_tables, find_column
from benchharness.report.table_fit import fit, text_width
from benchharness.report.winners import headline, winners
from tests.unit.derive_store import META, repeated
from tests.unit.derive_store import campaign as stored
from tests.unit.edge_store import ROWS, Row, edge_campaign
from tests.unit.report_samples import sample_campaign


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> CampaignSummary:
    with edge_campaign(tmp_path_factory.mktemp("groups")) as store:
        return derive_campaign(store, "last")


def test_modes_have_a_kind() -> None:
    assert [kind_of(m) for m in ("jit", "jit-winch", "aot-llvm", "interpreter", None)] == [
        "jit",
        "jit",
        "aot",
        "interpreter",
        "no WebAssembly",
    ]


def test_a_factor_that_only_happens_to_be_called_mode_divides_nothing() -> None:
    campaign = sample_campaign(repeat=2)
    for levels, more in ((("fast", "slow"), {"runtime": "x"}), (("jit", "aot"), {})):
        variants = [
            replace(v, factors={"mode": level, **more})
            for v, level in zip(campaign.variants, levels, strict=False)
        ]
        assert len(groups(variants)) == 1
    compiled = [replace(v, factors={**v.factors, "runtime": "x"}) for v in variants]
    assert [g.kind for g in groups(compiled)] == ["jit", "aot"]


def test_a_campaign_is_divided_by_workload_and_kind_of_mode(summary: CampaignSummary) -> None:
    found = [(g.workload, g.kind, len(g.members)) for g in groups(summary.variants)]
    assert found == [
        ("matrix", "interpreter", 1),
        ("matrix", "jit", 3),
        ("matrix", "aot", 2),
        ("matrix", "no WebAssembly", 2),
        ("gpio-http", "jit", 2),
        ("gpio-http", "aot", 1),
    ]
    assert is_divided(summary)
    assert [s.heading for s in sections(summary)] == ["matrix", "gpio-http"]
    assert sections(summary)[1].summary.variants[0].label == "wasmtime jit"


def test_one_kind_of_mode_is_one_group_as_before(tmp_path: Path) -> None:
    rows = tuple(r for r in ROWS if r.workload == "matrix" and r.mode in ("jit", None))
    with edge_campaign(tmp_path, rows) as store:
        one = derive_campaign(store, "last")
    assert not is_divided(one)
    assert winners(one) is None
    assert one.verdict.startswith("matrix numpy uses the least net energy: 40")
    assert not is_divided(sample_campaign())
    assert sections(sample_campaign())[0].heading == ""


def test_what_does_not_apply_is_known_by_the_label_or_as_it_is_stored() -> None:
    factors = {"runtime": "native", "mode": "jit", "n": 300}
    wasm = {"index": 0, "label": "wasmtime aot", "factors": {**factors, "mode": "aot"}}
    wasm["factors"] = {"runtime": "wasmtime", "mode": "aot", "n": 300}
    told = with_applying([wasm, {"index": 1, "label": "native", "factors": factors}])
    assert [v["applies"] for v in told] == [("runtime", "mode", "n"), ("runtime", "n")]
    stored_with_it = {"index": 1, "label": "x", "factors": factors, "applies": ["runtime"]}
    assert with_applying([wasm, stored_with_it])[1]["applies"] == ["runtime"]
    # Labels that somebody made up tell nothing: then everything applies.
    assert (
        with_applying([{**wasm, "label": "a"}, {"label": "b", "factors": factors}])[1]["applies"]
        is None
    )


def test_ratios_are_to_the_least_of_the_group(summary: CampaignSummary) -> None:
    ratio = {v.label: v.metrics["energy_net_j"].ratio for v in summary.variants}
    assert ratio["matrix wasmer jit"] == pytest.approx(5.4 / 5.0)
    assert ratio["matrix wasmer jit-singlepass"] == pytest.approx(6.6 / 5.0)
    assert ratio["matrix wasmtime aot"] == 1.0
    assert ratio["matrix wasmtime interpreter"] is None  # alone: nothing to compare
    assert ratio["matrix native"] == pytest.approx(3.0 / 2.0)
    assert ratio["gpio-http wasmer jit"] == pytest.approx(0.8 / 0.4)


def test_standings_and_order_stay_within_the_group(summary: CampaignSummary) -> None:
    judged = standings(summary, "energy_net_j")
    by_label = {v.label: judged[v.index].key for v in summary.variants}
    assert by_label["matrix wasmtime interpreter"] == "alone"
    assert by_label["matrix wasmtime jit"] == "best"
    assert by_label["gpio-http wasmtime jit"] == "best"
    assert by_label["matrix wasmer jit"] == "higher"
    assert [v.label for v in ranked(summary, "energy_net_j")][:4] == [
        "matrix wasmtime interpreter",
        "matrix wasmtime jit",
        "matrix wasmer jit",
        "matrix wasmer jit-singlepass",
    ]


def test_the_verdict_is_a_short_sentence_for_each_workload(summary: CampaignSummary) -> None:
    assert summary.verdict == (
        "matrix, least net energy: wasmtime in jit (wasmer × 1.08), wasmtime in aot "
        "(wasmer × 1.10). gpio-http, least net energy: wasmtime in jit (wasmer × 2.00)"
    )


def test_the_verdict_says_what_is_undecided_single_or_alone(tmp_path: Path) -> None:
    rows = (
        Row("a", "wasmtime", "jit", 8.0),
        Row("a", "wasmer", "jit", 8.0),
        Row("a", "wasmtime", "aot", 7.0),
        Row("b", "wasmtime", "jit", 7.0),
    )
    with edge_campaign(tmp_path, rows) as store:
        verdict = derive_campaign(store, "last").verdict
    assert verdict == (
        "a, least net energy: undecided in jit between wasmtime and wasmer. "
        "b, nothing to compare, each of its kind is alone"
    )
    (tmp_path / "single").mkdir()
    with edge_campaign(tmp_path / "single", rows, repeat=1, quick=True) as store:
        verdict = derive_campaign(store, "last").verdict
    assert verdict == (
        "Quick run: one trial of each variant has no spread, so nothing is ranked (--repeat 5). "
        "b, nothing to compare, each of its kind is alone"
    )


def test_a_reason_is_said_once(tmp_path: Path) -> None:
    many = ("interpreter", "jit", "aot")
    rows = tuple(Row(w, r, m, 8.0) for w in "abc" for r in ("wasmtime", "wasmer") for m in many)
    with edge_campaign(tmp_path, rows, repeat=1, quick=True) as store:
        assert derive_campaign(store, "last").verdict == (
            "Quick run: one trial of each variant has no spread, so nothing is ranked (--repeat 5)"
        )
    (tmp_path / "some").mkdir()
    trials = {
        f"{w} {r} {m}": repeated(8.0 + (r == "b"), 4) for w in "xyz" for r in "ab" for m in many
    }
    for workload, mode in (("x", "jit"), ("y", "aot"), ("y", "jit")):
        del trials[f"{workload} a {mode}"][1:]
    keys = {label: label.split(" ") for label in trials}
    with stored(
        tmp_path / "some",
        trials,
        factors={label: {"runtime": key[1], "mode": key[2]} for label, key in keys.items()},
        workloads={label: key[0] for label, key in keys.items()},
    ) as store:
        verdict = derive_campaign(store, "last").verdict
    assert verdict.count("has no spread") == 1
    assert "x, least net energy: a in interpreter (b × 1.20), a in aot (b × 1.20). y" in verdict
    assert verdict.endswith(
        ". Not ranked: x in jit, y in jit and aot, since one trial has no spread (--repeat 5)"
    )


def test_a_net_energy_below_its_uncertainty_bears_no_ratio(tmp_path: Path) -> None:
    meta = {**META, "power_resolution_w": 0.5}  # 20 mW above the idle power of 3 W is nothing
    rows = (
        Row("a", "wasmtime", "jit", 3.02, meta=meta),
        Row("a", "wasmer", "jit", 3.2, meta=meta),
        Row("a", "wasmtime", "aot", 2.9, meta=meta),
        Row("a", "wasmer", "aot", 3.3, meta=meta),
    )
    with edge_campaign(tmp_path, rows) as store:
        found = derive_campaign(store, "last")
    assert headline_key(found) == "energy_gross_j"
    assert found.verdict.startswith("Least gross energy: ")
    assert [v.metrics["energy_net_j"].ratio for v in found.variants] == [None] * 4
    assert {s.word for s in standings(found, "energy_net_j").values()} == {"not comparable"}
    gross = [v.metrics["energy_gross_j"].ratio for v in found.variants]
    assert gross == pytest.approx([1.0, 3.2 / 3.02, 1.0, 3.3 / 2.9], rel=1e-4)
    ((_, table),) = comparison_tables(found)
    place = find_column(table.columns, "energy_ratio")
    assert place is not None
    assert table.columns[place].title == "gross energy"
    assert [row[place].text for row in table.rows] == ["1.00", "1.06", "1.00", "1.14"]
    assert "Change: of gross energy against the lowest" in render_latex(found)
    write_csv(found, tmp_path)
    rows_of = csv.DictReader((tmp_path / "variants.csv").read_text().splitlines())
    assert {row["energy_net_j:ratio"] for row in rows_of} == {""}
    metrics = [v["metrics"]["energy_net_j"] for v in to_document(found)["variants"]]
    assert [metric["ratio"] for metric in metrics] == [None] * 4


def test_failed_variants_are_counted_in_a_divided_verdict(tmp_path: Path) -> None:
    labels = [f"w{i}" for i in range(6)]
    with stored(
        tmp_path,
        {label: repeated(8.0, 2) if label == "w0" else [None] for label in labels},
        workloads={label: "a" if label == "w0" else "b" for label in labels},
    ) as store:
        assert derive_campaign(store, "last").verdict == (
            "a, nothing to compare, each of its kind is alone; no good trial of 5 variants"
        )


def test_tables_have_a_part_for_each_workload(summary: CampaignSummary) -> None:
    found = comparison_tables(summary)
    assert [heading for heading, _ in found] == ["matrix", "gpio-http"]
    matrix, gpio = (table for _, table in found)
    assert [text for _, text in matrix.sections] == ["interpreter", "jit", "aot", "no WebAssembly"]
    assert matrix.rows[1][0].text == "wasmtime jit"
    assert matrix.notes == ()  # what holds for all stands once, at the end
    assert "CPU: 100 % is one core" in gpio.notes


def test_latex_and_markdown_have_a_table_for_each_workload(summary: CampaignSummary) -> None:
    latex = render_latex(summary)
    assert latex.count(r"\begin{tabular}") == 4  # of each also memory, CPU and sizes
    assert r"\textit{interpreter}" in latex
    assert "against the lowest of its kind of mode" in latex
    assert "tab:benchharness-0badcafe-gpiohttp" in latex
    text = render_markdown(summary)
    assert "### matrix" in text
    assert "### gpio-http" in text
    assert "| *jit* |" in text


@pytest.mark.slow
def test_the_page_has_a_part_for_each_workload_and_folds_the_runs(
    summary: CampaignSummary,
) -> None:
    page = render_html(summary)
    assert '<h3 class="workload" id="best-1">matrix</h3>' in page
    assert '<a href="#best-2">gpio-http</a>' in page
    assert '<tr class="kind"><th scope="rowgroup" colspan="7">aot</th></tr>' in page
    assert page.count("<details") == page.count("</details>") >= 3
    assert "The lowest of each workload and kind of mode" in page
    assert 'id="edge"' in page
    assert "What does the board bear?" in page


def test_winners_are_one_a_group_with_what_comes_next(summary: CampaignSummary) -> None:
    table = winners(summary)
    assert table is not None
    rows = [[cell.text for cell in row] for row in table.rows]
    assert rows[1] == ["matrix", "jit", "wasmtime", "100.0 ± 3.6 J", "▲ wasmer × 1.08"]
    assert rows[0][4] == "alone"
    assert table.columns[3].title == "net energy"


@pytest.mark.slow
def test_a_page_counts_what_is_decided_and_leaves_the_rest_to_the_table(
    summary: CampaignSummary, tmp_path: Path
) -> None:
    assert headline(replace(summary, verdict="short enough")) is None
    long = replace(summary, verdict=20 * summary.verdict)
    assert headline(long) == {
        "head": "Net energy: a lowest variant in 3 of 3 comparisons.",
        "rest": "Each at 95 %: by chance one in twenty of them is wrong.",
    }
    page = render_html(long)
    assert "a lowest variant in 3 of 3 comparisons.</h1>" in page
    assert "Each at 95 %: by chance one in twenty of them is wrong." in page.replace("\u00a0", " ")
    rows = (
        *(Row("a", r, "jit", 8.0) for r in ("wasmtime", "wasmer")),
        *(Row("a", r, "aot", 7.0 + i) for i, r in enumerate(("wasmtime", "wasmer"))),
        Row("a", "native", None, 6.0),
    )
    with edge_campaign(tmp_path, rows) as store:
        found = derive_campaign(store, "last")
    bad = replace(found.variants[4], ok=0)
    some = replace(found, verdict="x" * 200, quick=True, variants=(*found.variants[:4], bad))
    assert headline(some) == {
        "head": "Quick run. Net energy: a lowest variant in 1 of 2 comparisons, 1 undecided.",
        "rest": "Each at 95 %: by chance one in twenty of them is wrong. "
        "No good trial of 1 variant.",
    }


def test_the_lowest_of_single_runs_is_no_winner(tmp_path: Path) -> None:
    rows = tuple(Row("a", r, m, 8.0) for r in ("wasmtime", "wasmer") for m in ("jit", "aot"))
    with edge_campaign(tmp_path, rows, repeat=1) as store:
        found = derive_campaign(store, "last")
    table = winners(found)
    assert table is not None
    assert {cell.tone for row in table.rows for cell in row} == {"", "single"}
    assert table.rows[0][-1].text == "? a wasmer × 1.00, no interval"
    assert "• lowest" not in "".join(
        cell.text for row in comparison_tables(found)[0][1].rows for cell in row
    )
    long = headline(replace(found, verdict="x" * 200))
    assert long is not None
    assert long["head"] == "Net energy: a lowest variant in 0 of 2 comparisons, 2 not ranked."


def test_all_groups_of_a_workload_are_told_by_its_one_metric(tmp_path: Path) -> None:
    rows = tuple(Row("a", r, m, 8.0) for r in ("wasmtime", "wasmer") for m in ("jit", "aot"))
    with edge_campaign(tmp_path, rows) as store:
        found = derive_campaign(store, "last")
    first = found.variants[0]
    net_less = {key: value for key, value in first.metrics.items() if key != "energy_net_j"}
    one = replace(found, variants=(replace(first, metrics=net_less), *found.variants[1:]))
    table = winners(one)
    assert table is not None
    assert [column.title for column in table.columns][-2] == "gross energy"
    lowest_j = min(v.metrics["energy_gross_j"].mean or 0.0 for v in found.variants)
    net_j = max(v.metrics["energy_net_j"].mean or 0.0 for v in found.variants)
    shown_j = [float(row[-2].text.split()[0]) for row in table.rows]
    assert shown_j == pytest.approx([lowest_j, lowest_j], rel=1e-2)
    assert net_j < 0.9 * lowest_j


def test_document_and_csv_tell_the_groups(summary: CampaignSummary, tmp_path: Path) -> None:
    document = to_document(summary)
    assert document["groups"][3] == {
        "workload": "matrix",
        "kind": "no WebAssembly",
        "reference": True,
        "variants": [6, 7],
    }
    assert document["variants"][6]["applies"] == ["runtime", "n"]
    native = [trial for trial in document["trials"] if trial["variant"] == 6]
    assert {tuple(trial["applies"]) for trial in native} == {("runtime", "n")}
    assert {trial["factors"]["mode"] for trial in native} == {"jit"}  # as planned
    write_csv(summary, tmp_path)
    for name in ("trials.csv", "variants.csv"):
        with (tmp_path / name).open(newline="") as file:
            modes = {row["label"]: row["factor:mode"] for row in csv.DictReader(file)}
        assert modes["matrix native"] == modes["matrix numpy"] == ""
        assert modes["matrix wasmer jit-singlepass"] == "jit-singlepass"
    head, first = (tmp_path / "variants.csv").read_text().splitlines()[:2]
    assert dict(zip(head.split(","), first.split(","), strict=True))["kind"] == "jit"


def test_levels_are_compared_within_a_workload_and_a_mode(summary: CampaignSummary) -> None:
    comparison = compare_levels(summary, "runtime")
    pairs = [(p.label, p.a.variant.label, p.b.variant.label) for p in comparison.pairs]
    assert pairs == [
        ("matrix: mode=jit", "matrix wasmtime jit", "matrix wasmer jit"),
        (
            "matrix: mode=jit-singlepass/jit",
            "matrix wasmtime jit",
            "matrix wasmer jit-singlepass",
        ),
        ("matrix: mode=aot", "matrix wasmtime aot", "matrix wasmer aot"),
        # What has no mode is paired with every one.
        ("matrix: mode=jit", "matrix wasmtime jit", "matrix native"),
        ("matrix: mode=aot", "matrix wasmtime aot", "matrix native"),
        ("matrix: mode=interpreter", "matrix wasmtime interpreter", "matrix native"),
        ("matrix: mode=jit", "matrix wasmtime jit", "matrix numpy"),
        ("matrix: mode=aot", "matrix wasmtime aot", "matrix numpy"),
        ("matrix: mode=interpreter", "matrix wasmtime interpreter", "matrix numpy"),
        ("gpio-http: mode=jit", "gpio-http wasmtime jit", "gpio-http wasmer jit"),
    ]
    assert comparison.unpaired == ("gpio-http wasmtime aot",)
    assert sentences(comparison)[0].startswith("matrix: mode=jit: wasmer uses 8 % more net energy")


def test_long_labels_of_pairs_stand_above_their_rows(summary: CampaignSummary) -> None:
    table = comparison_rows(compare_levels(summary, "runtime"))
    assert table.columns[0].key == "metric"
    texts = [text for _, text in table.sections]
    assert texts[0] == "matrix: mode=jit, wasmer / wasmtime"
    assert len(texts) == 10
    assert text_width(fit(table, 80)) <= 80


def test_headings_stand_on_lines_of_their_own_in_a_terminal(
    summary: CampaignSummary, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(comparison_tables(summary)[0][1], stderr_console())
    lines = [line.rstrip() for line in capsys.readouterr().err.splitlines()]
    assert lines[2:5:2] == ["interpreter", "jit"]
    # The parts have one head, and their columns stand below each other.
    assert lines[3].index("20.00") == lines[5].index("20.00")


def test_a_lone_variant_is_not_paired_with_another_kind_of_mode(tmp_path: Path) -> None:
    rows = (
        Row("a", "wasmtime", "jit", 8.0),
        Row("a", "wasmer", "aot", 7.0),
        Row("a", "wasmtime", "aot", 7.5),
    )
    with edge_campaign(tmp_path, rows) as store:
        found = compare_levels(derive_campaign(store, "last"), "runtime")
    assert [(p.a.variant.label, p.b.variant.label) for p in found.pairs] == [
        ("a wasmtime aot", "a wasmer aot")
    ]


def test_modes_are_compared_where_that_is_asked_for(summary: CampaignSummary) -> None:
    found = compare_levels(summary, "mode")
    assert [(p.a.variant.label, p.b.variant.label) for p in found.pairs] == [
        ("matrix wasmer jit", "matrix wasmer jit-singlepass"),
        ("matrix wasmtime jit", "matrix wasmtime aot"),
        ("matrix wasmer jit", "matrix wasmer aot"),
        ("matrix wasmtime jit", "matrix wasmtime interpreter"),
        ("gpio-http wasmtime jit", "gpio-http wasmtime aot"),
    ]


def test_campaigns_are_compared_workload_by_workload(summary: CampaignSummary) -> None:
    other = replace(summary, campaign_id="0therone")
    found = compare_campaigns(summary, other)
    assert len(found.pairs) == len(ROWS)
    assert found.unpaired == ()
    assert all(p.a.variant.label == p.b.variant.label for p in found.pairs)


def test_levels_that_do_not_apply_are_none(summary: CampaignSummary) -> None:
    by_label = {v.label: v for v in summary.variants}
    assert level_of(by_label["matrix native"], "mode") is None
    assert level_of(by_label["matrix wasmer aot"], "mode") == "aot"
    assert level_of(by_label["matrix wasmer aot"], "board") is None
