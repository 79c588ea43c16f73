"""What else runs: the share of the machine that is busy, and the process that is busiest."""

from __future__ import annotations

import os
from dataclasses import dataclass

from benchharness.clock import Clock, seconds
from benchharness.model import Check, CheckState
from benchharness.probes.files import read_text
from benchharness.probes.processes import process_ids, process_stat
from benchharness.probes.system import busy_ticks

BUSY_CORES = 0.05  # of one core; a quiet board stays below it


@dataclass(frozen=True, slots=True)
class Background:
    """Cores that are busy (1.0 is one whole core) and the busiest process, if one stands out."""

    busy_cores: float
    busiest: str | None
    busiest_cores: float


def measure_background(clock: Clock, duration_s: float, sysroot: str = "") -> Background:
    """Watch the machine for a while; this process itself is not counted as busiest."""
    ticks_per_s = os.sysconf("SC_CLK_TCK")
    start_ns, total, own = clock.now_ns(), _total_ticks(sysroot), _ticks_by_process(sysroot)
    clock.sleep_s(duration_s)
    elapsed_ticks = seconds(clock.now_ns() - start_ns) * ticks_per_s
    later = _ticks_by_process(sysroot)
    grown = {pid: ticks - own[pid] for pid, ticks in later.items() if pid in own}
    busiest = max(grown, key=grown.__getitem__, default=None)
    used = grown[busiest] / elapsed_ticks if busiest is not None else 0.0
    name = None
    if busiest is not None and used > BUSY_CORES / 2:
        name = f"{read_text(f'{sysroot}/proc/{busiest}/comm') or '?'} ({busiest})"
    return Background((_total_ticks(sysroot) - total) / elapsed_ticks, name, used)


def background_check(background: Background) -> Check:
    """Say whether the machine is quiet enough."""
    found = f"{100 * background.busy_cores:.0f} % of one core busy"
    if background.busiest is not None:
        found += f", most of it {background.busiest} with {100 * background.busiest_cores:.0f} %"
    if background.busy_cores < BUSY_CORES:
        return Check("background load", CheckState.OK, found)
    return Check(
        "background load",
        CheckState.ADVICE,
        found,
        "stop what need not run: it counts as energy of your program",
    )


def _total_ticks(sysroot: str) -> int:
    for line in read_text(f"{sysroot}/proc/stat").splitlines():
        fields = line.encode().split()
        if fields and fields[0] == b"cpu":
            return busy_ticks(fields)
    return 0


def _ticks_by_process(sysroot: str) -> dict[int, int]:
    found = {}
    for pid in process_ids(sysroot):
        stat = process_stat(sysroot, pid)
        if stat is not None and pid != os.getpid():
            found[pid] = stat.own
    return found
