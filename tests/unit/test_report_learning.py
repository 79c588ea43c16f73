"""What was learned and at what price, the partition, and the same on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.model import CampaignSummary, Status
from benchharness.report.accuracy_error import chance_of, images_of_test, standard_error
from benchharness.report.derive import derive_campaign
from benchharness.report.figures import new_figure, style
from benchharness.report.figures_curves import Chart, Curve, description, draw_chart, plot_chart
from benchharness.report.figures_files import write_figures
from benchharness.report.figures_partition import draw_key, draw_partition, key_sizes
from benchharness.report.figures_paths import shortened_path
from benchharness.report.html import render_html
from benchharness.report.html_instruments import instrument_groups
from benchharness.report.html_learning import learning_runs, learning_view
from benchharness.report.latex import render_latex
from benchharness.report.latex_devices import learning_floats
from benchharness.report.learning_energy import LearningPoint, reached
from benchharness.report.learning_table import VariantLearned, learning_table, levels
from benchharness.report.markdown import render_markdown
from benchharness.report.methods import methods_sentences
from benchharness.report.partition import counts_of, partitions
from benchharness.store.database import Store
from tests.unit.device_store import BOARDS, Federated, campaign
from tests.unit.federated_samples import QUICK, FederatedStore, Shape, federated_campaign, partition
from tests.unit.report_samples import HOSTILE, sample_campaign

ROUND_J = sum(b.train_s * b.busy_w + (20.0 - b.train_s) * b.idle_w for b in BOARDS)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with campaign(tmp_path_factory.mktemp("learning"), [Federated()]) as opened:
        yield opened


@pytest.fixture(scope="module")
def quick() -> CampaignSummary:
    return federated_campaign(QUICK)


@pytest.fixture(scope="module")
def page(quick: CampaignSummary) -> str:
    return render_html(quick, FederatedStore(quick, QUICK))


def test_the_price_of_an_accuracy_is_known(store: Store) -> None:
    table = learning_table(derive_campaign(store, "last"), store)
    assert table is not None
    heads = [column.key for column in table.columns]
    rows = [dict(zip(heads, (c.text for c in row), strict=True)) for row in table.rows]
    # The sample tells 0.1 + 0.05 a round of 20 s.
    words = ["to 10 %", "to 20 %", "to 30 %", "to 40 %", "at the end"]
    assert [row["level"] for row in rows] == words
    assert [row["round"] for row in rows] == ["1", "2", "4", "6", "6"]
    assert [float(row["time"]) for row in rows] == [20.0, 40.0, 80.0, 120.0, 120.0]
    for row, rounds in zip(rows, (1, 2, 4, 6, 6), strict=True):
        assert float(row["energy"].split()[0]) == pytest.approx(rounds * ROUND_J, rel=0.02)


def test_joules_to_an_accuracy_have_the_gain_that_all_runs_share(tmp_path: Path) -> None:
    """Two runs alike differ by nothing: what is left is the gain's bound of 5 %, over √3."""
    with campaign(tmp_path, [Federated(), Federated()]) as opened:
        table = learning_table(derive_campaign(opened, "last"), opened)
    assert table is not None
    place = [column.key for column in table.columns].index("energy")
    for row in table.rows:
        value, half = (float(word) for word in row[place].text.split(" ± "))
        assert half / value == pytest.approx(1.96 * 0.05 / 3**0.5, rel=0.1)


def _tested(summary: CampaignSummary, told: Any) -> CampaignSummary:
    trials = (replace(t, factors={**t.factors, "test_examples": told}) for t in summary.trials)
    return replace(summary, trials=tuple(trials))


def test_a_level_has_the_error_of_its_test(quick: CampaignSummary) -> None:
    table = learning_table(_tested(quick, 500), None)
    assert table is not None
    place = [column.key for column in table.columns].index("test_error")
    # The square root of 0.2 x 0.8 / 500 is 0.0179, of 0.4 x 0.6 / 500 it is 0.0219.
    found = {table.heading_above(n): table.rows[n][place].text for n in (0, 6)}
    assert found == {"to 20 %": "1.8", "to 40 %": "2.2"}
    assert any("n = 500 test images" in note for note in table.notes)


@pytest.mark.parametrize("told", [0, None, "500", True, 2.5, -1])
def test_without_a_count_of_images_there_is_no_error(quick: CampaignSummary, told: Any) -> None:
    summary = _tested(quick, told)
    assert images_of_test(summary.trials) is None
    table = learning_table(summary, None)
    assert table is not None
    assert "test_error" not in {column.key for column in table.columns}


