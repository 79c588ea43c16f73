"""What stands behind the joules: budget, coverage, flags, marks, several meters."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, Caution, MeasurementClass, Status
from benchharness.report.csv_files import write_csv
from benchharness.report.document import to_document
from benchharness.report.energy_budget import figure_budget, group_of, typical
from benchharness.report.energy_flags import (
    MARK,
    coverage_text,
    flags,
    gate_of,
    marked_runs,
    share_text,
)
from benchharness.report.energy_runs import runs_table
from benchharness.report.energy_tables import budget_table, energy_table
from benchharness.report.html import render_html, symbols
from benchharness.report.html_energy import budget, budget_stack, methods
from benchharness.report.html_instruments import gain_text, instrument_facts, latency_text
from benchharness.report.latex_budget import render_latex_budget
from benchharness.report.several_meters import several_meters
from benchharness.report.table import Table, comparison_table
from tests.unit.report_samples import KINDS, assembled, sample_campaign, troubled, with_rail

# hypot(0.55, 0.40, 0.30, 0.21), by hand
COMBINED_J = math.sqrt(0.3025 + 0.16 + 0.09 + 0.0441)


def texts(table: Table | None, column: str) -> list[str]:
    assert table is not None
    place = [c.key for c in table.columns].index(column)
    return [row[place].text for row in table.rows]


def test_a_budget_adds_up() -> None:
    figure = sample_campaign().trials[0].energy
    assert figure is not None
    view = figure_budget(figure)
    assert view is not None
    assert view.of == "net energy"
    assert [line.name for line in view.lines] == ["gain", "idle drift", "quantisation", "edges"]
    assert view.combined_j == pytest.approx(COMBINED_J)
    assert view.expanded_j == pytest.approx(2 * COMBINED_J)
    assert sum(line.of_variance for line in view.lines) == pytest.approx(1.0)
    assert sum(view.groups().values()) == pytest.approx(1.0)
    assert view.dominant is not None
    assert view.dominant.of_combined == pytest.approx(0.55 / COMBINED_J)
    assert [line.nu for line in view.lines] == [None, 8.0, None, None]
    assert figure_budget(replace(figure, terms_j={})) is None


def test_every_term_has_a_group_and_the_known_ones_a_meaning() -> None:
    groups = {name: group_of(name) for name in ("gain", "idle gain", "pulse lag", "clock", "new")}
    assert groups == {
        "gain": "gain",
        "idle gain": "idle power",
        "pulse lag": "latency",
        "clock": "gaps, floor, clock",
        "new": "gaps, floor, clock",
    }


def test_the_typical_run_is_the_one_of_median_uncertainty() -> None:
    figure = sample_campaign().trials[0].energy
    assert figure is not None
    runs = [replace(figure, terms_j={"gain": u}) for u in (5.0, 1.0, 2.0, 9.0)]
    view = typical(runs)
    assert view is not None
    assert view.combined_j == 2.0
    assert typical([]) is None


def test_the_budget_table_ends_in_the_combined_and_the_expanded_uncertainty() -> None:
    figure = sample_campaign().trials[0].energy
    assert figure is not None
    view = figure_budget(figure)
    assert view is not None
    table = budget_table(view, "numpy")
    assert texts(table, "u") == ["0.55", "0.40", "0.30", "0.21", "0.77", "1.5"]
    assert texts(table, "of_combined") == ["71", "52", "39", "27", "100", ""]
    assert texts(table, "term")[-1] == "U (95 %), k = 2.00"
    assert texts(table, "nu") == ["∞", "8.0", "∞", "∞", "61", ""]


def test_the_budget_and_the_methods_on_the_page_are_those_of_the_runs() -> None:
    summary = sample_campaign()
    found = budget(summary)
    assert found is not None
    assert "numpy" in found.caption
    assert found.dominant == "gain, 71 %"
    assert [t.cells[0].text for t in found.terms] == ["gain", "idle drift", "quantisation", "edges"]
    assert [t.role for t in found.terms] == ["lower", "muted", "io", "startup"]
    assert len(found.sums) == 2
    stack = budget_stack(summary)
    assert stack is not None
    for row in stack.rows:
        assert sum(s.width for s in row.segments) == pytest.approx(100.0, abs=0.1)
        assert row.total == "± 1.5"
    table = methods(summary)
    assert table is not None
    _, _, cells = table.rows[0]
    assert [c.difference for c in cells] == ["", "+0.9 %", "−2.5 %", "−1.7 %"]
    assert [c.used for c in cells] == [True, False, False, False]


def test_coverage_is_cut_off_and_never_rounded_up() -> None:
    assert [share_text(share) for share in (1.0, 0.9999, 0.95, 0.0)] == [
        "100", "99.9", "95.0", "0.0"
    ]  # fmt: skip
    figures = [t.energy for t in troubled(sample_campaign()).trials if t.energy]
    assert coverage_text(figures) == "93.7 to 99.5"
    assert coverage_text(figures[:1]) == "99.5"
    assert coverage_text([]) == "–"


def test_flags_are_in_plain_words_with_their_remedy() -> None:
    trials = troubled(sample_campaign()).trials
    assert flags(trials[0]) == []
    (flag,) = flags(trials[1])
    assert (flag.words, flag.marks) == ("counter ≠ powers", True)
    assert flag.remedy == "check the meter with 'benchharness meters check'"
    assert [f.words for f in flags(trials[3])] == ["gaps", "offline"]
    odd = replace(
        trials[0],
        cautions=(
            Caution("meter-fallback", "to sysfs"),
            Caution("throttled", "not the meter's"),
            Caution("meter-replaying", "its class says so"),
            Caution("counter-disagrees", "x"),
        ),
    )
    assert [f.words for f in flags(odd)] == ["counter ≠ powers", "meter fallback"]


def test_what_became_of_the_readings_is_counted_by_reason() -> None:
    figure = troubled(sample_campaign()).trials[3].energy
    assert figure is not None
    gate = gate_of(figure)
    assert gate.accepted == 34
    assert gate.rejected == {"NaN": 3, "spike": 2}
    assert gate.text == "34 accepted; repaired 1 counter reset; rejected 3 NaN, 2 spike"
    assert gate_of(replace(figure, gate={})).text == ""


@pytest.mark.slow
def test_marked_runs_are_marked_wherever_their_joules_are() -> None:
    summary = troubled(sample_campaign())
    (run,) = marked_runs(summary)
    assert run.index == 1
    label = next(v.label for v in summary.variants if v.index == run.variant)
    table = comparison_table(summary)
    rows = {row[0].text: row for row in table.rows}
    assert any(cell.text.endswith(MARK) for cell in rows[label])
    assert sum(cell.text.endswith(MARK) for row in table.rows for cell in row) == 2
    assert any(note.startswith(f"{MARK}  1 of 20 good runs") for note in table.notes)
    assert texts(energy_table(summary), "marked").count("1 of 5") == 1
    assert texts(runs_table(summary), "run")[1] == f"2 {MARK}"
    assert MARK not in str(comparison_table(sample_campaign()))
    page = render_html(summary)
    assert page.count('class="marked"') == 1
    failed = replace(run, status=Status.FAILED)
    trials = [failed if t is run else t for t in summary.trials]
    assert marked_runs(replace(summary, trials=tuple(trials))) == []


def test_every_run_says_what_its_joules_rest_on() -> None:
    table = runs_table(troubled(sample_campaign()))
    assert texts(table, "coverage")[3] == "93.7"
    assert texts(table, "flags")[3] == "gaps; offline"
    assert texts(table, "idle")[0] == "2.68 | 2.72"
    assert texts(table, "k")[0] == "2.00 (61)"
    counter, _, powers = texts(table, "check")[0].partition(" | ")
    assert float(powers) - float(counter) == pytest.approx(0.2, abs=0.011)


def test_runs_with_a_flag_are_never_left_out() -> None:
    table = runs_table(troubled(sample_campaign()), most=4)
    assert texts(table, "run") == ["1", f"2 {MARK}", "3", "4"]
    assert table is not None
    assert table.left_out == ("16 runs",)


def test_a_run_without_energy_has_a_row_with_the_reason() -> None:
    trials = list(troubled(sample_campaign(repeat=2)).trials)
    why = "meter plug-1 was offline for 3.0 s of 10.4 s"
    trials[3] = replace(trials[3], energy=None, energy_missing=why)
    trials[5] = replace(trials[5], energy=None, status=Status.PLANNED)
    table = runs_table(assembled(trials))
    assert texts(table, "run") == ["1", f"2 {MARK}", "3", "4", "5", "7", "8"]
    assert texts(table, "energy")[3] == "–"
    assert texts(table, "gate")[3] == why
    assert texts(table, "flags")[3] == "no energy; gaps; offline"


def test_without_energy_there_is_nothing_to_rest_on() -> None:
    trials = [replace(t, energy=None) for t in sample_campaign(repeat=1).trials]
    summary = assembled(trials)
    assert energy_table(summary) is None
    assert runs_table(summary) is None
    assert budget(summary) is None
    assert budget_stack(summary) is None
    assert several_meters(summary) is None


def test_coverage_stands_beside_every_energy() -> None:
    assert "coverage" in [c.key for c in comparison_table(sample_campaign()).columns]
    page = render_html(sample_campaign())
    assert "readings vouch for 99.5 % of each window" in page
    assert "Readings vouch for 99.5 % of each window" in page


def test_wall_and_rail_with_what_the_supply_loses() -> None:
    table = several_meters(with_rail(sample_campaign(repeat=2, kinds=KINDS[:1])))
    assert texts(table, "what") == ["plug-1 (wall)", "rail (board, in wall)", "plug-1 − rail"]
    assert texts(table, "class") == ["measured"] * 3
    # 100 % - 82 %; the two gains do not cancel
    assert texts(table, "verdict")[2].startswith("18.0 ± ")
    wall_j, rail_j, loss_j = (float(t.partition(" ± ")[0]) for t in texts(table, "gross"))
    assert loss_j == pytest.approx(wall_j - rail_j, abs=0.11)
    assert several_meters(sample_campaign()) is None


def test_meters_of_one_target_are_compared_and_parts_never_summed() -> None:
    summary = with_rail(sample_campaign(repeat=1, kinds=KINDS[:1]))
    (trial,) = summary.trials
    (rail,) = trial.other_energy
    twin = replace(rail, meter="twin", gross_j=replace(rail.gross_j, value=2.0))
    client = replace(rail, meter="client", target="client", part_of=None)
    both = replace(summary, trials=(replace(trial, other_energy=(rail, twin, client)),))
    what = texts(several_meters(both), "what")
    verdict = dict(zip(what, texts(several_meters(both), "verdict"), strict=True))
    assert verdict["twin − rail"] == "they disagree in 1 of 1 runs"
    assert verdict["total of plug-1, client"] == "no joule is in it twice"
    table = several_meters(both)
    assert table is not None
    assert sum("is not added" in note for note in table.notes) == 2


def test_an_instrument_says_what_was_used_and_what_is_not_known() -> None:
    wall, rail = (instrument_facts(m) for m in with_rail(sample_campaign(repeat=1)).meters)
    known = {fact.label: fact.text for fact in wall}
    assert known["gain error"] == "± 5.0 %"
    assert known["step of the counter"] == "not known"
    assert known["calibrated on"] == "no date in its file"
    known = {fact.label: fact.text for fact in rail}
    assert known["target"] == "board, part of wall"
    assert known["delay of a reading"] == "110 ms ± 20 ms (standard uncertainty), calibrated"
    assert known["calibrated on"] == "2026-03-01"
    assert latency_text({"latency_bound_s": 1.5}) == "up to 1.5 s, a bound: not calibrated"
    assert latency_text({}) == "not known"
    assert gain_text({}) == "± 5.0 %, assumed: its file states none"
    assert gain_text({"class": "estimated"}) == "± 50 %, assumed: its file states none"
    assert [f.text for f in instrument_facts({"driver": "x", "own_key_w": 2.0})][-1] == "2.00 W"


def test_our_symbols_get_indices_and_nothing_else_does() -> None:
    assert symbols("k u_c <b>, ν_eff, gpu_cuda") == (
        "k u<sub>c</sub> &lt;b&gt;, ν<sub>eff</sub>, gpu_cuda"
    )


def test_the_document_has_budget_gate_coverage_and_flags() -> None:
    document = to_document(with_rail(troubled(sample_campaign(repeat=2))))
    json.dumps(document, allow_nan=False)
    first, second, _, fourth = document["trials"][:4]
    energy = first["energy"]
    assert energy["coverage"] == 0.995
    assert energy["nu_eff"] == 61.0
    assert energy["budget"]["combined_u_j"] == pytest.approx(COMBINED_J)
    assert energy["budget"]["of"] == "net_j"
    assert energy["budget"]["terms"][0]["name"] == "gain"
    assert energy["gate"] == {"accepted": 41, "repaired": {}, "rejected": {}}
    assert energy["counter_check"]["difference_j"] == pytest.approx(-0.2)
    assert (first["marked"], first["flags"]) == (False, [])
    assert second["marked"] is True
    assert second["flags"][0]["code"] == "counter-disagrees"
    assert fourth["energy"]["gate"]["rejected"] == {"NaN": 3, "spike": 2}
    (loss,) = first["several_meters"]["supply_losses"]
    assert (loss["outer"], loss["inner"], loss["impossible"]) == ("plug-1", ["rail"], False)
    assert loss["share"]["value"] == pytest.approx(0.18)
    assert first["several_meters"]["total"] is None
    assert to_document(sample_campaign(repeat=1))["trials"][0]["several_meters"] is None


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_energy_csv_has_a_row_for_each_run_and_meter(tmp_path: Path) -> None:
    summary = with_rail(troubled(sample_campaign(repeat=1)))
    write_csv(summary, tmp_path)
    found = rows(tmp_path / "energy.csv")
    assert [r["meter"] for r in found[:4]] == ["plug-1", "rail", "plug-1", "rail"]
    assert [r["counts"] for r in found[:2]] == ["1", "0"]
    assert float(found[0]["combined_u_j"]) == pytest.approx(COMBINED_J)
    assert float(found[0]["term:idle drift_j"]) == 0.4
    assert (found[1]["part_of"], found[1]["term:edges_j"]) == ("wall", "")
    marked = next(r for r in found if r["index"] == "1")
    assert (marked["marked"], marked["flags"]) == ("1", "counter-disagrees")
    assert rows(tmp_path / "trials.csv")[1]["energy_marked"] == "1"
    troubled_row = next(r for r in found if r["index"] == "3")
    assert (troubled_row["repaired"], troubled_row["rejected"]) == ("1", "5")


def test_a_page_of_an_emulated_plug_says_so_in_every_table_of_joules() -> None:
    summary: CampaignSummary = sample_campaign(repeat=2, cls=MeasurementClass.EMULATED)
    for table in (energy_table(summary), runs_table(summary)):
        assert table is not None
        assert any("J, emulated" in column.unit for column in table.columns)


def test_the_latex_budget_has_the_terms_and_the_sums() -> None:
    text = render_latex_budget(sample_campaign(kinds=KINDS[:1]))
    assert r"gain & 0.55 & 71 & $\infty$ \\" in text
    assert r"combined, $u_c$ & 0.77 & 100 & 61 \\" in text
    assert r"expanded, $U$, $k = 2.00$ & 1.5 & & \\" in text
    both = render_latex_budget(sample_campaign())
    assert both.count(r"idle drift & 0.40 & 0.40 & 0.40 & 0.40 \\") == 1
    trials = [replace(t, energy=None) for t in sample_campaign(repeat=1).trials]
    with pytest.raises(UsageError, match="there is no uncertainty budget"):
        render_latex_budget(assembled(trials))
