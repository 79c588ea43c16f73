"""Making the sampler punctual without disturbing what it measures."""

from __future__ import annotations

import os
import resource
import struct

from benchharness.probes.files import read_whole, write_text

NICEST = -20
_SLICE_NS = 100_000
# The number of the system call sched_setattr by machine and size of a pointer: a 32-bit
# Raspberry Pi OS may run on a 64-bit kernel.
_SCHED_SETATTR = {
    ("x86_64", 8): 314,
    ("aarch64", 8): 274,
    ("riscv64", 8): 274,
    ("aarch64", 4): 380,
    ("armv8l", 4): 380,
    ("armv7l", 4): 380,
    ("armv6l", 4): 380,
}


def favour_this_process() -> list[str]:
    """Ask for the best place that an ordinary process can have; return what was granted.

    Never a real-time policy: the usual governor (schedutil) answers each wake-up of a real-time
    task with the highest clock frequency, which would change the energy that is being measured,
    and such a task stays on its core even where another one is idle.
    """
    granted = []
    soft, _ = resource.getrlimit(resource.RLIMIT_NICE)
    present = os.getpriority(os.PRIO_PROCESS, 0)
    for wanted in (NICEST, 20 - soft):
        if wanted >= present:
            continue
        try:
            os.setpriority(os.PRIO_PROCESS, 0, wanted)
        except PermissionError:
            continue
        break
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    granted.append(f"nice {nice}")
    # Where sessions are scheduled as groups (Debian, Raspberry Pi OS), nice counts only inside
    # one: the whole session, which is this process, is made as nice.
    if nice < 0 and write_text("/proc/self/autogroup", str(nice)):
        granted.append(f"autogroup {nice}")
    if write_text("/proc/self/timerslack_ns", "1"):
        granted.append("timer slack 1 ns")
    if _ask_for_short_slice(nice):
        granted.append("slice 0.1 ms")
    return granted


def _ask_for_short_slice(nice: int) -> bool:
    """Ask for a time slice of 0.1 ms; return whether the kernel took the call.

    Since Linux 6.12 a process with a shorter slice is let in when it wakes, where otherwise the
    one that runs may end its slice first: beside busy programs that makes 1 of 1000 ticks late
    instead of 1 of 100. Older kernels take the call and ignore the slice.
    """
    number = _SCHED_SETATTR.get((os.uname().machine, struct.calcsize("P")))
    if number is None:
        return False
    try:
        from ctypes import CDLL, c_char_p, c_long, c_uint
    except ImportError:
        return False
    # struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period, clamps
    attributes = struct.pack("=IIQiIQQQII", 56, os.SCHED_OTHER, 0, nice, 0, _SLICE_NS, 0, 0, 0, 0)
    taken: int = CDLL(None).syscall(c_long(number), c_long(0), c_char_p(attributes), c_uint(0))
    return taken == 0


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
