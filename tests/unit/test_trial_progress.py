from __future__ import annotations

import io
from dataclasses import replace

import pytest

from benchharness.cli.progress import BarObserver, PlainObserver, left_text, power_text, stage_text
from benchharness.model import Caution, Status
from benchharness.trial.progress import Progress, RemainingTime, TrialEnded

PROGRESS = Progress(
    trial=2,
    trials=6,
    label="native",
    stage="window",
    phase="compile",
    stage_elapsed_s=12.0,
    stage_expected_s=None,
    remaining_s=245.0,
    power_w=5.25,
    power_age_s=0.4,
    temperature_c=None,
)


def test_time_left_is_the_rest_of_this_trial_and_the_trials_to_come() -> None:
    left = RemainingTime()
    assert left.remaining_s([0, 1], 0.0) is None
    left.add(0, 10.0)
    left.add(0, 20.0)
    assert left.remaining_s([0, 1], 5.0) == 25.0  # 15 - 5, and the mean of all for variant 1
    left.add(1, 100.0)
    assert left.remaining_s([1, 0], 130.0) == 15.0  # overdue counts as 0, never less


def test_the_words_of_a_moment() -> None:
    assert stage_text(PROGRESS) == "running (compile)"
    idle = replace(PROGRESS, stage="idle_before", phase=None, stage_expected_s=5.0)
    assert stage_text(replace(idle, stage_elapsed_s=2.2)) == "idle before 2/5 s"
    assert power_text(PROGRESS) == "5.25 W"
    assert power_text(replace(PROGRESS, power_w=None)) == "– W"
    assert power_text(replace(PROGRESS, power_age_s=40.0)) == "5.25 W (40 s old)"
    assert left_text(PROGRESS) == "4 min 05 s left"


def test_what_a_workload_says_cannot_colour_or_move_a_line() -> None:
    stream = io.StringIO()
    reason = "exit code 1: boom \x1b[31m\rtrial 9"
    caution = Caution("c", "\x1b]0;title\x07said")
    for observer in (PlainObserver(stream), BarObserver(6, stream)):
        observer.progress(replace(PROGRESS, label="a\x1b[2J", phase="\x1b[1A"))
        observer.ended(TrialEnded(2, 6, "a\x1b[2J", Status.FAILED, reason, 3.2, (caution,)))
        observer.close()
    said = stream.getvalue()
    assert "\x1b]0" not in said
    assert "\x1b[31m" not in said
    assert "\x1b[2J" not in said
    assert "exit code 1: boom \ufffd[31m trial 9" in said


def test_plain_lines_for_a_log() -> None:
    stream = io.StringIO()
    observer = PlainObserver(stream)
    observer.progress(PROGRESS)
    observer.progress(PROGRESS)
    observer.ended(
        TrialEnded(2, 6, "native", Status.FAILED, "exit code 1", 3.2, (Caution("a", "b"),))
    )
    assert stream.getvalue().splitlines() == [
        "trial 2 of 6, native: started",
        "trial 2 of 6, native: failed in 3.2 s: exit code 1",
        "  caution: b",
    ]


def test_a_campaign_that_grows_has_no_number_of_trials_but_a_line_for_each_block() -> None:
    stream = io.StringIO()
    observer = PlainObserver(stream)
    observer.progress(replace(PROGRESS, trials=0))
    observer.note("block 2 of at most 40, width 6.1 %, wanted 5 %")
    observer.ended(TrialEnded(2, 0, "native", Status.OK, None, 3.2, ()))
    assert stream.getvalue().splitlines() == [
        "trial 2, native: started",
        "block 2 of at most 40, width 6.1 %, wanted 5 %",
        "trial 2, native: ok in 3.2 s",
    ]


def test_the_bar_shows_label_watts_and_time_left_and_keeps_markup_as_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")  # on a dumb terminal there is no bar
    stream = io.StringIO()
    observer = BarObserver(6, stream)
    observer._console = __import__("rich.console").console.Console(
        file=stream, force_terminal=True, width=100
    )
    observer.progress(replace(PROGRESS, label="[red]x"))
    observer.progress(replace(PROGRESS, trials=0))
    observer.note("block 2, width 6.1 % ([b])")
    observer.ended(TrialEnded(2, 6, "[bold]n", Status.TIMEOUT, "late", 3.2, ()))
    observer.close()
    text = stream.getvalue()
    assert "2/6 [red]x" in text
    assert "2/… native" in text
    assert "block 2, width 6.1 % ([b])" in text
    assert "5.25 W" in text
    assert "4 min 05 s left" in text
    assert "[bold]n: timeout in 3.2 s: late" in text