def test_what_a_run_counted_goes_before_what_was_asked(quick: CampaignSummary) -> None:
    one, two = _tested(quick, 500).trials[:2]
    told = replace(one, outputs={**one.outputs, "test_examples": 360})
    assert images_of_test([told]) == 360
    assert images_of_test([told, two]) is None  # no single number
    assert images_of_test([]) is None


def test_chance_is_by_the_partition_or_by_the_classes_that_a_run_tells(
    quick: CampaignSummary,
) -> None:
    run = quick.trials[0]
    without = {name: value for name, value in run.outputs.items() if name != "partition"}
    assert chance_of([run]) == pytest.approx(0.01)
    assert chance_of([replace(run, outputs={**without, "classes": 4})]) == pytest.approx(0.25)
    assert chance_of([replace(run, outputs=without)]) == 0.0


@given(st.floats(0.0, 1.0), st.integers(1, 100_000))
def test_the_error_of_a_share_is_binomial(share: float, images: int) -> None:
    assert standard_error(share, images) ** 2 * images == pytest.approx(share * (1 - share))


def test_joules_of_learning_say_their_class(quick: CampaignSummary) -> None:
    table = learning_table(quick, FederatedStore(quick, QUICK))
    assert table is not None
    units = {column.key: column.unit for column in table.columns}
    for key in ("energy", "watt_hours", "sample"):
        assert units[key].endswith(", emulated")
    assert any("no instrument measured these joules" in note for note in table.notes)
    assert any("waiting" in note for note in table.notes)


def test_a_level_that_no_run_reached_has_no_price(quick: CampaignSummary) -> None:
    trial = quick.trials[2]
    low = {**trial.series, "test_accuracy": trial.series["test_accuracy"][:3]}
    trials = tuple(replace(t, series=low) if t.variant == 2 else t for t in quick.trials)
    table = learning_table(replace(quick, trials=trials), None)
    assert table is not None
    last = [cell.text for cell in table.rows[-4]]  # deployment, to 40 %
    assert "0 of 2" in last
    assert set(last[3:]) == {"", "–"}  # nothing stands where a price would


def _learned(top: float) -> list[VariantLearned]:
    run = tuple(LearningPoint(n, float(n), None, top * n / 4) for n in range(5))
    return [VariantLearned("a", (run,), ())]


@given(st.floats(0.004, 1.0))
def test_levels_are_few_round_and_reached(top: float) -> None:
    learned = _learned(top)
    found = levels(learned)
    assert 1 <= len(found) <= 5
    assert found == sorted(found)
    steps = [reached(learned[0].runs[0], level) for level in found]
    assert len({point.step for point in steps if point}) == len(found)  # a round of its own each
    assert all(0 < level <= top + 1e-6 for level in found)


def test_guessing_is_no_level() -> None:
    assert min(levels(_learned(0.5), chance=0.1)) > 0.1
    assert levels(_learned(0.0)) == []


def test_curves_of_variants_that_coincide_are_said_to(quick: CampaignSummary) -> None:
    view = learning_view(quick, FederatedStore(quick, QUICK))
    assert view is not None
    assert any("they are the same" in note for note in view.notes)
    assert [chart.head for chart in view.charts] == [
        "Accuracy by round", "Loss by round", "Accuracy against energy (emulated)",
        "Accuracy against time",
    ]  # fmt: skip
    assert view.data == ("synthetic, seeded, in the shape of CIFAR-100: not CIFAR-100",)


def test_without_readings_there_is_no_chart_of_joules(quick: CampaignSummary) -> None:
    view = learning_view(quick, None)
    assert view is not None
    assert not any("energy" in chart.head for chart in view.charts)


def test_failed_runs_are_not_drawn(quick: CampaignSummary) -> None:
    trials = tuple(replace(t, status=Status.FAILED) for t in quick.trials)
    variants = tuple(replace(v, ok=0) for v in quick.variants)
    assert learning_runs(replace(quick, trials=trials, variants=variants)) == ([], 0)


def test_a_chart_says_where_its_lines_end() -> None:
    chart = Chart((Curve("a", (0.0, 3.0), (0.01, 0.43)),), "round", "accuracy", percent=True)
    assert "a: 1.0 % at 0, 43.0 % at 3" in description(chart)
    assert "43.0 %" in draw_chart(chart, "c", "A chart")


