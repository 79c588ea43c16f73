"""All pairs, what they say in words, and what a campaign leaves open."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest
from scipy import stats

from benchharness.model import CampaignSummary, MeasurementClass
from benchharness.report.comparing import comparing
from benchharness.report.groups import groups
from benchharness.report.html_answers import glossary, lead, margin_words
from benchharness.report.in_words import (
    drift_sentence,
    order_words,
    pair_sentences,
    resolution,
)
from benchharness.report.pairs import PairMatrix, pair_matrix
from benchharness.report.run_order import timed_values
from benchharness.report.undecided import command_for, open_variants
from benchharness.standing import IF_AS_SEEN, Word
from tests.unit.report_samples import KINDS, Kind, assembled, sample_campaign


def matrix_of(summary: CampaignSummary, key: str = "duration_s") -> PairMatrix | None:
    return pair_matrix(summary, groups(summary.variants)[0], key)


def near(*factors: float, repeat: int = 6, margin: float = 0.0) -> CampaignSummary:
    """Return variants whose times differ by these factors, with a spread of about 1 %."""
    kinds = [Kind(f"v{i}", 10.0 * f, 6.0, 20.0, 0.0, None) for i, f in enumerate(factors)]
    return sample_campaign(repeat=repeat, kinds=kinds, margin=margin)


def test_every_pair_is_there_once_the_highest_first() -> None:
    matrix = matrix_of(sample_campaign())
    assert matrix is not None
    assert matrix.columns == ("wasmtime scalar", "native", "wasmtime simd128")
    assert [label for label, _ in matrix.rows] == ["native", "wasmtime simd128", "numpy"]
    assert [len(cells) for _, cells in matrix.rows] == [1, 2, 3]
    assert matrix.comparisons == 6
    assert {pair.word for pair in matrix.pairs if pair.row == "numpy"} == {Word.LOWER}


def test_the_intervals_are_fiellers_at_the_bonferroni_level() -> None:
    summary = sample_campaign()
    matrix = matrix_of(summary)
    assert matrix is not None
    pair = next(p for p in matrix.pairs if (p.row, p.column) == ("numpy", "native"))
    values = [
        [t.duration_s or 0.0 for t in summary.trials if t.variant == index] for index in (3, 2)
    ]
    (a, va), (b, vb) = ((statistics.fmean(v), statistics.variance(v) / 5) for v in values)
    r = a / b
    nu = (va + r * r * vb) ** 2 / (va**2 / 4 + (r * r * vb) ** 2 / 4)
    t = stats.t.ppf(1 - 0.05 / 6 / 2, nu)
    # The half-width to first order; Fieller's own is a little wider.
    half = t * (va + r * r * vb) ** 0.5 / b
    assert pair.half == pytest.approx(half, rel=0.01)
    assert pair.half >= half


def test_few_many_and_unlike_variants_have_no_matrix() -> None:
    assert matrix_of(sample_campaign(kinds=KINDS[:2])) is None
    many = [Kind(f"v{i}", 2.0 + i, 6.0, 20.0, 0.0, None) for i in range(13)]
    assert matrix_of(sample_campaign(repeat=2, kinds=many)) is None
    assert matrix_of(sample_campaign(repeat=1)) is None  # no spread
    trials = [
        replace(t, energy=replace(t.energy, measurement_class=MeasurementClass.ESTIMATED))
        if t.variant == 0 and t.energy
        else t
        for t in sample_campaign().trials
    ]
    assert matrix_of(assembled(trials), "energy_net_j") is None


def test_words_count_what_is_decided_and_say_what_would_decide_the_rest() -> None:
    summary = near(1.0, 1.002, 1.5, 2.0, margin=0.1)
    matrix = matrix_of(summary)
    assert matrix is not None
    first, *rest = pair_sentences([matrix], summary)
    assert first == ("6 of 6 pairs are decided: five differ; v1 and v0 are the same within 10 %.")
    assert rest == []
    unset = replace(summary, margin=0.0)
    matrix = matrix_of(unset)
    assert matrix is not None
    first, second = pair_sentences([matrix], unset)
    assert first == "5 of 6 pairs are decided: five differ."
    assert second.startswith("One pair is undecided: v1 against v0 (")
    assert pair_sentences([], unset) == []


def test_none_decided_is_said_as_such() -> None:
    summary = near(1.0, 1.0001, 1.0002, repeat=3)
    matrix = matrix_of(summary)
    assert matrix is not None
    first, second = pair_sentences([matrix], summary)
    assert first == "None of the 3 pairs is decided."
    assert second.startswith("Three pairs are undecided: ")
    assert "would decide" in second


def test_the_resolution_is_half_the_width_of_the_intervals() -> None:
    summary = near(1.0, 1.2, 1.5)
    matrix = matrix_of(summary)
    assert matrix is not None
    halves = [
        (m.ratio_high - m.ratio_low) / 2
        for v in summary.variants
        if (m := v.metrics["duration_s"]).ratio_high is not None and m.ratio_low is not None
    ]
    text = resolution([matrix], summary, "duration_s")
    assert text.startswith("With 6 runs of each, a change is known to about ±")
    assert f"±{100 * statistics.median(halves):.1f} %" in text
    assert "between any two" in text
    assert resolution([], sample_campaign(repeat=1), "duration_s") == ""


def test_a_drift_is_said_of_a_variant_and_of_the_campaign() -> None:
    summary = near(1.0, 1.5, repeat=8)
    timed = timed_values(summary.trials, "duration_s")
    assert {len(v) for v in timed.values()} == {8}
    assert timed[0] == sorted(timed[0])
    noise = (0.1, -0.2, 0.15, 0.05, -0.1, 0.2, -0.15, -0.05)
    rising = [(float(60 * i), 100.0 + i + noise[i]) for i in range(8)]
    assert order_words(rising).startswith("drift of +6.7 %")
    assert order_words([(0.0, 1.0)]) == ""
    steady = [(60.0 * i, 100.0 + noise[i]) for i in range(8)]
    assert order_words(steady).startswith("no clear drift")
    assert drift_sentence(summary, "duration_s").startswith("All variants together: ")
    assert drift_sentence(sample_campaign(repeat=1), "duration_s") == ""


def test_neighbours_that_are_alike_are_said() -> None:
    waves = [(10.0 * i, 100.0 + (5.0 if 3 <= i < 9 else -5.0)) for i in range(12)]
    assert "neighbours are alike" in order_words(waves)
    saw = [(10.0 * i, 100.0 + (5.0 if i % 2 else -5.0)) for i in range(12)]
    assert "neighbours alternate" in order_words(saw)


def test_what_is_open_leads_with_the_command_that_adds_repetitions() -> None:
    summary = near(1.0, 1.01, 2.0, repeat=4)
    summary = replace(summary, verdict="v0 and others", metric="duration_s")
    found = open_variants(summary)
    assert [each.label for each in found] == ["v1"]
    assert found[0].text.startswith("v1 is undecided against v0: +")
    more = found[0].repetitions
    assert more is not None
    assert found[0].text.endswith(f"about {more} more repetitions would decide {IF_AS_SEEN}")
    said = lead(summary)
    assert said["sentences"] == [found[0].text]
    assert said["command"] == f"benchharness resume 7f3c19e0 --repeat {4 + more}"
    told = replace(summary, verdict="v0 and v1 cannot be told apart in time")
    assert lead(told)["sentences"] == []
    assert lead(told)["command"] == said["command"]


@pytest.mark.parametrize(
    ("results", "more", "expected"),
    [
        (None, [7, None, 12], "benchharness resume 7f3c19e0 --repeat 17"),
        (
            "my lab.db",
            [3],
            "benchharness resume 7f3c19e0 --repeat 8 --results 'my lab.db'",
        ),
        (
            "\x1b[31mlab;rm.db",
            [3],
            "benchharness resume 7f3c19e0 --repeat 8 --results '\ufffd[31mlab;rm.db'",
        ),
        ("lab.db", [3], "benchharness resume 7f3c19e0 --repeat 8 --results lab.db"),
        (None, [], ""),
        (None, [None, 5000], ""),
    ],
)
def test_the_command_adds_to_what_there_is(
    results: str | None, more: list[int | None], expected: str
) -> None:
    summary = replace(sample_campaign(), results=results)
    assert command_for(summary, more) == expected
    assert command_for(replace(summary, state="interrupted"), more) == ""


def test_a_figure_says_what_it_compares() -> None:
    lowest = comparing(sample_campaign(), "duration_s")
    assert lowest.against == "numpy"
    assert lowest.comparisons == (6,)
    assert "over 6 comparisons, since the lowest was chosen from the data" in lowest.joint
    assert "No margin was set" in lowest.margin_text
    named = comparing(sample_campaign(margin=0.02, baseline={"runtime": "native"}), "duration_s")
    assert named.against == "native"
    assert named.comparisons == (3,)
    assert named.joint == "95 % intervals that hold together over 3 comparisons"
    assert named.margin_text == "Grey band: ±2 %, the margin that was set beforehand."
    two = comparing(sample_campaign(kinds=KINDS[:2]), "duration_s")
    assert two.joint == "95 % interval of the one comparison"
    assert comparing(assembled([]), "duration_s").joint == ""


def test_the_glossary_has_the_words_in_use_first() -> None:
    found = glossary(sample_campaign(margin=0.02, baseline={"runtime": "native"}))
    used = {sign.word for sign, _ in found["used"]}
    assert {"reference", "lower", "higher"} <= used
    assert "lowest" not in used
    assert len(found["used"]) + len(found["others"]) == 11
    assert "±2 %" in margin_words(sample_campaign(margin=0.02))
    assert "No margin was set" in margin_words(sample_campaign())
