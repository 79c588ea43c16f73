"""Runs a command and prints, as JSON, what its process tree used. Standard library only.

A process of its own, because the CPU time of awaited children is one sum for each process, and
because it must be small: ``python -I -S measured.py COMMAND ...``. Memory is the sum of the
proportional shares (PSS) of all processes of the tree, looked at every two seconds.
"""

import json
import os
import resource
import sys
import time

LOOK_EVERY_S = 2.0
WAIT_S = 0.05


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


def main(command: list[str]) -> None:
    """Run the command, its output thrown away, and print what it used."""
    start_ns = time.monotonic_ns()
    pid = os.fork()
    if not pid:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.execvp(command[0], command)
    peak = 0
    next_look = time.monotonic() + WAIT_S
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() >= next_look:
            next_look += LOOK_EVERY_S
            peak = max(peak, sum(map(share_bytes, descendants(pid))))
        time.sleep(WAIT_S)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    fields = {
        "exit_code": os.waitstatus_to_exitcode(status),
        "cpu_s": used.ru_utime + used.ru_stime,
        "memory_peak_bytes": peak,
        "duration_s": (time.monotonic_ns() - start_ns) / 1e9,
    }
    sys.stdout.write(json.dumps(fields))


if __name__ == "__main__":
    main(sys.argv[1:])
