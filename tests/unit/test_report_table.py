from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.model import CampaignSummary, MeasurementClass, Status
from benchharness.report.metrics import headline_key, standings
from benchharness.report.table import Table, comparison_table, find_column
from benchharness.report.table_fit import fit, text_width
from benchharness.standing import Standing, Word
from tests.unit.report_samples import (
    HOSTILE,
    KINDS,
    Kind,
    assembled,
    sample_campaign,
)


def cell(table: Table, row: int, key: str) -> str:
    place = find_column(table.columns, key)
    assert place is not None
    return table.rows[row][place].text


def without_energy(summary: CampaignSummary) -> CampaignSummary:
    trials = [replace(t, energy=None, energy_missing="no meter was used") for t in summary.trials]
    return assembled(trials)


def test_the_table_has_every_column_and_the_best_first() -> None:
    table = comparison_table(sample_campaign())
    assert [c.key for c in table.columns] == [
        "variant", "n", "duration_s", "duration_ratio", "energy_gross_j", "energy_net_j",
        "energy_ratio", "coverage", "memory_peak_bytes", "cpu_percent", "module_bytes",
        "verdict",
    ]  # fmt: skip
    assert cell(table, 0, "variant") == "numpy"
    assert cell(table, 0, "energy_ratio") == "1.00"
    assert cell(table, 0, "verdict") == "• lowest"
    assert cell(table, 3, "verdict") == "▲ higher"
    assert cell(table, 3, "module_bytes") == "41.2"  # 41,213 B in kB


def test_the_values_are_those_of_the_summary_in_the_unit_of_the_header() -> None:
    summary = sample_campaign(repeat=3)
    table = comparison_table(summary)
    numpy = next(v for v in summary.variants if v.label == "numpy")
    duration = numpy.metrics["duration_s"]
    assert duration.mean is not None
    assert duration.high is not None
    value, _, half = cell(table, 0, "duration_s").partition(" ± ")
    assert float(value) == pytest.approx(duration.mean, rel=0.01)
    assert float(half) == pytest.approx(duration.high - duration.mean, rel=0.05)
    net = numpy.metrics["energy_net_j"]
    assert net.mean is not None
    assert net.high is not None
    assert net.instrument_u is not None
    half = cell(table, 0, "energy_net_j").partition(" ± ")[2]
    both = ((net.high - net.mean) ** 2 + net.instrument_u**2) ** 0.5
    assert float(half) == pytest.approx(both, rel=0.05)


def test_columns_that_are_empty_for_all_variants_are_dropped() -> None:
    kinds = [replace(k, module_bytes=None) for k in KINDS]
    summary = without_energy(sample_campaign(kinds=kinds))
    summary = replace(
        summary, variants=tuple(replace(v, module_bytes=None) for v in summary.variants)
    )
    keys = [c.key for c in comparison_table(summary).columns]
    assert "module_bytes" not in keys
    assert not [k for k in keys if k.startswith("energy")]
    assert comparison_table(summary).columns[-1].title == "time"


def test_one_variant_has_no_ratio_and_no_verdict() -> None:
    keys = [c.key for c in comparison_table(sample_campaign(kinds=KINDS[:1])).columns]
    assert not {"duration_ratio", "energy_ratio", "verdict"} & set(keys)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_table_fits_the_terminal(width: int) -> None:
    table = fit(comparison_table(sample_campaign(cls=MeasurementClass.EMULATED)), width)
    assert text_width(table) <= width
    assert {"variant", "duration_s", "energy_net_j"} <= {c.key for c in table.columns}


def test_what_is_left_out_is_said_and_the_verdict_keeps_its_words() -> None:
    table = fit(comparison_table(sample_campaign()), 76)
    assert table.left_out
    assert "verdict" not in [c.key for c in table.columns]
    assert cell(table, 1, "energy_ratio").endswith("▲")
    assert table.notes[0] == "• lowest, ▲ higher"


