"""Split learning in reports: the front, the cuts over time, predictions, tables, files."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest

from benchharness.model import CampaignSummary, SeriesPoint
from benchharness.report.csv_files import write_csv
from benchharness.report.document import to_document
from benchharness.report.figures_paper import paper_style, save_pdf
from benchharness.report.html import render_html
from benchharness.report.split.cuts_over_time import run_cuts, runs_with_cuts
from benchharness.report.split.figure_cuts import cut_words, rates_title
from benchharness.report.split.figure_front import together
from benchharness.report.split.front import below_words, fronts
from benchharness.report.split.means import round_means
from benchharness.report.split.paper import split_figures, split_floats, split_markdown
from benchharness.report.split.prediction import JOULES, SECONDS, errors, pairs
from benchharness.report.split.rounds import device_rounds, is_split
from benchharness.report.split.tables import split_tables
from benchharness.report.split.view import charts, prediction_caption, split_view
from tests.unit.federated_samples import QUICK, federated_campaign
from tests.unit.report_samples import HOSTILE, sample_campaign
from tests.unit.split_samples import GAIN, WAYS, Split, Way, split_campaign
from tests.unit.test_report_schemas import faults


@pytest.fixture(scope="module")
def sample() -> CampaignSummary:
    return split_campaign()


@pytest.mark.parametrize("summary", [sample_campaign(), federated_campaign(QUICK)])
def test_other_campaigns_have_no_such_section(summary: CampaignSummary, tmp_path: Path) -> None:
    assert not is_split(summary)
    assert split_view(summary, None) is None
    assert split_tables(summary, None) == []
    assert split_floats(summary, None) == split_markdown(summary, None) == ""
    assert all(trial["split"] is None for trial in to_document(summary)["trials"])
    assert "split_rounds.csv" not in [path.name for path in write_csv(summary, tmp_path)]


def test_a_round_is_the_mean_over_rounds_and_runs(sample: CampaignSummary) -> None:
    found = next(m for m in round_means(sample) if m.variant.label == "local")
    own = sample.trials_of(found.variant.index)
    uses = [use for t in own for p in t.participants for use in p.steps]
    joules = sum(use.energy_j.value for use in uses if use.energy_j) / (len(own) * 6)
    assert found.rounds == 12
    assert found.untold == 0
    assert found.energy_j.mean == pytest.approx(joules)
    assert found.time_s.mean == pytest.approx(sum((u.end_ns - u.start_ns) / 1e9 for u in uses) / 36)
    assert found.energy_j.half is not None
    assert found.energy_j.half > 1.95 * GAIN * joules  # what all runs share does not average out


def test_a_round_that_the_meter_cannot_tell_is_left_out_and_counted() -> None:
    summary = split_campaign(Split(repeat=1, untold=(2, 3)))
    found = round_means(summary)[0]
    assert (found.rounds, found.untold) == (6, 0)
    # All rounds together are the window less what was drawn at rest between them.
    whole = round_means(split_campaign(Split(repeat=1)))[0]
    assert found.energy_j.mean == pytest.approx(whole.energy_j.mean)
    assert found.energy_j.half == pytest.approx(2 * GAIN * (found.energy_j.mean or 0.0))
    told, left_out = pairs(summary.trials[:1], JOULES)
    assert (len(told), left_out) == (16, 2)
    assert "2 more are left out" in prediction_caption(charts(replace_trials(summary, 1))[1])
    unknown = without_idle_power(summary)
    assert (round_means(unknown)[0].rounds, round_means(unknown)[0].untold) == (6, 2)
    assert "4 of 6" in [cell.text for cell in split_tables(unknown, None)[0].rows[0]]


def without_idle_power(summary: CampaignSummary) -> CampaignSummary:
    trials = []
    for trial in summary.trials:
        devices = tuple(
            replace(p, energy=None if p.energy is None else replace(p.energy, idle_power_w=None))
            for p in trial.participants
        )
        trials.append(replace(trial, participants=devices))
    return replace(summary, trials=tuple(trials))


def replace_trials(summary: CampaignSummary, count: int) -> CampaignSummary:
    return replace(summary, trials=summary.trials[:count], variants=summary.variants[:count])


def test_points_that_others_beat_are_not_on_the_front(sample: CampaignSummary) -> None:
    panels, left_out = fronts(sample)
    assert (len(panels), left_out) == (1, 0)
    points = panels[0].points
    assert [p.label for p in points if p.line] == ["α = 0", "α = 0.5", "α = 1"]
    assert {p.label for p in points if not p.line} == {"local", "server", "splitfed, cut 4"}
    chosen = [p for p in points if p.line]
    for point in points:
        beaten = any(
            o.time_s <= point.time_s and o.energy_j < point.energy_j for o in chosen if o != point
        )
        assert point.on_front is (not point.line or not beaten)
    assert any(p.on_front for p in chosen)


def test_schemes_below_the_front_are_named_with_their_price() -> None:
    ways = [
        Way({"scheme": "ares", "alpha": 0.0}, (7, 7, 7), (7, 7, 7)),
        Way({"scheme": "ares", "alpha": 1.0}, (5, 5, 5), (5, 5, 5)),
        Way({"scheme": "server"}, (0, 0, 0), (0, 0, 0)),
        Way({"scheme": "splitfed", "cut": 1}, (1, 1, 1), (1, 1, 1)),
    ]
    panel = fronts(split_campaign(Split(ways=ways, repeat=1, rounds=2)))[0][0]
    by_label = {p.label: p for p in panel.points}
    front = [p for p in panel.points if p.line and p.on_front]
    for label in ("server", "splitfed, cut 1"):
        point = by_label[label]
        assert point.on_front  # never paler
        assert point.below is any(
            point.time_s <= o.time_s and point.energy_j <= o.energy_j for o in front
        )
    assert [p.label for p in panel.points if p.below] == ["server"]
    assert below_words(panel) == (
        "As fast as a point of the front, and takes as little: server (it sends the raw images; "
        "its server's joules are not metered)."
    )


def test_conditions_have_a_panel_each_and_rules_a_line_each() -> None:
    ways = [
        Way({"scheme": "ares", "alpha": alpha, "rule": rule, "link": link}, (7, 7, 7), (6, 7, 7))
        for link in ("constant:5", "constant:50")
        for rule in ("joint", "as-published")
        for alpha in (0.0, 1.0)
    ]
    panels, _ = fronts(split_campaign(Split(ways=ways, repeat=1, rounds=2)))
    assert [panel.condition for panel in panels] == ["link constant:5", "link constant:50"]
    assert panels[0].lines == ["ares, rule joint", "ares, rule as-published"]
    assert [p.label for p in panels[0].points] == ["α = 0", "α = 1", "α = 0", "α = 1"]


def test_alphas_that_chose_the_same_have_one_label(sample: CampaignSummary) -> None:
    points = fronts(sample)[0][0].points
    apart = [(100.0 * n, 50.0) for n in range(len(points))]
    assert [text for text, _ in together(points, apart)] == [p.label for p in points]
    near = [(3.0 * n, 50.0) for n in range(len(points))]
    assert together(points, near)[0] == ("α = 0 to 1", 1)
    assert [text for text, _ in together(points, near)][1:] == [
        "local",
        "server",
        "splitfed, cut 4",
    ]


def test_of_many_alphas_both_ends_are_drawn() -> None:
    ways = [Way({"scheme": "ares", "alpha": n / 10}, (7,) * 3, (6,) * 3) for n in range(11)]
    runs, left_out = runs_with_cuts(split_campaign(Split(ways=ways, repeat=1, rounds=2)))
    assert (len(runs), left_out) == (6, 5)
    assert (runs[0].label, runs[-1].label) == ("ares, α = 0", "ares, α = 1")


def test_cuts_hold_until_the_next_round_and_lie_over_the_link(sample: CampaignSummary) -> None:
    runs, left_out = runs_with_cuts(sample)
    assert [run.label for run in runs] == ["ares, α = 0", "ares, α = 0.5", "ares, α = 1"]
    assert left_out == 0
    pi = runs[1].devices[0]
    assert (pi.name, runs[1].last_cut, runs[1].one_link, runs[1].measured) == ("pi", 7, True, False)
    assert pi.cuts.t_s[0] == pytest.approx(0.5)
    assert set(pi.cuts.value) == {4.0, 6.0}
    assert pi.up_bit_s is not None
    assert pi.up_bit_s.t_s[:2] == (0.0, 40.0)
    for t_s, cut in zip(pi.cuts.t_s, pi.cuts.value, strict=True):
        rate = [r for t, r in zip(pi.up_bit_s.t_s, pi.up_bit_s.value, strict=True) if t <= t_s][-1]
        assert cut == (6.0 if rate < 1e7 else 4.0)
    assert "pi: cut 4, 6, uplink 5 to 50 Mbit/s" in cut_words(runs[1])


def test_without_a_trace_the_rates_are_those_of_the_run() -> None:
    run = run_cuts(split_campaign(Split(repeat=1, traces=False)).trials[1])
    assert run is not None
    assert run.measured
    assert rates_title(run) == "uplink as estimated / Mbit/s"
    assert run.devices[0].up_bit_s is not None
    assert run.devices[0].up_bit_s.value[0] == pytest.approx(0.97 * 20e6)


def test_waiting_is_taken_off_unless_it_was_predicted() -> None:
    plain, told = (
        split_campaign(Split(ways=WAYS[:1], repeat=1, more=more))
        for more in (None, {"waiting_energy": True})
    )
    each, whole = device_rounds(plain.trials[0])[0], device_rounds(told.trials[0])[0]
    assert each.round_j is not None
    assert each.use is not None
    assert each.measured_j is not None
    waited_j = 1.9 * (each.use.waiting_s or 0.0)
    assert each.measured_j.value == pytest.approx(each.round_j.value - waited_j)
    assert whole.measured_j == whole.round_j
    notes = [split_tables(summary, None)[1].notes for summary in (plain, told)]
    assert ["idle power" in " ".join(each) for each in notes] == [True, False]


def test_errors_have_their_sizes_and_their_sign(sample: CampaignSummary) -> None:
    found, left_out = pairs(sample.trials, SECONDS)
    told = errors(found, left_out)
    assert told is not None
    assert (told.count, told.left_out) == (6 * 2 * 6 * 3, 0)
    # The sample's seconds are 0.97 to 1.06 of what was predicted.
    assert -0.06 < told.middle < 0.0
    assert 0.0 < told.median <= told.largest <= 1.0 - 1.0 / 1.06 + 1e-9
    assert errors([]) is None


def test_the_tables_have_a_row_a_variant(sample: CampaignSummary) -> None:
    table, error = split_tables(sample, None)
    heads = [column.key for column in table.columns]
    assert heads[:5] == ["variant", "runs", "rounds", "time", "energy"]
    assert {"time_0", "up", "down"} < set(heads)
    assert "server" not in heads  # it has no meter
    assert all("emulated" in c.unit for c in table.columns if c.key.startswith("energy"))
    assert [row[0].text for row in table.rows] == [v.label for v in sample.variants]
    local = dict(zip(heads, (cell.text for cell in table.rows[3]), strict=True))
    assert (local["runs"], local["rounds"], local["up"]) == ("2", "12", "0")
    assert all(
        "emulated" in c.unit for c in error.columns if "energy" in c.title and c.key != "told"
    )
    assert {row[-1].text for row in error.rows} == {"36 of 36"}


def test_without_joules_there_is_no_front_and_a_dash(sample: CampaignSummary) -> None:
    summary = split_campaign(Split(repeat=1, energy=False))
    view = split_view(summary, None)
    assert view is not None
    assert view.fronts == ()
    assert [drawn.head for drawn in view.predictions] == ["Time"]
    assert "energy" not in [column.key for column in view.tables[0].columns]


@pytest.mark.slow
def test_the_page_has_the_section(sample: CampaignSummary) -> None:
    page = render_html(sample, None)
    start = page.index('<section id="split"')
    section = page[start : page.index("</section>", start)]
    assert section.count('<svg class="plot"') == 1 + 3 + 2
    for words in ("Energy (emulated) of all devices", "error 2.4 % in the median", "α = 0.5"):
        assert words in section
    assert '<a href="#split">Cuts</a>' in page


@pytest.mark.slow
def test_names_are_harmless() -> None:
    summary = split_campaign(Split(ways=[*WAYS[:2], Way({"scheme": HOSTILE}, (7,) * 3, (7,) * 3)]))
    page = render_html(summary, None)
    assert "<script>alert" not in page
    assert "\x1b" not in split_markdown(summary, None) + split_floats(summary, None)


def test_the_csv_file_has_a_row_a_device_and_round(sample: CampaignSummary, tmp_path: Path) -> None:
    assert tmp_path / "split_rounds.csv" in write_csv(sample, tmp_path)
    with (tmp_path / "split_rounds.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 * 6 * 3
    first = rows[0]
    assert (first["campaign"], first["round"], first["device"], first["board"]) == (
        "a4e50001", "1", "device-1", "pi",
    )  # fmt: skip
    each = device_rounds(sample.trials[0])[0]
    assert each.measured_j is not None
    assert float(first["measured_j"]) == pytest.approx(each.measured_j.value)
    assert float(first["measured_u_j"]) == pytest.approx(each.measured_j.expanded_u or math.nan)
    assert float(first["predicted_s"]) == each.value("predicted_s")
    assert first["forward_s"] == ""  # the sample does not tell it


def test_the_document_has_it_under_each_run(sample: CampaignSummary) -> None:
    document = to_document(split_campaign(Split(repeat=1, untold=(1,))))
    assert faults(document) == []
    found = document["trials"][1]["split"]
    assert len(found["devices"]) == 18
    assert found["devices"][0]["measured_j"] is None
    assert "of the 3 that it takes" in found["devices"][0]["energy_missing"]
    assert found["errors"]["device_j"]["left_out"] == 1
    assert found["round_s"][0]["round"] == 1


def test_paper_and_markdown_have_the_same(sample: CampaignSummary, tmp_path: Path) -> None:
    with paper_style():
        drawn = {name: (caption, figure) for name, caption, figure in split_figures(sample, "")}
        assert save_pdf(drawn["front"][1], tmp_path / "front.pdf").stat().st_size > 5_000
    assert list(drawn) == ["front", "cuts", "predicted"]
    assert r"$\alpha$" in drawn["front"][0]
    tex = split_floats(sample, None)
    assert tex.count(r"\begin{table}") == 2
    assert "J a round, emulated" in split_markdown(sample, None)


def test_a_round_without_a_step_counts_for_nothing() -> None:
    summary = split_campaign(Split(repeat=1, ways=WAYS[:1]))
    trial = summary.trials[0]
    lost = {**trial.series, "device-1/cut": (SeriesPoint(0, None, 3.0),)}
    broken = replace(trial, series=lost)
    assert {each.device for each in device_rounds(broken)} == {"device-2", "device-3"}
