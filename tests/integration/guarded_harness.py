"""A harness that starts a sampler and a tree, says which processes there are, and waits.

Run as ``python -m tests.integration.guarded_harness WAY GROUPS``; the test kills it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchharness.trial.sampling import Sampler
from tests.integration.sampling_helpers import enter

# What the root of the tree does, by the way in which it tries to leave something behind.
ROOT = """
import os, signal, sys, time
way = sys.argv[1]

def linger():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(os.getpid(), flush=True)
    while True: time.sleep(60)

def without_environment():
    text = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    text += "print(os.getpid(), flush=True); time.sleep(600)"
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", text], {})

def daemon(then):
    if not os.fork():
        os.setsid()
        if os.fork(): os._exit(0)
        then()
    os.wait()

if way in ("daemon", "leaving"):
    daemon(linger)
if way == "bare-daemon":
    daemon(without_environment)
if way == "bare-child" and not os.fork():
    os.setsid()
    without_environment()
if way == "breeding":
    print(os.getpid(), flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        if not os.fork():
            time.sleep(0.03)
            os._exit(0)
        time.sleep(0.005)
if way == "leaving":
    os._exit(0)
linger()
"""


def main(way: str, groups: dict[str, str]) -> None:
    """Start everything, print the process ids as JSON, and wait to be killed."""
    marker = f"guard-test-{os.getpid()}"
    sampler = Sampler(20)
    sampler.start()
    sampler_pid = int(Path(f"/proc/self/task/{os.getpid()}/children").read_text())
    root = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", ROOT, way],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "BENCHHARNESS_TRIAL": marker},
        start_new_session=True,
        preexec_fn=lambda: enter(groups, os.getpid()),  # noqa: PLW1509 - there is one thread
    )
    stranger = subprocess.Popen(["sleep", "600"])
    sampler.add_tree("main", root.pid, groups, marker)
    assert root.stdout is not None
    count = 1 if way in ("breeding", "leaving") else 2
    tree = {root.pid, *(int(root.stdout.readline()) for _ in range(count))}
    sampler.flush()
    print(
        json.dumps({"sampler": sampler_pid, "tree": sorted(tree), "stranger": stranger.pid}),
        flush=True,
    )
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