@given(st.lists(st.text(min_size=1, max_size=90), min_size=1, max_size=4), st.integers(40, 130))
def test_any_labels_fit_eighty_columns(labels: list[str], width: int) -> None:
    kinds = [Kind(label, 10.0 + i, 6.0, 20.0, 0.0, None) for i, label in enumerate(labels)]
    table = fit(comparison_table(sample_campaign(repeat=2, kinds=kinds)), width)
    assert text_width(table) <= width


def test_a_table_that_cannot_fit_comes_back_as_narrow_as_it_gets() -> None:
    table = fit(comparison_table(sample_campaign()), 10)
    assert len(table.columns) == 3


@pytest.mark.parametrize("cls", [c for c in MeasurementClass if c.value != "measured"])
def test_joules_that_are_not_measured_say_so_at_every_width(cls: MeasurementClass) -> None:
    for width in (500, 120, 80, 60):
        table = fit(comparison_table(sample_campaign(cls=cls)), width)
        units = [c.unit for c in table.columns if c.key.startswith("energy_") and "J" in c.unit]
        assert units
        assert all(cls.value[:3] in unit for unit in units)
        assert any(note.startswith("joules are") for note in table.notes)


def test_measured_joules_need_no_mark() -> None:
    table = comparison_table(sample_campaign())
    assert {c.unit for c in table.columns if c.key == "energy_net_j"} == {"J"}


def test_mixed_classes_are_marked_in_every_cell_and_not_ranked_by_energy() -> None:
    summary = sample_campaign()
    variants = list(summary.variants)
    variants[0] = replace(variants[0], energy_class=MeasurementClass.ESTIMATED)
    mixed = replace(
        summary,
        variants=tuple(
            replace(
                v,
                metrics={
                    k: replace(m, standing=Standing(Word.NOT_COMPARABLE))
                    if k.startswith("energy")
                    else m
                    for k, m in v.metrics.items()
                },
            )
            for v in variants
        ),
    )
    assert headline_key(mixed) == "duration_s"
    table = comparison_table(mixed)
    marks = {row[0].text: cell(table, i, "energy_net_j")[-1] for i, row in enumerate(table.rows)}
    assert marks["wasmtime scalar"] == "e"
    assert marks["numpy"].isdigit()
    assert set(standings(mixed, "energy_net_j").values()).pop().word == "not comparable"


def test_single_runs_have_no_interval_and_no_verdict() -> None:
    summary = sample_campaign(repeat=1)
    table = comparison_table(summary)
    assert " ± " not in cell(table, 0, "duration_s")
    assert {s.key for s in standings(summary, "duration_s").values()} == {"single"}
    assert [cell(table, i, "verdict") for i in range(4)] == ["? no interval"] * 4
    assert any("no interval" in note for note in table.notes)


def test_failed_runs_show_how_many_were_good() -> None:
    summary = sample_campaign(repeat=2)
    trials = [
        replace(t, status=Status.FAILED, reason="exit code 1") if t.variant == 0 else t
        for t in summary.trials
    ]
    table = comparison_table(assembled(trials))
    assert table.rows[-1][0].text == "wasmtime scalar"
    assert cell(table, 3, "n") == "0/2"
    assert cell(table, 3, "duration_s") == "–"
    assert cell(table, 3, "verdict") == "⊘ no value"


def test_variants_that_overlap_are_undecided() -> None:
    kinds = [Kind("a", 10.0, 6.0, 20.0, 0.0, None), Kind("b", 10.01, 6.0, 20.0, 0.0, None)]
    judged = standings(sample_campaign(kinds=kinds), "duration_s")
    assert sorted(s.word for s in judged.values()) == ["lowest", "undecided"]


def test_an_empty_campaign_gives_an_empty_table() -> None:
    table = fit(comparison_table(assembled([], kinds=[])), 80)
    assert table.rows == ()


def test_foreign_text_cannot_move_the_cursor() -> None:
    kinds = [replace(KINDS[0], label=HOSTILE), KINDS[1]]
    table = comparison_table(sample_campaign(kinds=kinds))
    assert not any("\x1b" in c.text for row in table.rows for c in row)
