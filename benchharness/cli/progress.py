"""Progress on stderr: a bar on a terminal, plain lines where there is none."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

from benchharness.model import Caution, Status
from benchharness.report.text import plain
from benchharness.trial.progress import Observer, Progress, TrialEnded
from benchharness.units import format_duration

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_PLAIN_PERIOD_S = 30.0
_STALE_AFTER_S = 15.0
_WORD, _LINE = 80, 400  # the most characters of what a workload has told
STAGE_WORDS = {
    "settle": "settling",
    "idle_before": "idle before",
    "warmup": "warm-up",
    "window": "running",
    "idle_after": "idle after",
    "cooldown": "cooling down",
}


def make_observer(trials: int, stream: TextIO | None = None) -> Observer:
    """Return the observer that suits the stream (stderr by default)."""
    stream = sys.stderr if stream is None else stream
    if stream.isatty():
        return BarObserver(trials, stream)
    return PlainObserver(stream)


def stage_text(progress: Progress) -> str:
    """Return what goes on now: ``running (compile)``, ``idle before 2/5 s``."""
    words = STAGE_WORDS.get(progress.stage, progress.stage)
    if progress.phase:
        return f"{words} ({plain(progress.phase, _WORD)})"
    if progress.stage_expected_s:
        elapsed_s = min(progress.stage_elapsed_s, progress.stage_expected_s)
        return f"{words} {elapsed_s:.0f}/{progress.stage_expected_s:.0f} s"
    return f"{words} {format_duration(max(1.0, progress.stage_elapsed_s))}"


def power_text(progress: Progress) -> str:
    """Return the live watts; a reading that is old says so, and none is a dash, never 0."""
    if progress.power_w is None:
        return "– W"
    text = f"{progress.power_w:.2f} W"
    if progress.power_age_s is not None and progress.power_age_s > _STALE_AFTER_S:
        text += f" ({progress.power_age_s:.0f} s old)"
    return text


def left_text(progress: Progress) -> str:
    """Return the time left, or a dash while it is not known."""
    if progress.remaining_s is None:
        return "– left"
    return f"{format_duration(max(1.0, progress.remaining_s))} left"


def place_text(trial: int, trials: int) -> str:
    """Return which trial it is, and of how many if that is known."""
    return f"trial {trial} of {trials}" if trials else f"trial {trial}"


def _where(progress: Progress) -> str:
    return f"{place_text(progress.trial, progress.trials)}, {plain(progress.label, _LINE)}"


def ended_text(ended: TrialEnded) -> str:
    """Return one line for a trial that has ended."""
    took = f" in {format_duration(ended.duration_s)}" if ended.duration_s is not None else ""
    label = plain(ended.label, _LINE)
    line = f"{place_text(ended.trial, ended.trials)}, {label}: {ended.status.value}{took}"
    return f"{line}: {plain(ended.reason, _LINE)}" if ended.reason else line


class PlainObserver:
    """Lines for a log: each trial's start and end, and a sign of life every half minute."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._trial = 0
        self._said_at = 0.0

    def progress(self, progress: Progress) -> None:
        """Print a line when a trial begins, and then now and then."""
        now = time.monotonic()
        if progress.trial != self._trial:
            self._trial = progress.trial
            self._said_at = now
            self._say(f"{_where(progress)}: started")
        elif now - self._said_at >= _PLAIN_PERIOD_S:
            self._said_at = now
            parts = [stage_text(progress), power_text(progress), left_text(progress)]
            self._say(f"{_where(progress)}: {', '.join(parts)}")

    def ended(self, trial: TrialEnded) -> None:
        """Print how the trial ended, and its cautions."""
        self._say(ended_text(trial))
        for caution in trial.cautions:
            self._say(f"  caution: {plain(caution.line(), _LINE)}")

    def caution(self, caution: Caution) -> None:
        """Print a caution."""
        self._say(f"caution: {plain(caution.line(), _LINE)}")

    def note(self, line: str) -> None:
        """Print the line."""
        self._say(line)

    def close(self) -> None:
        """Nothing is held open."""

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


class BarObserver:
    """A bar with the trial, the stage, the live watts and the time left, drawn once a second."""

    def __init__(self, trials: int, stream: TextIO) -> None:
        from rich.console import Console

        self._console = Console(file=stream)
        self._trials = trials
        self._bar: RichProgress | None = None

    def progress(self, progress: Progress) -> None:
        """Redraw the bar."""
        bar = self._started()
        done = progress.trial - 1 + _share_of_trial(progress)
        bar.update(
            bar.task_ids[0],
            completed=done,
            total=progress.trials or None,  # without an end the bar only moves
            trial=f"{progress.trial}/{progress.trials or '…'} {plain(progress.label, _WORD)}",
            stage=stage_text(progress),
            power=power_text(progress),
            left=left_text(progress),
        )
        bar.refresh()

    def ended(self, trial: TrialEnded) -> None:
        """Print what did not go well above the bar; a trial that is right needs no line."""
        if trial.status is not Status.OK:
            self._print(f"[bold red]✗[/] {_escape(ended_text(trial))}")
        for caution in trial.cautions:
            self._print(
                f"[yellow]![/] trial {trial.trial}: {_escape(plain(caution.line(), _LINE))}"
            )

    def caution(self, caution: Caution) -> None:
        """Print a caution above the bar."""
        self._print(f"[yellow]![/] {_escape(plain(caution.line(), _LINE))}")

    def note(self, line: str) -> None:
        """Print the line above the bar."""
        self._print(_escape(line))

    def close(self) -> None:
        """Remove the bar; may be called twice."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _print(self, markup: str) -> None:
        self._started().console.print(markup, highlight=False)

    def _started(self) -> RichProgress:
        if self._bar is None:
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as RichProgress

            self._bar = RichProgress(
                TextColumn("{task.fields[trial]}", markup=False),
                BarColumn(bar_width=16),
                TextColumn("{task.fields[stage]}", markup=False),
                TextColumn("{task.fields[power]}", markup=False),
                TextColumn("{task.fields[left]}", markup=False),
                console=self._console,
                auto_refresh=False,  # a thread that redraws would cost more than the sampling
                transient=True,
            )
            self._bar.add_task("", total=self._trials, trial="", stage="", power="", left="")
            self._bar.start()
        return self._bar


def _share_of_trial(progress: Progress) -> float:
    """Return roughly how much of the running trial is behind us, for the bar's length only."""
    order = ("settle", "idle_before", "warmup", "window", "idle_after", "cooldown")
    place = order.index(progress.stage) if progress.stage in order else 0
    return place / len(order)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
