"""Prints which runtimes this machine has, as JSON, for ``benchharness list runtimes``.

Usage: available.py [--of RUNTIME]

{"runtimes": [{"name", "version", "modes", "compilers", "where", "install"}, ...]}: ``version``
is null for a runtime that is missing, ``install`` is the one command that brings it, or brings
what is missing of it. Each runtime is asked in a process of its own, all at once: a library
that aborts while it is loaded takes no other with it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.start import RUNTIMES

_TIMEOUT_S = 10.0


def available(runtimes: tuple[str, ...] = RUNTIMES) -> list[dict[str, object]]:
    """Return an entry for every runtime, in order."""
    children = {}
    for name in runtimes:
        children[name] = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--of", name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    until = time.monotonic() + _TIMEOUT_S
    return [_answer(name, child, until) for name, child in children.items()]


def describe(name: str) -> dict[str, object]:
    """Return one runtime's entry, asked in this process."""
    try:
        finder = importlib.import_module(f"wasm_modules.hosts.find_{name}")
        found: dict[str, object] = finder.describe()
    except HostError as error:
        what, _, remedy = str(error).partition("; ")
        return missing(name, remedy or what)
    return {"name": name, **found}


def missing(name: str, install: str) -> dict[str, object]:
    """Return the entry of a runtime that is not here."""
    nothing: dict[str, object] = {"version": None, "modes": [], "compilers": [], "where": None}
    return {"name": name, **nothing, "install": install}


def _answer(name: str, child: subprocess.Popen[str], until: float) -> dict[str, object]:
    try:
        said, complained = child.communicate(timeout=max(until - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return missing(name, f"it gives no answer within {_TIMEOUT_S:g} s: install it anew")
    if child.returncode == 0:
        try:  # a library may print of its own when it is loaded
            entry: dict[str, object] = {"name": name, **json.loads(said.splitlines()[-1])}
        except (ValueError, TypeError, IndexError):
            return missing(name, "its answer is not understood: install it anew")
        return entry
    lines = complained.strip().splitlines() or [f"exit code {child.returncode}"]
    return missing(name, f"it cannot be asked ({lines[-1]}): install it anew")


def main() -> int:
    parser = argparse.ArgumentParser(description="Print which runtimes are here.")
    parser.add_argument("--of", choices=RUNTIMES, help="one runtime, asked in this process")
    options = parser.parse_args()
    answer = describe(options.of) if options.of else {"runtimes": available()}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
