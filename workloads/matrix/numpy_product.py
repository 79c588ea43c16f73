"""The product as a person would write it: ``A @ B`` of NumPy, with the BLAS that came with it.

The BLAS chooses its own number of threads, as it does for everybody; the metric ``threads``
says how many the process had. OPENBLAS_NUM_THREADS=1 and its like are honoured.
"""

from __future__ import annotations

from pathlib import Path

from benchharness import events
from wasm_modules.hosts.failures import EXIT_FAILED, HostError
from wasm_modules.hosts.guest_report import run_window
from workloads.matrix import peak


def run(n: int, seed: int) -> None:
    """Multiply and emit phases, metrics and the checksum. Raises HostError."""
    with events.phase("load"):
        from workloads.matrix import generator
    try:
        with run_window():
            with events.phase("fill"):
                a = generator.matrix(seed, generator.STREAM_A, n)
                b = generator.matrix(seed, generator.STREAM_B, n)
            with events.phase("multiply"):
                start_ns = events.now_ns()
                product = a @ b
                multiply_ns = events.now_ns() - start_ns
            with events.phase("check"):
                checksum = generator.checksum(product, seed)
    except MemoryError:
        what = f"no memory for three {n} x {n} matrices ({24 * n * n} bytes)"
        raise HostError(what, EXIT_FAILED) from None
    except generator.NotExactError as error:
        raise HostError(str(error), EXIT_FAILED) from None
    if multiply_ns > 0:
        events.metric("gflops", 2 * n**3 / multiply_ns, unit="GFLOP/s")
    threads = thread_count()
    events.metric("threads", threads)
    peak.emit(threads)
    events.output("checksum", checksum)


def thread_count() -> int:
    """Return the number of threads of this process: after a product, those of the BLAS."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())
