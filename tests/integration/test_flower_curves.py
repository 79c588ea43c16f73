"""The same seeds give the curve of Flower's FedAvg, whatever carries the messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

pytest.importorskip("flwr")  # which needs CPython 3.11
pytest.importorskip("torch")
pytest.importorskip("sklearn")

from benchharness.federated.config import ENGINES, TaskConfig

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
WORKLOAD = ROOT / "workloads" / "fl_wideresnet"
CONFIG = TaskConfig(
    data="digits",
    examples=160,
    test_examples=80,
    clients=2,
    depth=1,
    width=1,
    batch=16,
    epochs=1,
    rounds=2,
    seed=5,
    compute="cpu",
    timeout_s=150.0,
)


def environment(shared: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(shared),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "BENCHHARNESS_EVENTS": str(shared / "events"),
    }


def options(config: TaskConfig) -> list[str]:
    found: list[str] = []
    for field in fields(TaskConfig):
        value = getattr(config, field.name)
        text = str(value).lower() if isinstance(value, bool) else str(value or 0)
        found += [f"--{field.name.replace('_', '-')}", text]
    return found


def flowers_own(shared: Path) -> list[dict[str, float]]:
    found = subprocess.run(
        [sys.executable, "-m", "tests.integration.flower_direct", CONFIG.to_json()],
        env=environment(shared),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    curve: list[dict[str, float]] = json.loads(found.stdout)
    return curve


def of_engine(engine: str, shared: Path) -> list[dict[str, float]]:
    shared.mkdir()
    command = ["--shared", str(shared), *options(replace(CONFIG, engine=engine))]
    programs = [
        subprocess.Popen(
            [sys.executable, str(WORKLOAD / program), *command, *more],
            env=environment(shared),
            stderr=subprocess.PIPE,
            text=True,
        )
        for program, more in (
            ("server.py", ()),
            ("client.py", ("--index", "1")),
            ("client.py", ("--index", "2")),
        )
    ]
    try:
        said = [program.communicate(timeout=240)[1] for program in programs]
        assert [program.returncode for program in programs] == [0, 0, 0], said
    finally:
        for program in programs:
            program.kill()
            program.communicate()
    curve: list[dict[str, float]] = [{} for _ in range(CONFIG.rounds + 1)]
    for line in (shared / "events").read_text().splitlines():
        event = json.loads(line)
        if event.get("name") in ("test_loss", "test_accuracy") and event["event"] == "metric":
            curve[event["step"]][event["name"]] = event["value"]
    return curve


def test_every_engine_gives_the_curve_of_flowers_fedavg(tmp_path: Path) -> None:
    expected = flowers_own(tmp_path)
    assert expected[0]["test_loss"] != pytest.approx(expected[-1]["test_loss"], abs=1e-3)
    for engine in ENGINES:
        found = of_engine(engine, tmp_path / engine)
        for mine, flowers in zip(found, expected, strict=True):
            assert mine == pytest.approx(flowers, abs=1e-4), engine
