"""Runs a command and prints, as JSON, what its process tree used. Standard library only.

A process of its own, because the CPU time of awaited children is one sum for each process, and
because it must be small: ``python -I -S measured.py COMMAND ...``. Memory is the sum of the
proportional shares (PSS) of all processes of the tree, looked at every two seconds.

The steady share of a core is the tree's CPU time from the first to the last look while a
``sleep`` was running in it, the first seconds left out: neither starting up nor summing up
afterwards is in it.
"""

import json
import os
import resource
import sys
import time

LOOK_EVERY_S = 2.0
WAIT_S = 0.05
START_S = 4.0  # a tracker that is imported slowly has begun by then
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> list[int]:
    """Return the ids of a process and of all below it."""
    found = [pid]
    for parent in found:
        try:
            for thread in os.listdir(f"/proc/{parent}/task"):  # noqa: PTH208
                with open(f"/proc/{parent}/task/{thread}/children") as file:  # noqa: PTH123
                    found.extend(int(word) for word in file.read().split())
        except OSError:
            continue
    return found


def share_bytes(pid: int) -> int:
    """Return a process's memory, shared pages divided by the number of their users."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:  # noqa: PTH123
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


def read(path: str) -> str:
    """Return a file of /proc, empty if its process has gone."""
    try:
        with open(path) as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""


def cpu_time_s(pids: list[int]) -> float:
    """Return the CPU time of processes with all their threads, and of awaited children."""
    total_s = 0.0
    for pid in pids:
        try:
            # Another process's CPU clock, as clock_getcpuclockid(3) makes it: exact, and threads
            # that have ended (a timer's) are in it.
            total_s += time.clock_gettime((~pid << 3) | 2)
        except OSError:
            continue
        stat = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        total_s += sum(int(ticks) for ticks in stat[13:15]) / TICKS_PER_S
    return total_s


def sleeps(pids: list[int]) -> bool:
    """Return whether the program under observation is among the processes."""
    return any(read(f"/proc/{pid}/comm").strip() == "sleep" for pid in pids)


def main(command: list[str]) -> None:
    """Run the command, its output thrown away, and print what it used."""
    start_ns = time.monotonic_ns()
    pid = os.fork()
    if not pid:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.execvp(command[0], command)
    peak = 0
    looks: list[tuple[float, float]] = []
    next_look = time.monotonic() + WAIT_S
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() >= next_look:
            next_look += LOOK_EVERY_S
            pids = descendants(pid)
            peak = max(peak, sum(map(share_bytes, pids)))
            if sleeps(pids) and time.monotonic_ns() - start_ns > START_S * 1e9:
                looks.append((time.monotonic(), cpu_time_s(pids)))
        time.sleep(WAIT_S)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    share = None
    if len(looks) > 1:
        share = (looks[-1][1] - looks[0][1]) / (looks[-1][0] - looks[0][0])
    fields = {
        "steady_share_of_a_core": share,
        "exit_code": os.waitstatus_to_exitcode(status),
        "cpu_s": used.ru_utime + used.ru_stime,
        "memory_peak_bytes": peak,
        "duration_s": (time.monotonic_ns() - start_ns) / 1e9,
    }
    sys.stdout.write(json.dumps(fields))


if __name__ == "__main__":
    main(sys.argv[1:])
