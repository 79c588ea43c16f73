"""The methods paragraph: every number is the campaign's, and what is not known is not said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchharness.model import CampaignSummary, MeasurementClass, PhaseSpan, Status
from benchharness.report.answer_notes import comparison_notes
from benchharness.report.document import to_document
from benchharness.report.html import render_html
from benchharness.report.latex_caption import caption
from benchharness.report.markdown import render_markdown
from benchharness.report.methods import Conditions, methods_latex, methods_sentences
from benchharness.report.methods_parts import Amount, as_latex, as_text, listed, percent, si
from tests.unit.report_samples import (
    HOSTILE,
    KINDS,
    SECOND_NS,
    assembled,
    sample_campaign,
    with_rail,
)


def text_of(**changes: object) -> str:
    return " ".join(methods_sentences(replace(sample_campaign(), **changes)))  # type: ignore[arg-type]


def test_it_names_instrument_order_and_uncertainty() -> None:
    text = text_of(overhead={"cpu_share_of_a_core": 0.0021})
    for needed in (
        "We ran 4 variants of matrix on Raspberry Pi 5 Model B Rev 1.0 (Cortex-A76, 4 cores",
        "run 5 times (20 runs in all) in randomised complete blocks (seed 20250611)",
        "All good runs of a variant gave the same output.",
        "measured by plug-1 (driver tasmota)",
        "a reading each 1 s, steps of 100 mW and a gain error of at most 5 %",
        "(counter difference); readings vouch for 99.5 % of each window",
        "for 5 s before and for 5 s after each run, in the median 2.7 W",
        "expanded with k = 2.00 for a coverage of 95 %",
        "its largest term is gain in all runs",
        "The harness itself used 0.21 % of one core.",
        "simultaneous Fieller intervals at 95 % (Bonferroni for 6 comparisons)",
        "No margin of what matters was set",
        "benchharness 0.1.0 and wasmtime 50.0.0",
        "The campaign is 7f3c19e0",
    ):
        assert needed in text


def test_baseline_margin_and_conditions_are_said() -> None:
    summary = sample_campaign(margin=0.02, baseline={"runtime": "native"})
    text = " ".join(methods_sentences(summary, Conditions(10.0, 2, True)))
    assert "against the baseline named beforehand (runtime = native)" in text
    assert "(Bonferroni for 3 comparisons)" in text
    assert "A change within 2 % was set beforehand" in text
    assert "the program was run 2 times to warm up" in text
    assert "sampled at 10 Hz" in text
    assert "cooled" not in text  # no run waited


def test_the_temperature_gate_is_said_where_there_was_one() -> None:
    summary = sample_campaign()
    trials = [
        replace(t, spans=(*t.spans, PhaseSpan("harness", "cooldown", 0, 12 * SECOND_NS)))
        for t in summary.trials
    ]
    summary = replace(summary, trials=tuple(trials))
    known = " ".join(methods_sentences(summary, Conditions(has_temperature=True)))
    assert "cooled to near its temperature before the first run (median wait 12 s)" in known
    assert "the machine rested for 12 s" in " ".join(methods_sentences(summary))


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (MeasurementClass.ESTIMATED, "No instrument measured the energy of the board"),
        (MeasurementClass.EMULATED, "no instrument measured these joules"),
        (MeasurementClass.REPLAYED, "replayed by plug-1 (driver tasmota) from a recording"),
    ],
)
def test_joules_that_are_not_measured_are_never_called_so(
    cls: MeasurementClass, words: str
) -> None:
    text = " ".join(methods_sentences(sample_campaign(cls=cls)))
    assert words in text
    assert "was measured by" not in text
    assert ("does not cancel" in text) == (cls is MeasurementClass.ESTIMATED)


def test_what_is_not_known_is_left_out() -> None:
    text = text_of(
        environment={},
        overhead={},
        meters=({"name": "m", "class": "measured"},),
        command="",
        title="t",
    )
    for absent in ("Software", "kernel", "driver", "sampled", "made by", "warm", "None", "()"):
        assert absent not in text
    assert "a gain error that is not stated and was taken as at most" in text


def test_without_energy_and_without_good_runs() -> None:
    trials = [replace(t, energy=None) for t in sample_campaign(repeat=2).trials]
    text = " ".join(methods_sentences(assembled(trials)))
    assert "Energy was not measured." in text
    assert "cancels" not in text
    failed = [replace(t, status=Status.FAILED) for t in sample_campaign(repeat=2).trials]
    text = " ".join(methods_sentences(assembled(failed)))
    assert "8 of them failed and are left out" in text
    assert "interval" not in text
    assert methods_sentences(assembled([], kinds=[]))


def test_outputs_that_differ_are_not_said_to_agree() -> None:
    trials = list(sample_campaign(repeat=2).trials)
    trials[0] = replace(trials[0], outputs={"checksum": "other"})
    assert "the same output" not in " ".join(methods_sentences(assembled(trials)))


def test_one_run_each_has_no_interval() -> None:
    text = " ".join(methods_sentences(sample_campaign(repeat=1)))
    assert "Single runs have no spread" in text
    assert "in a randomised order (seed 20250611)" in text


@pytest.mark.slow
def test_an_order_that_nobody_drew_is_not_called_random() -> None:
    summary = replace(sample_campaign(), seed=None)
    text = " ".join(methods_sentences(summary))
    assert "(20 runs in all); the order of the runs was not randomised." in text
    assert "seed" not in text
    assert "randomised complete" not in text
    for rendered in (caption(summary, ""), render_markdown(summary), render_html(summary)):
        assert "at random" not in rendered
        assert "seed" not in rendered.lower().replace("seeds", "").split("<body")[-1]
    assert "order was not randomised" in render_html(summary)
    assert "seed 20250611" in caption(sample_campaign(), "")


def test_blocks_that_lack_a_variant_are_not_called_complete() -> None:
    trials = sample_campaign().trials
    short = [t for t in trials if not (t.repetition == 4 and t.variant == 2)]
    text = " ".join(methods_sentences(assembled(short)))
    assert "in a randomised order (seed 20250611)" in text
    assert "complete blocks" not in text


def failed(summary: CampaignSummary, variant: int) -> CampaignSummary:
    """Let all runs of a variant fail."""
    trials = [
        replace(t, status=Status.FAILED) if t.variant == variant else t for t in summary.trials
    ]
    return assembled(trials, margin=summary.margin, baseline=summary.baseline)


@pytest.mark.slow
@pytest.mark.parametrize(("baseline", "count"), [(None, 3), ({"runtime": "native"}, 2)])
def test_every_output_counts_the_comparisons_that_were_made(
    baseline: dict[str, str] | None, count: int
) -> None:
    """Four variants, one of which failed: three pairs are left, or two against a baseline."""
    summary = failed(sample_campaign(baseline=baseline), 3)
    standings = [v.metrics["duration_s"].standing for v in summary.variants[:3]]
    assert [s and s.comparisons for s in standings] == [count] * 3
    assert f"(Bonferroni for {count} comparisons)" in " ".join(methods_sentences(summary))
    assert f"intervals ({count} comparisons)" in caption(summary, "")
    assert f"hold together over {count} comparisons" in render_html(summary)
    assert any(f"for the {count} comparisons" in note for note in comparison_notes(summary))
    document = to_document(summary)
    assert document["variants"][0]["metrics"]["duration_s"]["comparisons"] == count


def test_latex_has_the_same_words_with_quantities_of_siunitx() -> None:
    text = methods_latex(with_rail(sample_campaign()))
    assert r"a calibrated delay of \SI{110}{\milli\second}" in text
    assert r"a gain error of at most \SI{1}{\percent}" in text
    assert "a calibration of 2026-03-01" in text
    assert "run's energy" in text


def test_foreign_text_is_escaped() -> None:
    kinds = [replace(k, label=HOSTILE) for k in KINDS]
    summary = assembled(
        sample_campaign(repeat=2).trials,
        kinds,
        title=HOSTILE,
        command=f"benchharness run {HOSTILE}\n\\input{{x}}",
        environment={"board": HOSTILE, "versions": {"a_b": "1%"}},
    )
    text = methods_latex(summary)
    assert r"\input{" not in text.replace(r"for \input", "")
    assert "\x1b" not in text
    assert r"a\_b 1\%" in text


def test_parts_as_text_and_as_latex() -> None:
    sentence = ("in ", si(0.0125, "s"), ", ", percent(5.6), " -- ", *listed([("a",), ("b",)]))
    assert as_text(sentence) == "in 12.5 ms, 560 % -- a and b"
    assert as_latex(sentence) == r"in \SI{12.5}{\milli\second}, \SI{560}{\percent} -{}-{} a and b"
    assert as_latex((Amount("1 to 2", "apples"),)) == "1 to 2 apples"
