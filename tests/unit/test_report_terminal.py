from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from benchharness.cli.tables import print_answer, print_comparison, print_summary
from benchharness.model import CampaignSummary, Caution, MeasurementClass, Status
from benchharness.report.comparison_levels import compare_levels
from benchharness.report.comparison_variants import compare_variants
from benchharness.report.pull_request import compare_markdown
from tests.unit.report_samples import HOSTILE, KINDS, sample_campaign


def console(width: int = 80, encoding: str = "utf-8") -> tuple[Console, io.BytesIO]:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False), raw


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    screen, raw = console(width)
    print_summary(sample_campaign(cls=MeasurementClass.EMULATED, quick=True), screen)
    lines = raw.getvalue().decode().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    text = "\n".join(lines)
    for needed in (
        "numpy",
        "• lowest",
        "emulated meter: no instrument",
        "quick run",
        "! the board was at 71 °C",
    ):
        assert needed in text


def test_without_utf8_everything_is_ascii() -> None:
    screen, raw = console(encoding="ascii")
    print_summary(sample_campaign(), screen)
    text = raw.getvalue().decode("ascii")
    assert "+-" in text
    assert "* lowest" in text


def test_there_is_no_colour_and_no_control_character_off_a_terminal() -> None:
    kinds = [replace(k, label=f"{HOSTILE[-12:]}{i}") for i, k in enumerate(KINDS)]
    screen, raw = console()
    print_summary(
        sample_campaign(kinds=kinds, verdict=HOSTILE, cautions=(Caution("a", HOSTILE),)), screen
    )
    assert b"\x1b" not in raw.getvalue()


def test_square_brackets_are_not_markup() -> None:
    screen, raw = console()
    print_summary(sample_campaign(verdict="[bold]a[/bold] :smile:"), screen)
    assert "[bold]a[/bold] :smile:" in raw.getvalue().decode()


def test_colour_on_a_terminal_has_a_word_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")  # a dumb terminal has no colours
    stream = io.StringIO()
    screen = Console(file=stream, width=120, force_terminal=True, color_system="standard")
    print_summary(sample_campaign(), screen)
    assert "\x1b[33m▲ higher" in stream.getvalue()


def test_a_comparison_is_printed_in_words_and_as_a_table() -> None:
    screen, raw = console()
    print_comparison(compare_levels(sample_campaign(), "runtime"), screen)
    text = raw.getvalue().decode()
    assert "uses" in text.splitlines()[0]
    assert "▼ lower" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80


def said(summary: CampaignSummary, width: int = 80) -> str:
    screen, raw = console(width)
    print_answer(summary, screen)
    return raw.getvalue().decode()


def test_the_answer_is_a_sentence_and_a_table_that_fits() -> None:
    text = said(sample_campaign(repeat=10, margin=0.02, baseline={"runtime": "native"}))
    lines = text.splitlines()
    assert lines[0].startswith("matrix, Raspberry Pi 5 Model B Rev 1.0: ")
    assert max(len(line) for line in lines) <= 80
    rows = {line.split("  ")[0]: line for line in text.split("\n\n")[1].splitlines()}
    assert rows["native"].rstrip().endswith("• reference")
    assert rows["numpy"].rstrip().endswith("▼ lower")
    assert "−5" in rows["numpy"]
    assert "margin: a change of 2 % is too little to matter" in text


def test_what_is_undecided_comes_with_the_command_that_would_decide() -> None:
    kinds = [replace(KINDS[2], label="a"), replace(KINDS[2], label="b", duration_s=9.2)]
    text = said(sample_campaign(repeat=10, kinds=kinds, metric="duration_s"))
    assert "? undecided" in text
    line = next(line for line in text.splitlines() if "?  a against b: about" in line)
    more = int(line.split("about ")[1].split()[0])
    assert f"benchharness resume 7f3c19e0 --repeat {10 + more}" in text


def test_marks_stand_behind_a_name_and_under_the_table() -> None:
    summary = sample_campaign(repeat=3)
    trials = list(summary.trials)
    trials[0] = replace(trials[0], cautions=(Caution("throttled", "the board reported: hot"),))
    trials[1] = replace(trials[1], energy=None, energy_missing="meter plug-1 was offline")
    text = said(replace(summary, trials=tuple(trials)))
    labels = {v.index: v.label for v in summary.variants}
    assert f"\n{labels[trials[0].variant]} t " in text
    assert f"\n{labels[trials[1].variant]} g " in text
    names = labels[trials[0].variant], labels[trials[1].variant]
    assert f"t  throttled in 1 of 3 runs of {names[0]}; kept" in text
    assert f"g  no joules in 1 of 3 runs of {names[1]}, which do not count for energy" in text


def test_failures_are_counted_by_variant_and_what_was_interrupted_is_none() -> None:
    summary = sample_campaign(repeat=3)
    first, second, third, *_ = summary.variants
    failed = [
        replace(t, status=Status.FAILED, energy=None)
        if t.variant == first.index or (t.variant == second.index and t.repetition == 0)
        else t
        for t in summary.trials
    ]
    trials = [
        replace(t, status=Status.INVALID, reason="interrupted", energy=None)
        if t.variant == third.index and t.repetition == 2
        else t
        for t in failed
    ]
    text = said(replace(summary, trials=tuple(trials)), 140)
    assert f"f  failed in 3 of 3 runs of {first.label}, 1 of 3 runs of {second.label}" in text
    assert f"{third.label} f" not in text
    other = [replace(t, status=Status.FAILED, energy=None) for t in summary.trials]
    assert "f  failed in 3 of 3 runs of each" in said(replace(summary, trials=tuple(other)), 140)


def test_a_comparison_says_that_a_campaign_is_half_finished_and_finishes_it() -> None:
    whole = sample_campaign(repeat=3)
    trials = [replace(t, status=Status.PLANNED) if t.repetition == 2 else t for t in whole.trials]
    half = replace(whole, trials=tuple(trials), state="interrupted", results="my lab.db")
    screen, raw = console(60)
    print_comparison(compare_variants(half), screen)
    lines = [line.strip() for line in raw.getvalue().decode().splitlines()]
    assert any(line.startswith("not finished: 4 of 12 runs of campaign 7f3c19e0") for line in lines)
    assert "benchharness resume 7f3c19e0 --results 'my lab.db'" in lines


def test_a_markdown_row_says_which_pair_it_is() -> None:
    text = compare_markdown(compare_variants(sample_campaign(repeat=3)))
    labels = [v.label for v in sample_campaign(repeat=3).variants]
    row = next(line for line in text.splitlines() if labels[0] in line and "against" in line)
    assert any(f"{a} against {b}" in row for a in labels for b in labels if a != b)


def test_the_gain_of_an_estimate_does_not_cancel() -> None:
    estimated = sample_campaign(cls=MeasurementClass.ESTIMATED)
    screen, raw = console(140)
    print_comparison(compare_levels(estimated, "runtime"), screen)
    assert "with the meter's share: the model, in changes too" in raw.getvalue().decode()
    screen, raw = console(140)
    print_comparison(compare_levels(sample_campaign(), "runtime"), screen)
    assert "share: the gain, which cancels in a change" in raw.getvalue().decode()


def test_one_run_each_has_no_verdict_and_no_empty_columns() -> None:
    text = said(sample_campaign(repeat=1))
    assert "verdict" not in text.split("\n\n")[1]
    assert "? undecided" not in text
