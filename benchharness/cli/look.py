"""How a look at a meter goes on, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from benchharness.units import format_duration

if TYPE_CHECKING:
    from benchharness.meters.check.watch import Say
    from benchharness.model import Reading

_PLAIN_PERIOD_S = 30.0
_DRAW_PERIOD_S = 0.5


@contextmanager
def make_look(what: str, stream: TextIO | None = None) -> Iterator[Say]:
    """Yield what is told how it goes; the bar is gone when the block ends."""
    stream = sys.stderr if stream is None else stream
    if stream.isatty():
        with _bar(what, stream) as say:
            yield say
    else:
        yield _lines(what, stream)


def _lines(what: str, stream: TextIO) -> Say:
    said_at = time.monotonic()

    def say(elapsed_s: float, total_s: float, newest: Reading | None) -> None:
        nonlocal said_at
        now = time.monotonic()
        if now - said_at >= _PLAIN_PERIOD_S:
            said_at = now
            print(
                f"{what}: {elapsed_s:.0f} of {format_duration(total_s)}, {_power(newest)}",
                file=stream,
                flush=True,
            )

    return say


@contextmanager
def _bar(what: str, stream: TextIO) -> Iterator[Say]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    drawn_at = 0.0
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[left]}, {task.fields[power]}", markup=False),
        console=Console(file=stream),
        auto_refresh=False,
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=None, left="", power="– W")

        def say(elapsed_s: float, total_s: float, newest: Reading | None) -> None:
            nonlocal drawn_at
            now = time.monotonic()
            if now - drawn_at < _DRAW_PERIOD_S:
                return
            drawn_at = now
            left = f"{format_duration(max(1.0, total_s - elapsed_s))} left"
            progress.update(
                task, completed=elapsed_s, total=total_s, left=left, power=_power(newest)
            )
            progress.refresh()

        yield say


def _power(newest: Reading | None) -> str:
    if newest is None or newest.power_w is None:
        return "– W"
    return f"{newest.power_w:.2f} W"
