"""Making the sampler punctual without disturbing what it measures."""

from __future__ import annotations

import os
import resource

from benchharness.probes.files import read_whole

NICEST = -20


def favour_this_process() -> list[str]:
    """Ask for the best place that an ordinary process can have; return what was granted.

    Never a real-time policy: the usual governor (schedutil) answers each wake-up of a real-time
    task with the highest clock frequency, which would change the energy that is being measured.
    """
    granted = []
    soft, _ = resource.getrlimit(resource.RLIMIT_NICE)
    for nice in (NICEST, 20 - soft):
        try:
            os.setpriority(os.PRIO_PROCESS, 0, nice)
        except PermissionError:
            continue
        break
    granted.append(f"nice {os.getpriority(os.PRIO_PROCESS, 0)}")
    try:
        slack = os.open("/proc/self/timerslack_ns", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return granted
    try:
        os.write(slack, b"1")
        granted.append("timer slack 1 ns")
    except OSError:
        return granted
    finally:
        os.close(slack)
    return granted


def raise_file_limit() -> None:
    """Allow as many open files as the machine lets us: two for each process of a tree."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def memory_peak_bytes() -> int | None:
    """Return the peak resident memory of this process.

    From VmHWM: ``ru_maxrss`` also covers the process that this one was forked from.
    """
    words = read_whole("/proc/self/status").partition(b"VmHWM:")[2].split(None, 1)
    return int(words[0]) * 1024 if words else None
