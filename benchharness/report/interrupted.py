"""Runs that their user cut off: no failure, and ``resume`` makes them again."""

from __future__ import annotations

from benchharness.model import Status, TrialSummary

_REASON = "interrupted"  # what the engine stores of such a trial


def was_interrupted(trial: TrialSummary) -> bool:
    """Return whether a trial was cut off by Ctrl-C, or by the end of the harness."""
    return trial.status is Status.INVALID and trial.reason == _REASON
