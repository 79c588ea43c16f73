"""Which harness runs a campaign: a process, told apart from a later one with the same number.

A process number is used again; together with the boot and the start time of the process
(field 22 of ``/proc/<pid>/stat``, proc(5)) it names one process for good.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_START_TICKS_AFTER_COMMAND = 19  # field 22; the command, field 2, ends at the last ')'


@dataclass(frozen=True, slots=True)
class Owner:
    """One process of one boot."""

    pid: int
    boot_id: str
    start_ticks: int

    @classmethod
    def current(cls, proc: Path = Path("/proc")) -> Owner:
        """Return the calling process."""
        pid = os.getpid()
        start_ticks = _start_ticks(pid, proc)
        assert start_ticks is not None
        return cls(pid, boot_id(proc), start_ticks)

    def is_alive(self, proc: Path = Path("/proc")) -> bool:
        """Return whether this very process still runs."""
        return boot_id(proc) == self.boot_id and _start_ticks(self.pid, proc) == self.start_ticks


def boot_id(proc: Path = Path("/proc")) -> str:
    """Return the kernel's name of the present boot."""
    return (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _start_ticks(pid: int, proc: Path) -> int | None:
    """Return when a process started, in clock ticks since boot; None for one that has ended."""
    try:
        stat = (proc / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat[stat.rindex(b")") + 1 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[_START_TICKS_AFTER_COMMAND])