def _two(far: float) -> Chart:
    lines = [Curve(str(x), (1e-4 * x, x / 2, x), (0.0, 0.2, 0.4)) for x in (10.0, 10.0 * far)]
    return Chart(tuple(lines), "time / s", "accuracy")


def test_lines_that_end_far_apart_have_a_logarithmic_axis() -> None:
    assert not _two(8.0).logarithmic
    assert _two(20.0).logarithmic
    with style():
        axes = new_figure(300, 200).subplots()
        plot_chart(axes, _two(20.0))
    assert axes.get_xscale() == "log"
    # What was told before anything was spent has no place on it.
    assert [np.size(line.get_xdata()) for line in axes.get_lines()] == [2, 2]


def test_a_partition_is_read_as_it_was_told(quick: CampaignSummary) -> None:
    found = partitions(quick)
    assert len(found) == 1  # the same of all engines
    assert found[0].variants == ("engine=process", "engine=grpc", "engine=deployment")
    told = partition(QUICK)["counts"]
    assert found[0].counts.tolist() == told
    assert found[0].totals.tolist() == [sum(row) for row in told]
    assert found[0].clients[0] == "client-1 agx-orin"
    assert found[0].how == "Dirichlet by class with α = 0.5, at least 10 a client, seed 5"


@pytest.mark.parametrize(
    "told",
    [
        None, "text", {}, {"counts": None}, {"counts": []}, {"counts": [[]]},
        {"counts": [[1, 2], [3]]}, {"counts": [[1, "a"]]}, {"counts": [[-1]]},
        {"counts": [[1.5]]}, {"counts": ["12"]}, {"counts": [[10**30]]},
        {"counts": [[0] * 1000] * 1000},
    ],
)  # fmt: skip
def test_what_is_no_partition_is_none(told: Any) -> None:
    assert counts_of({"partition": told}) is None


def test_bubbles_have_areas_in_proportion(quick: CampaignSummary) -> None:
    view = partitions(quick)[0]
    drawn = draw_partition(view, "p")
    sizes = [float(w) for w in re.findall(r'stroke-width="([\d.]+)"', drawn)]
    assert len(sizes) > 10
    assert drawn.count("h0") == int((view.counts > 0).sum())  # one bubble for each that is not 0
    counts = sorted({int(n) for n in view.counts.ravel() if n})
    # The area of the smallest and of the largest are as far apart as their counts.
    assert (sizes[-1] / sizes[0]) ** 2 == pytest.approx(counts[-1] / counts[0], rel=0.5)
    assert draw_key(view).count("<circle") == len(key_sizes(view)) == 3


def test_five_hundred_clients_are_not_all_drawn() -> None:
    summary = federated_campaign(Shape(clients=500, rounds=1, classes=10, energy=False))
    view = partitions(summary)[0]
    assert (len(view.clients), view.left_out) == (60, 440)


@pytest.mark.slow
def test_the_page_has_both_sections(page: str) -> None:
    assert 'id="devices"' in page
    assert 'href="#learning"' in page
    assert "Dirichlet by class" in page
    assert "not CIFAR-100" in page
    assert "8 meters alike" in page
    assert "transfer and engine" in page
    assert "Energy (emulated) of all devices" in page
    assert page.count("its energy is in no sum") == 2  # above the bars, and in the methods
    assert len(page.encode()) < 2_000_000


def test_other_pages_have_neither() -> None:
    text = render_html(sample_campaign(repeat=2))
    assert 'id="devices"' not in text
    assert 'id="learning"' not in text


@pytest.mark.slow
def test_the_strip_of_phases_is_the_servers(page: str) -> None:
    assert "client-1/train" not in page


@pytest.mark.slow
def test_names_of_others_are_text(quick: CampaignSummary) -> None:
    trial = quick.trials[0]
    participants = tuple(
        replace(p, name=HOSTILE + p.name, device_title=HOSTILE, left=HOSTILE)
        for p in trial.participants
    )
    outputs = {**trial.outputs, "data": HOSTILE, "parameters": True}
    hostile = replace(trial, participants=participants, outputs=outputs)
    summary = replace(quick, trials=(hostile, *quick.trials[1:]))
    text = render_html(summary, FederatedStore(quick, QUICK))
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "\x1b" not in render_latex(summary)


