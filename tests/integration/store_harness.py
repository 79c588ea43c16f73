"""What the store's tests with real processes share: a writer, its traces, and small disks."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, TrialPlan

WRITER = Path(__file__).with_name("store_writer.py")
NS_PER_SAMPLE = 100_000_000
# Limits itself and becomes the program: a process with threads, as pytest-xdist's workers are,
# may run nothing between fork and exec.
LIMITED = """import os, resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
os.execv(sys.argv[2], sys.argv[2:])
"""


def start_writer(
    path: Path, campaign_id: str, seconds: int, padding: int = 0, file_limit: int | None = None
) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), str(path), campaign_id, str(seconds), str(padding)]
    if file_limit is not None:
        command = [sys.executable, "-c", LIMITED, str(file_limit), *command]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def committed(output: str) -> int:
    """Return how many commits a writer has reported."""
    return output.count("committed")


def stored_samples(store: Store, campaign_id: str) -> int:
    """Check that the samples of a campaign's trial are whole and exact; return their number."""
    (trial,) = store.trials(campaign_id)
    (stream,) = store.streams(trial.trial_id)
    times, columns = store.read_stream(stream.stream_id)
    expected = np.arange(len(times))
    assert (times == expected * NS_PER_SAMPLE).all()
    assert (columns["count"] == expected).all()
    assert (columns["root"] == np.sqrt(expected)).all()
    return len(times)


def open_with_trial(path: Path) -> tuple[Store, int]:
    """Return a new results file, open, and the id of the one trial in it."""
    store = Store.open(path)
    store.add_campaign(CampaignRecord("0badcafe", "", 0, 0, "", "", "", {}, {}))
    store.plan_trials("0badcafe", [TrialPlan(0, 0, 0, "noop", {})])
    return store, store.trials("0badcafe")[0].trial_id


@contextmanager
def mounted_tmpfs(folder: Path, size_kib: int) -> Iterator[Path]:
    """Mount a small file system, which the root user may do where nothing forbids it."""
    options = f"size={size_kib}k"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def may_mount() -> bool:
    """Return whether this user may mount file systems: root may, where nothing forbids it."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            with mounted_tmpfs(Path(folder), 64):
                return True
        except subprocess.CalledProcessError:
            return False
