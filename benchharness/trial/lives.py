"""The executions of one participant: the first, and one more for each time it is started again."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchharness.trial.launch import Child

TAIL_CHARACTERS = 4000  # of what a program has written, kept with the trial
_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Life:
    """One execution, over. CPU seconds are its own, by the control group and by wait4.

    ``largest_bytes`` is wait4's largest process; a program inherits its parent's size at its
    start, so a size that does not exceed the harness's own says nothing of it and is None (Linux,
    exec's handling of the high-water mark). ``reason`` is how it ended, in words.
    """

    started_ns: int
    ended_ns: int | None
    exit_code: int | None
    group_cpu_s: float | None
    wait_cpu_s: float | None
    largest_bytes: float | None
    stdout: str
    stderr: str
    stdout_bytes: int
    stderr_bytes: int
    reason: str | None = None


def life_of(child: Child, reason: str | None = None) -> Life:
    """Return a program's life, which is over; nothing else may run in its control group."""
    group, wait_cpu_s = child.usage()
    ended = child.ended
    return Life(
        started_ns=child.started_ns,
        ended_ns=ended.t_ns if ended else None,
        exit_code=ended.exit_code if ended else None,
        group_cpu_s=group.cpu_s if group else None,
        wait_cpu_s=wait_cpu_s,
        largest_bytes=_largest_bytes(child),
        stdout=child.stdout.text()[-TAIL_CHARACTERS:],
        stderr=child.stderr.text()[-TAIL_CHARACTERS:],
        stdout_bytes=child.stdout.total_bytes,
        stderr_bytes=child.stderr.total_bytes,
        reason=reason,
    )


def total(values: Sequence[float | None]) -> float | None:
    """Return the sum; None if there is nothing to add up, or one of them is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def largest(values: Iterable[float | None]) -> float | None:
    """Return the largest that is known, None if none is."""
    return max((value for value in values if value is not None), default=None)


def _largest_bytes(child: Child) -> float | None:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if child.ended is None or child.ended.usage.ru_maxrss <= own:
        return None
    return float(child.ended.usage.ru_maxrss * _KIBIBYTE)
