"""The workload's own programs with a small real network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("flwr")  # which needs CPython 3.11
pytest.importorskip("torch")

WORKLOAD = Path(__file__).parents[2] / "workloads" / "fl_wideresnet"
OPTIONS = (
    *("--data", "synthetic:3", "--examples", "90", "--test-examples", "30", "--clients", "2"),
    *("--depth", "1", "--width", "1", "--rounds", "3", "--epochs", "1", "--timeout-s", "60"),
)


def start(shared: Path, name: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKLOAD / name), "--shared", str(shared), *OPTIONS, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(shared),
            "OMP_NUM_THREADS": "1",
            "BENCHHARNESS_EVENTS": str(shared / "events"),
        },
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def clients(shared: Path) -> Iterator[list[subprocess.Popen[str]]]:
    shared.mkdir()
    started = [start(shared, "client.py", "--index", str(index)) for index in (1, 2)]
    try:
        yield started
    finally:
        for program in started:
            program.kill()
            program.communicate()


def metrics(shared: Path, name: str) -> dict[int, float]:
    file = shared / "events"
    lines = file.read_text().splitlines() if file.exists() else []
    events = [json.loads(line) for line in lines]
    return {
        event["step"]: event["value"]
        for event in events
        if event["event"] == "metric" and event["name"] == name and "participant" not in event
    }


def finished(program: subprocess.Popen[str]) -> None:
    _, said = program.communicate(timeout=120)
    assert program.returncode == 0, said


@pytest.mark.slow
def test_a_training_is_the_same_again_also_when_its_server_is_killed(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    with clients(whole) as started:
        finished(start(whole, "server.py"))
        for program in started:
            finished(program)
    with clients(cut) as started:
        server = start(cut, "server.py")
        while 1 not in metrics(cut, "test_loss"):
            assert server.poll() is None
            time.sleep(0.005)
        server.kill()
        server.communicate()
        finished(start(cut, "server.py"))
        for program in started:
            finished(program)
    assert sorted(metrics(whole, "test_loss")) == [0, 1, 2, 3]
    for name in ("test_loss", "test_accuracy", "train_loss", "train_accuracy"):
        assert metrics(cut, name) == metrics(whole, name)
    assert metrics(whole, "train_loss")[3] < metrics(whole, "train_loss")[1]
    assert metrics(cut, "resumed") and not metrics(whole, "resumed")


def test_a_client_of_the_process_engine_imports_no_flower() -> None:
    code = (
        "import sys; from benchharness.federated import client, process_client, task;"
        "print(sorted({'flwr', 'torch', 'grpc'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("program", "arguments", "code", "says"),
    [
        ("server.py", ["--data", "cifar10"], 2, "unknown data 'cifar10'"),
        ("client.py", ["--index", "3"], 2, "--index: there is no client 3 of 2; take 1 to 2"),
        ("server.py", ["--alpha", "0"], 2, "alpha is 0.0; take a number above 0"),
        ("server.py", ["--clients", "200", "--minimum", "1"], 2, "200 clients are more than the"),
    ],
)
def test_wrong_options_end_in_one_line(
    tmp_path: Path, program: str, arguments: list[str], code: int, says: str
) -> None:
    ended = start(tmp_path, program, *arguments)
    _, said = ended.communicate(timeout=60)
    assert ended.returncode == code
    assert says in said and said.count("\n") == 1


@pytest.mark.slow
def test_without_memory_for_the_model_nothing_is_trained_and_nobody_waits(tmp_path: Path) -> None:
    """Ten thousand images at once, with what 60 wide blocks keep of each: above 100 GB."""
    huge = (
        *("--data", "synthetic:2", "--examples", "10000", "--clients", "1"),
        *("--batch", "10000", "--depth", "20", "--width", "4", "--timeout-s", "600"),
    )
    client = start(tmp_path, "client.py", "--index", "1", *huge)
    server = start(tmp_path, "server.py", *huge)
    said = [program.communicate(timeout=120)[1] for program in (client, server)]
    assert [program.returncode for program in (client, server)] == [3, 3]
    for text in said:  # the server counts what its clients need on this machine
        assert "memory" in text and text.count("\n") == 1
    assert not (tmp_path / "events").exists()  # nothing has begun
