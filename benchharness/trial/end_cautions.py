"""Warnings of a trial whose programs did not all end as they should: one for each cause."""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.trial.outcome import GRACE_S, end_in_words
from benchharness.trial.recorder import Recorder
from benchharness.trial.running import Running
from benchharness.units import format_duration

_NAMED = 5  # participants in one warning


def caution_ends(participants: Sequence[Running], recorder: Recorder) -> None:
    """Warn of programs that were started again, left, failed late, or had to be asked to end."""
    causes: dict[tuple[str, str, str], list[str]] = {}
    for item in participants:
        for cause in _causes(item):
            causes.setdefault(cause, []).append(item.name)
    for (code, what, remedy), names in causes.items():
        recorder.caution(code, f"{_listed(names)} {what}", remedy)


def _causes(item: Running) -> list[tuple[str, str, str]]:
    """Return code, words and remedy of each."""
    found = []
    if item.lives:
        times = "once" if len(item.lives) == 1 else f"{len(item.lives)} times"
        reasons = ", ".join(dict.fromkeys(life.reason or "unknown" for life in item.lives))
        what = f"was started again {times}: {reasons}"
        found.append(("restarted", what, "its time and its joules are those of all its runs"))
    if item.left is not None:
        what = f"left before its time: {item.left[1]}"
        found.append(("left", what, "the figures from then on are those of the others"))
    if item.late:
        what = f"failed after the others had ended: {end_in_words(item.exit(), None)}"
        found.append(("failed-late", what, "tell it that the work is done before they end"))
    if item.dismissed:
        what = f"ran on for {format_duration(GRACE_S)} after the others had ended: asked to end"
        found.append(("outlived", what, "end it in the program once its work is done"))
    return found


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    listed = ", ".join(names[:_NAMED])
    return f"{listed} and {more} more" if more > 0 else listed
