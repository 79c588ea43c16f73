"""Real processes and control groups for the tests of the sampler."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchharness.trial.sampling import Batch, Sampler

LIMIT_S = 20.0


def wait_until(done: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
    """Wait for other processes; return whether what they were to do is done."""
    deadline = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that is dead and not yet awaited does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] not in ("Z", "X")


@contextmanager
def program(text: str, *arguments: str, marker: str = "") -> Iterator[subprocess.Popen[str]]:
    """Run a Python program with pipes, in a session of its own; kill it in the end."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", text, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "BENCHHARNESS_TRIAL": marker} if marker else None,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def rows(batches: list[Batch], stream: str) -> dict[str, list[float]]:
    """Return a stream's columns by channel, and its times as ``t_ns``."""
    columns: dict[str, list[float]] = {}
    for batch in batches:
        if batch.stream == stream:
            columns.setdefault("t_ns", []).extend(batch.times_ns)
            for channel, column in zip(batch.channels, batch.columns, strict=True):
                columns.setdefault(channel.name, []).extend(column)
    return columns


def collect(sampler: Sampler, duration_s: float) -> list[Batch]:
    """Return what comes in some time, to the last sample."""
    batches: list[Batch] = []
    deadline = time.monotonic() + duration_s
    while time.monotonic() < deadline:
        time.sleep(0.05)
        batches += sampler.receive()
    return batches + sampler.flush()


@contextmanager
def own_groups(wanted: bool = True) -> Iterator[dict[str, str]]:
    """Make control groups for one tree; none if none are wanted or the machine does not let us."""
    made: dict[str, str] = {}
    for use, folder in _group_folders().items() if wanted else ():
        try:
            folder.mkdir(exist_ok=True)
        except OSError:
            continue
        made[use] = str(folder)
    try:
        yield made
    finally:
        for name in dict.fromkeys(made.values()):
            wait_until(partial(remove, name))


def _group_folders() -> dict[str, Path]:
    name = f"benchharness-test-{uuid.uuid4().hex[:8]}"
    root = Path("/sys/fs/cgroup")
    wanted = {"cpu": root / "cpuacct", "memory": root / "memory", "kill": root / "unified"}
    if (root / "cgroup.controllers").exists():
        inside = root / Path("/proc/self/cgroup").read_text().rpartition("::/")[2].strip()
        wanted = dict.fromkeys(("cpu", "memory", "kill"), inside)
    return {use: parent / name for use, parent in wanted.items()}


def remove(folder: str) -> bool:
    """Remove a control group; return false while it still has processes."""
    try:
        Path(folder).rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def enter(groups: dict[str, str], pid: int) -> None:
    """Put a process into the groups."""
    for folder in dict.fromkeys(groups.values()):
        (Path(folder) / "cgroup.procs").write_text(str(pid))
