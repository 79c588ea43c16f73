"""No process of a trial survives a harness that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.sampling_helpers import is_alive, own_groups, wait_until

CHECKOUT = Path(__file__).parents[2]


@contextmanager
def guarded_harness(
    way: str, groups: dict[str, str]
) -> Iterator[tuple[int, dict[str, int], list[int]]]:
    """Start a harness; give its id, the ids of its helpers, and those of its tree."""
    harness = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.guarded_harness", way, json.dumps(groups)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert harness.stdout is not None
    pids = json.loads(harness.stdout.readline())
    try:
        yield harness.pid, pids, pids["tree"]
    finally:
        harness.kill()
        harness.wait()
        harness.stdout.close()
        for pid in (pids["stranger"], pids["sampler"], *pids["tree"]):
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


def processes_marked(text: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return [pid for pid in found if is_alive(pid)]


@pytest.mark.parametrize("way", ["daemon", "leaving", "bare-child", "breeding"])
def test_nothing_survives_a_killed_harness(way: str) -> None:
    with guarded_harness(way, {}) as (harness, pids, tree):
        assert all(is_alive(pid) for pid in tree[1:])
        os.kill(harness, signal.SIGKILL)
        assert wait_until(lambda: not is_alive(pids["sampler"]))
        assert not [pid for pid in tree if is_alive(pid)]
        assert not processes_marked(f"BENCHHARNESS_TRIAL=guard-test-{harness}")
        assert is_alive(pids["stranger"]), "a process that is not of the trial was killed"


@pytest.mark.parametrize("way", ["daemon", "bare-daemon", "breeding"])
def test_a_control_group_holds_even_what_hides_and_is_removed(way: str) -> None:
    with own_groups() as groups:
        hides = way == "bare-daemon" and not groups  # without a group it cannot be found
        with guarded_harness("daemon" if hides else way, groups) as (harness, pids, tree):
            os.kill(harness, signal.SIGKILL)
            assert wait_until(lambda: not is_alive(pids["sampler"]))
            assert not [pid for pid in tree if is_alive(pid)]
            assert not [folder for folder in groups.values() if Path(folder).exists()]
            assert is_alive(pids["stranger"])


def test_a_stopped_sampler_kills_when_it_goes_on() -> None:
    with guarded_harness("daemon", {}) as (harness, pids, tree):
        os.kill(pids["sampler"], signal.SIGSTOP)
        os.kill(harness, signal.SIGKILL)
        assert wait_until(lambda: not is_alive(harness))
        assert all(is_alive(pid) for pid in tree)
        os.kill(pids["sampler"], signal.SIGCONT)
        assert wait_until(lambda: not any(is_alive(pid) for pid in tree))
        assert wait_until(lambda: not is_alive(pids["sampler"]))
