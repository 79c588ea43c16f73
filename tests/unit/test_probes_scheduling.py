from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from benchharness.probes import scheduling

PACKAGE_PARENT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("limit", "lowest_allowed", "expected"),
    [
        (0, 0, 0),  # an ordinary user: stays as it is, and is never made worse
        (30, -10, -10),  # a user whom /etc/security/limits.conf lets go down to -10
        (40, -20, -20),
        (0, -20, -20),  # root
        (resource.RLIM_INFINITY, -20, -20),
    ],
)
def test_the_best_priority_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, limit: int, lowest_allowed: int, expected: int
) -> None:
    present = 0

    def set_priority(_which: int, _who: int, priority: int) -> None:
        nonlocal present
        if priority < lowest_allowed:
            raise PermissionError
        present = min(priority, 19)

    written: dict[str, str] = {}

    def write(path: str, text: str) -> bool:
        written[path] = text
        return True

    monkeypatch.setattr(os, "setpriority", set_priority)
    monkeypatch.setattr(os, "getpriority", lambda _which, _who: present)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    monkeypatch.setattr(scheduling, "write_text", write)
    monkeypatch.setattr(scheduling, "_ask_for_short_slice", lambda nice: False)
    granted = scheduling.favour_this_process()
    assert present == expected
    assert granted[0] == f"nice {expected}"
    assert written.get("/proc/self/autogroup") == (str(expected) if expected < 0 else None)


def test_the_kernel_takes_it_in_a_process_of_its_own() -> None:
    program = (
        "import os, sys; sys.path.append(sys.argv[1]);"
        "from benchharness.probes.scheduling import *;"
        "print(favour_this_process()); raise_file_limit();"
        "print(os.sched_getscheduler(0), open('/proc/self/timerslack_ns').read().strip());"
        "print(memory_peak_bytes())"
    )
    arguments = [sys.executable, "-I", "-S", "-c", program, str(PACKAGE_PARENT)]
    run = subprocess.run(arguments, capture_output=True, text=True, check=True)
    granted, policy, peak = run.stdout.splitlines()
    assert "timer slack 1 ns" in granted
    assert policy == f"{os.SCHED_OTHER} 1"  # never a real-time policy
    assert 4 << 20 < int(peak) < 40 << 20


def test_peak_memory_is_our_own() -> None:
    peak = scheduling.memory_peak_bytes()
    assert peak is not None
    kibibytes = next(
        int(line.split()[1])
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    assert peak == pytest.approx(kibibytes * 1024, rel=0.05)
