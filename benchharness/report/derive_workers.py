"""Many trials derived by as many processes as there are processors.

The processes are started as commands, not by ``multiprocessing``: that would run the script of a
user again who calls this from one. What they cannot do, for whatever reason, is left to the caller.
"""

from __future__ import annotations

import marshal
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from benchharness.model import TrialSummary
from benchharness.report.derive_alone import Derive
from benchharness.report.derive_progress import Progress
from benchharness.report.derive_worker import LENGTH_BYTES
from benchharness.report.record_codec import decoder
from benchharness.store.records import TrialRecord

WORTH_IT = 1000  # trials: what a process costs to start is then well spent
_MOST = 8  # processes
_READ_BYTES = 1 << 16
_ROOT = Path(__file__).parent.parent.parent  # of the package


def derived_apart(
    path: Path, records: Sequence[TrialRecord], derive: Derive, progress: Progress
) -> dict[int, TrialSummary]:
    """Return summaries by trial, of none where it is not worth it, else of most.

    ``derive`` is a function at the top of a module. Trials that have not ended are left out: other
    processes see another state of the file.
    """
    ended = [record.trial_id for record in records if not record.status.is_pending]
    count = min(_processors(), _MOST)
    if len(ended) < WORTH_IT or count == 1 or not _is_python(sys.executable):
        return {}
    function = (str(path.absolute()), derive.__module__, derive.__name__)
    make = decoder(TrialSummary)
    found: dict[int, TrialSummary] = {}
    try:
        with _started([(*function, ended[number::count]) for number in range(count)]) as outputs:
            for part in _answers(outputs):
                found.update((trial_id, make(plain)) for trial_id, plain in part.items())
                progress.at(len(found))
    except (OSError, EOFError, ValueError, TypeError, KeyError, IndexError):
        pass
    return found


@contextmanager
def _started(questions: Sequence[tuple[Any, ...]]) -> Iterator[list[IO[bytes]]]:
    """Start a process for each question, and leave none behind."""
    with ExitStack() as stack:
        outputs = []
        for question in questions:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchharness.report.derive_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
            stack.enter_context(_ended(process))
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(marshal.dumps(question))
            process.stdin.close()
            outputs.append(process.stdout)
        yield outputs


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill and reap the process at the end, also after Ctrl-C: its work is done or worthless."""
    try:
        yield
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:  # what it was told has not reached it
                continue


def _answers(outputs: Sequence[IO[bytes]]) -> Iterator[Mapping[int, Any]]:
    """Yield every part as it comes, until all have ended."""
    with selectors.DefaultSelector() as selector:
        for output in outputs:
            selector.register(output, selectors.EVENT_READ, bytearray())
        while selector.get_map():
            for key, _ in selector.select():
                more = os.read(key.fd, _READ_BYTES)
                if more:
                    key.data.extend(more)
                    yield from _whole(key.data)
                else:
                    selector.unregister(key.fileobj)


def _whole(buffer: bytearray) -> Iterator[Mapping[int, Any]]:
    """Take the parts that have come whole off the buffer."""
    while len(buffer) >= LENGTH_BYTES:
        end = LENGTH_BYTES + int.from_bytes(buffer[:LENGTH_BYTES], "little")
        if len(buffer) < end:
            return
        yield marshal.loads(buffer[LENGTH_BYTES:end])  # noqa: S302 - our own process
        del buffer[:end]


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _is_python(executable: str | None) -> bool:
    """Return whether this is an interpreter, and not a program that holds one."""
    return Path(executable or "").name.startswith("python")
