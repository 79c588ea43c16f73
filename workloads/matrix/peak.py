"""The machine's own peak of float64 operations, measured, for the column "share of the peak".

It is asked for once while a variant is prepared and kept in the user's cache, since it must not
be measured beside what it is compared with. A machine without a Rust compiler has no peak, and
then there is no such column; nor where the program fails.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from pathlib import Path

from benchharness import events
from wasm_modules.hosts.failures import EXIT_UNFIT, HostError
from workloads.matrix.rust_program import RustProgram

PROGRAM = RustProgram("peak", Path(__file__).with_name("peak.rs"), for_this_processor=True)
_FILE = "peak.json"
_TIMEOUT_S = 60.0


def measure() -> None:
    """Measure the peak of one core and of all, unless it is known; where that fails, nothing."""
    if _known():
        return
    with contextlib.suppress(HostError, OSError):  # a column less is no fault of a variant
        program = PROGRAM.build()
        cores = len(os.sched_getaffinity(0))
        found = {str(threads): _run(program, threads) for threads in sorted({1, cores})}
        file = PROGRAM.folder() / _FILE
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(found))
        part.replace(file)


def emit(threads: int) -> None:
    """Emit the peak of as many cores, where it is known; for other numbers of cores, nothing."""
    gflops = _known().get(str(threads))
    if gflops is not None:
        events.metric("peak_gflops", gflops, unit="GFLOP/s")


def _known() -> dict[str, float]:
    try:
        found = json.loads((PROGRAM.folder() / _FILE).read_text())
        return {str(threads): float(gflops) for threads, gflops in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):  # none, or a damaged one
        return {}


def _run(program: Path, threads: int) -> float:
    try:
        done = subprocess.run(
            [program, str(threads)], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
        return float(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise HostError(f"the machine's peak cannot be measured: {error}", EXIT_UNFIT) from None
