"""Rounds per second of 20 clients beside Flower's own engine, side by side in one run.

Flower's simulation on Ray where an interpreter has it: this one, or that which
BENCHHARNESS_RAY_PYTHON names (``pip install 'flwr[simulation]'`` there). Without it, Flower's
deployment engine with fewer clients. The extra information says which it was.
"""

from __future__ import annotations

import os
import statistics
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

pytest.importorskip("flwr")  # which needs CPython 3.11

from benchharness.federated.config import TaskConfig
from tests.benchmarks.federated_sides import Side, has_ray, run_engine, run_ray

pytestmark = [pytest.mark.slow, pytest.mark.alone]

LEAST_RATIO = 3.0
TURNS = 3
TWENTY = TaskConfig(clients=20, rounds=200, timeout_s=120.0)
SMOKE = TaskConfig(clients=2, rounds=4, timeout_s=120.0)


def peer(config: TaskConfig, shared: Path) -> tuple[str, Side]:
    """Run Flower's fastest engine for one machine that is here; return its name too."""
    python = os.environ.get("BENCHHARNESS_RAY_PYTHON", sys.executable)
    if has_ray(python):
        return "simulation on Ray", run_ray(python, replace(config, rounds=20), shared)
    few = replace(config, engine="deployment", clients=min(4, config.clients), rounds=3)
    return f"deployment, {few.clients} clients", run_engine(few, shared)


def test_rounds_of_20_clients_beside_flower(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    config = TWENTY if benchmark.enabled else SMOKE
    names: set[str] = set()

    def run() -> list[tuple[Side, Side]]:
        """Take turns: the machine is shared, and what it gives changes by the minute."""
        turns = []
        for turn in range(TURNS if benchmark.enabled else 1):
            ours = run_engine(config, tmp_path / f"process-{turn}")
            name, theirs = (
                peer(config, tmp_path / f"peer-{turn}")
                if benchmark.enabled
                else ("grpc", run_engine(replace(config, engine="grpc"), tmp_path / "grpc"))
            )
            names.add(name)
            turns.append((ours, theirs))
        return turns

    turns = benchmark.pedantic(run, rounds=1, iterations=1)
    for ours, theirs in turns:
        compared = min(len(ours.curve), len(theirs.curve))
        if not any(name.startswith("deployment") for name in names):  # which has fewer clients
            for mine, flowers in zip(ours.curve[:compared], theirs.curve[:compared], strict=True):
                assert mine == pytest.approx(flowers, abs=1e-4)
    (name,) = names
    ratio = statistics.median(ours.rounds_per_s / theirs.rounds_per_s for ours, theirs in turns)
    benchmark.extra_info["peer"] = name
    benchmark.extra_info["rounds_per_s"] = [round(ours.rounds_per_s, 1) for ours, _ in turns]
    benchmark.extra_info["peer_rounds_per_s"] = [round(peer.rounds_per_s, 2) for _, peer in turns]
    benchmark.extra_info["ratio"] = round(ratio, 1)
    if benchmark.enabled:
        assert ratio >= LEAST_RATIO
