"""How a trial ended, in a status and one sentence."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchharness.model import Status
from benchharness.trial.spec import OutputCheck
from benchharness.units import format_bytes, format_duration

SUPPORT_END_S = 5.0  # how long a program has to end after SIGTERM
GRACE_S = 30.0  # how long one that may leave may outlive those that may not


@dataclass(frozen=True, slots=True)
class Exit:
    """What is known of one participant once it has ended."""

    name: str
    exit_code: int | None  # None: it could not be waited for
    last_line: str  # of stderr, else of stdout
    oom_kills: int = 0
    support: bool = False  # ended by SIGTERM when the main programs had ended
    overdue: bool = False  # it did not end then
    line_before: str = ""  # the one before the last
    excused: bool = False  # whatever its end was, it does not fail the trial


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


def not_ready_stop(name: str, limit_s: float) -> Stop:
    """Return the stop of a support program that did not say that it was ready."""
    return Stop(
        Status.FAILED,
        f"{name}: not ready within {format_duration(limit_s)} "
        '(the event "ready" of benchharness.events; ready_timeout_s in the manifest)',
    )


def early_end_stop(ended: Exit, before: str) -> Stop:
    """Return the stop of a support program that ended too soon; ``before`` says before what."""
    return Stop(Status.FAILED, f"{ended.name}: ended before {before}: {_exit_words(ended)}")


def failed_stop(ended: Exit, memory_limit_bytes: int | None) -> Stop:
    """Return the stop of a main program that failed while others ran on, perhaps in vain."""
    return Stop(Status.FAILED, _exit_reason(ended, True, memory_limit_bytes))


def end_in_words(ended: Exit, memory_limit_bytes: int | None) -> str:
    """Return how a program ended: ``killed by SIGKILL``, ``exit code 1: no line 17``."""
    return _exit_reason(ended, False, memory_limit_bytes)


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
    mains = [ended for ended in exits if not ended.support]
    if mains and all(ended.excused for ended in mains):
        return Status.FAILED, "every main program has left"
    for ended in exits:
        if not _is_fine(ended):
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
    if ended.overdue:
        return f"{who}did not end within {format_duration(SUPPORT_END_S)} of SIGTERM: killed"
    if ended.oom_kills and memory_limit_bytes is not None:
        return f"{who}killed by its memory limit of {format_bytes(memory_limit_bytes)}"
    if ended.oom_kills:
        return f"{who}killed by the kernel, for want of memory"
    return who + _exit_words(ended)


def _exit_words(ended: Exit) -> str:
    if ended.exit_code is None:
        return "could not be waited for"
    if ended.exit_code < 0:
        return f"killed by {_signal_name(-ended.exit_code)}" + _said(ended.last_line)
    code = f"exit code {ended.exit_code}"
    if ended.last_line.endswith(code):
        # What ran the program says so, and no more: the cause is what the program itself said.
        return ended.last_line + _said(ended.line_before)
    return code + _said(ended.last_line)


def _is_fine(ended: Exit) -> bool:
    fine = (0, -signal.SIGTERM) if ended.support else (0,)
    return ended.excused or ended.exit_code in fine


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _said(line: str) -> str:
    return f": {line}" if line else ""
