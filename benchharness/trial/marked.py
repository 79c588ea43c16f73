"""The processes of a trial wherever they have gone: by their mark, or as adopted children."""

from __future__ import annotations

import contextlib
import os
import signal

from benchharness.probes.files import read_whole
from benchharness.probes.processes import (
    children_of_other_threads,
    is_marked,
    parse_children,
    process_ids,
)


def marked_processes(marker: str) -> list[int]:
    """Return the live processes whose environment carries this trial's marker."""
    own = os.getpid()
    return [pid for pid in process_ids("") if pid != own and is_marked("", pid, marker)]


def kill_marked(marker: str) -> None:
    """Kill the processes of a trial that are known by their marker only."""
    for pid in marked_processes(marker):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def own_children() -> list[int]:
    """Return the children of this process, those that have ended but not been waited for too."""
    own = os.getpid()
    first = parse_children(read_whole(f"/proc/{own}/task/{own}/children"))
    return first + children_of_other_threads("", own)
