"""Runs the programs of wasm_modules and workloads as the harness does, and reads their events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOST = ROOT / "wasm_modules" / "hosts" / "wasmtime_host.py"
MATRIX = ROOT / "workloads" / "matrix" / "matrix.py"
MODULES = ROOT / "wasm_modules" / "matrix"
# Where scripts/install-wasmer and scripts/install-wasmedge have put what they brought.
DATA_HOME = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")


@dataclass(frozen=True)
class Done:
    code: int
    stdout: bytes
    stderr: str
    events: list[dict[str, Any]]

    def outputs(self) -> dict[str, Any]:
        return {e["name"]: e["value"] for e in self.events if e["event"] == "output"}

    def metrics(self) -> dict[str, float]:
        return {e["name"]: e["value"] for e in self.events if e["event"] == "metric"}

    def marks(self) -> list[str]:
        """Return the edges in the order of the file: ``window start``, ``fill end`` ..."""
        return [
            f"{e.get('name', 'window')} {e['edge']}"
            for e in self.events
            if e["event"] in ("window", "phase")
        ]

    def span_ns(self, name: str) -> tuple[int, int]:
        edges = [e["t_ns"] for e in self.events if "edge" in e and e.get("name", "window") == name]
        assert len(edges) == 2, (name, edges)
        return edges[0], edges[1]


def run(
    program: Path, *arguments: object, folder: Path, python: tuple[str, ...] = (), **env: str
) -> Done:
    """Run a Python program with a clean environment in ``folder`` and wait for it."""
    return run_argv([sys.executable, *python, str(program), *map(str, arguments)], folder, **env)


def run_argv(argv: Sequence[str], folder: Path, **env: str) -> Done:
    """Run a command with a clean environment in ``folder`` and wait for it."""
    events = folder / "events.jsonl"
    events.unlink(missing_ok=True)
    done = subprocess.run(
        argv,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_DATA_HOME": DATA_HOME,
            "BENCHHARNESS_EVENTS": str(events),
            **env,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    lines = events.read_text().splitlines() if events.exists() else []
    return Done(
        done.returncode, done.stdout, done.stderr.decode(), [json.loads(line) for line in lines]
    )
