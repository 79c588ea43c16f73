"""Freed memory stays with the program: the next batch meets no new pages."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchharness.split import memory

# Two blocks at a time, so that the upper one is given back first and the heap's end is free.
FAULTS = """
import resource
from benchharness.split.memory import keep_freed
if {keep}:
    assert keep_freed()
import numpy as np
def batch():
    first, second = np.ones(3_000_000, np.float32), np.ones(12_000_000, np.float32)
    return float(first[0] + second[0])
for _ in range(4):
    batch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(8):
    batch()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 8)
"""


def faults(*, keep: bool) -> float:
    command = [sys.executable, "-c", FAULTS.format(keep=keep)]
    # Large pages would hide how many small ones there are.
    environment = {"NUMPY_MADVISE_HUGEPAGE": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def test_a_batch_meets_no_new_pages() -> None:
    assert faults(keep=True) < 50 < faults(keep=False)


def test_another_c_library_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Without:
        """A C library with no mallopt."""

    monkeypatch.setattr("ctypes.CDLL", lambda _name: Without())
    assert not memory.keep_freed()
