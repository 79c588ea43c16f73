"""The plugin as the tests of another project see it: in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WRONG = """
from dataclasses import replace

from tests.conformance.acme.test_acme import TestAcme
from tests.conformance.wrong_drivers import DoublesEnergy


class TestWrong(TestAcme):
    rig = replace(TestAcme.rig, name="wrong", meter=DoublesEnergy)
    waveforms = ("constant", "ramp")
    faults = ("none", "lost")


del TestAcme
"""


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )


def test_it_is_announced_to_pytest() -> None:
    (entry,) = entry_points(group="pytest11", name="benchharness_conformance")
    assert entry.value == "benchharness.conformance.plugin"


def test_the_plugin_brings_nothing_heavy_to_a_run_that_does_not_use_it() -> None:
    code = (
        "import sys, benchharness.conformance.plugin as p; "
        "print(sorted({'numpy', 'paho', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_wrong_driver_fails_by_name_and_the_table_is_printed(tmp_path: Path) -> None:
    module = tmp_path / "test_wrong.py"
    module.write_text(WRONG, encoding="utf-8")
    done = run(
        "--conformance-repeats=1", "--conformance-table", "--rootdir", str(ROOT), str(module)
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "wrong has defects:" in done.stdout
    assert "constant-none-0: COUNTER: it advanced by" in done.stdout
    assert "FAILED" in done.stdout and "test_fault[lost]" in done.stdout
    assert "| wrong | none | 2 |" in done.stdout


@pytest.mark.slow
def test_seed_and_repeats_are_options() -> None:
    done = run(
        "tests/conformance/acme", "-k", "none", "--conformance-seed=7", "--conformance-repeats=1",
        "--conformance-table",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "| acme | none | 7 | 7 |" in done.stdout