@pytest.mark.slow
def test_figures_for_a_paper(quick: CampaignSummary, tmp_path: Path) -> None:
    with style():
        written = write_figures(quick, FederatedStore(quick, QUICK), tmp_path)
    names = {figure.path.stem for figure in written}
    assert names >= {
        "engines", "deviceenergy", "devicetime", "devices", "learning", "partition",
    }  # fmt: skip
    captions = {figure.path.stem: figure.caption for figure in written}
    assert "energy (emulated)" in captions["devices"]
    assert r"$\alpha$" in captions["partition"]
    assert all(figure.path.read_bytes().startswith(b"%PDF") for figure in written)


def test_latex_has_a_table_a_device(quick: CampaignSummary) -> None:
    text = render_latex(quick)
    assert "its energy is in no sum" in text
    assert r"\label{tab:benchharness-d14f1a7c-joules}" in text
    assert r"\label{tab:benchharness-d14f1a7c-devices}" in text
    assert "nano-{}gpu-{}1" in text
    assert "learning" in learning_floats(quick, FederatedStore(quick, QUICK))


def test_methods_say_what_the_testbed_and_the_data_were(quick: CampaignSummary) -> None:
    text = " ".join(methods_sentences(quick))
    assert "8 programs ran on a digital twin of 1 × Jetson AGX Orin, CPU, 4 × Jetson Nano" in text
    assert "an emulated plug whose power follows its CPU use" in text
    assert "what is said of the energy of engines is about the clients only." in text
    assert "The data: synthetic, seeded, in the shape of CIFAR-100: not CIFAR-100." in text
    assert "divided among 8 clients (Dirichlet by class with α = 0.5" in text
    assert text.count("emulated meter") == 1  # all eight in one sentence
    assert "programs ran" not in " ".join(methods_sentences(sample_campaign(repeat=2)))


def test_markdown_folds_a_long_table_of_participants(quick: CampaignSummary) -> None:
    text = render_markdown(quick)
    assert "<summary>Participants</summary>" in text
    assert "`client-8`" in text
    short = federated_campaign(Shape(clients=3, rounds=2))
    assert "#### Participants" in render_markdown(short)


def test_meters_that_differ_stand_alone(quick: CampaignSummary) -> None:
    alike = list(quick.meters)
    groups = instrument_groups(alike)
    assert len(groups) == 1
    assert groups[0][0].startswith("8 meters alike: agx-orin, nano-gpu-1")
    assert [head for head, _ in instrument_groups(alike[:2])] == [
        "Meter agx-orin",
        "Meter nano-gpu-1",
    ]
    other = {**alike[0], "gain_bound": 0.01}
    assert len(instrument_groups([*alike, other])) == 2


_Points = st.lists(st.tuples(st.floats(-999, 999), st.floats(-999, 999)), min_size=12, max_size=60)


@given(_Points, st.integers(0, 2))
def test_a_short_path_goes_through_the_same_points(
    points: list[tuple[float, float]], places: int
) -> None:
    long = " ".join(
        f"{'M' if n % 20 == 0 else 'L'} {x:.6f} {y:.6f}" for n, (x, y) in enumerate(points)
    )
    found = _absolute(shortened_path(long, places))
    wanted = [_rounded(point, places) for point in points]
    kept = [p for n, p in enumerate(wanted) if n % 20 == 0 or p != wanted[n - 1]]
    assert found == pytest.approx([axis for point in kept for axis in point], abs=1e-6)


def _rounded(point: tuple[float, float], places: int) -> tuple[float, float]:
    x, y = (round(float(f"{axis:.6f}") * 10**places) / 10**places for axis in point)
    return x, y


def _absolute(path: str) -> list[float]:
    """Follow relative steps: the points that a path goes through, x and y in turn."""
    x = y = 0.0
    found: list[float] = []
    for command, rest in re.findall(r"([Mmlhv])([^Mmlhv]*)", path):
        numbers = [float(n) for n in re.findall(r"-?\d*\.?\d+(?:e-?\d+)?", rest)]
        dx, dy = {"h": (numbers[0], 0.0), "v": (0.0, numbers[0])}.get(command) or numbers[:2]
        x, y = (dx, dy) if command == "M" else (x + dx, y + dy)
        found += [x, y]
    return found


def test_curves_and_closed_outlines() -> None:
    curve = "M 0 0 C 1 1 2 2 3 3 " + "L 1.234 5.678 " * 6
    assert shortened_path(curve, 1) == curve  # other commands stay as they are
    box = "M 10 10 L 10 20 L 20 20 L 20 10 z " * 2
    assert shortened_path(box, 1) == "M10 10v10h10v-10zm0 0v10h10v-10z"
