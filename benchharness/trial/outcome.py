"""How a trial ended, in a status and one sentence."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchharness.model import Status
from benchharness.trial.spec import OutputCheck
from benchharness.units import format_bytes, format_duration


@dataclass(frozen=True, slots=True)
class Exit:
    """What is known of one participant once it has ended."""

    name: str
    exit_code: int | None  # None: it could not be waited for
    last_line: str  # of stderr, else of stdout
    oom_kills: int = 0


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the harness ended the program itself."""

    status: Status
    reason: str


def timeout_stop(limit_s: float) -> Stop:
    """Return the stop of a program that ran into its time limit."""
    return Stop(
        Status.TIMEOUT,
        f"did not end within {format_duration(limit_s)}: killed (--timeout sets the limit)",
    )


def memory_stop(used_bytes: float, limit_bytes: int) -> Stop:
    """Return the stop of a program that grew beyond its memory limit."""
    return Stop(
        Status.FAILED,
        f"used {format_bytes(used_bytes)} of memory, the limit is {format_bytes(limit_bytes)}: "
        "killed (limits.memory_bytes in the manifest)",
    )


def outcome(
    stop: Stop | None,
    exits: Sequence[Exit],
    window_problem: str | None,
    outputs: Mapping[str, Any],
    check_outputs: OutputCheck,
    memory_limit_bytes: int | None,
) -> tuple[Status, str | None]:
    """Return the status and the reason, the first cause first."""
    if stop is not None:
        return stop.status, stop.reason
    for ended in exits:
        if ended.exit_code != 0:
            return Status.FAILED, _exit_reason(ended, len(exits) > 1, memory_limit_bytes)
    if window_problem is not None:
        return Status.FAILED, window_problem
    wrong = check_outputs(outputs)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return Status.FAILED, f"wrong output: {wrong[0]}{more}"
    return Status.OK, None


def _exit_reason(ended: Exit, named: bool, memory_limit_bytes: int | None) -> str:
    who = f"{ended.name}: " if named else ""
    if ended.oom_kills and memory_limit_bytes is not None:
        return f"{who}killed by its memory limit of {format_bytes(memory_limit_bytes)}"
    if ended.exit_code is None:
        return f"{who}could not be waited for"
    if ended.exit_code < 0:
        return f"{who}killed by {_signal_name(-ended.exit_code)}" + _said(ended.last_line)
    return f"{who}exit code {ended.exit_code}" + _said(ended.last_line)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _said(line: str) -> str:
    return f": {line}" if line else ""
