"""scripts/install-fl and the PyTorch of .venv: which build is asked for, and what is said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

# A Python of an environment: pip is noted, and fails unless its options have the word in $GOOD;
# programs are run by the real interpreter, which sees the packages of $PACKAGES alone.
PYTHON = f"""#!/bin/bash
if [[ $1 == -m ]]; then
    echo "${{*: 2}}" >>"$CALLS"
    [[ $* == *"$GOOD"* ]]
else
    PYTHONPATH=$PACKAGES exec "{sys.executable}" -S "$@"
fi
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with the scripts and with an environment of ours."""
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    (tmp_path / "packages").mkdir()
    return tmp_path


def run(checkout: Path, command: list[str], good: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={
            **os.environ,
            "CALLS": str(checkout / "calls"),
            "GOOD": good,
            "PACKAGES": str(checkout / "packages"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def require_torch(checkout: Path, good: str, gpu: bool = False) -> subprocess.CompletedProcess[str]:
    """Let the scripts' function run, on a machine with or without a GPU."""
    program = f"has_gpu() {{ {'true' if gpu else 'false'}; }}; require_torch"
    line = f"source '{checkout}/scripts/lib.sh'; {program}"
    return run(checkout, ["bash", "-euo", "pipefail", "-c", line, "scripts/try"], good)


def asked_for(checkout: Path) -> list[str]:
    """Return what pip was asked for, without the options that are always there."""
    always = "pip install --disable-pip-version-check --no-input "
    return [line.removeprefix(always) for line in (checkout / "calls").read_text().splitlines()]


def test_the_build_for_the_cpu_comes_from_where_this_machine_gets_its_packages(
    checkout: Path,
) -> None:
    done = require_torch(checkout, good="+cpu")
    assert done.returncode == 0, done.stderr
    assert asked_for(checkout) == ["torch==2.13.0+cpu"]


def test_else_from_pytorch_itself(checkout: Path) -> None:
    done = require_torch(checkout, good="extra-index-url")
    assert done.returncode == 0, done.stderr
    first, second = asked_for(checkout)
    assert first == "torch==2.13.0+cpu"
    assert second.endswith("torch==2.13.0+cpu")


def test_a_build_that_may_bring_gigabytes_is_the_last_and_is_announced(checkout: Path) -> None:
    done = require_torch(checkout, good="no such word")
    assert done.returncode == 3
    assert asked_for(checkout)[-1] == "torch==2.13.0"
    assert "may bring CUDA, some gigabytes" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("try: pip could not install torch==2.13.0;")


def test_with_a_gpu_it_is_the_build_with_cuda(checkout: Path) -> None:
    done = require_torch(checkout, good="torch==2.13.0", gpu=True)
    assert done.returncode == 0, done.stderr
    assert asked_for(checkout) == ["torch==2.13.0"]


def test_a_pytorch_that_is_there_stays_and_is_pinned(checkout: Path) -> None:
    about = checkout / "packages/torch-2.8.0+nv25.6.dist-info/METADATA"
    about.parent.mkdir()
    about.write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.8.0+nv25.6\n")
    done = require_torch(checkout, good="")
    assert (done.returncode, done.stderr) == (0, "")
    assert not (checkout / "calls").exists()
    line = f"source '{checkout}/scripts/lib.sh'; pin_torch"
    done = run(checkout, ["bash", "-euo", "pipefail", "-c", line], good="")
    assert done.stdout == "torch==2.8.0+nv25.6\n"


def test_a_python_that_flower_does_not_run_with_is_told_before_anything_is_installed(
    checkout: Path,
) -> None:
    (checkout / "packages/pip.py").write_text("")
    python = checkout / ".venv/bin/python"
    said = "import sys; sys.version_info = (3, 10, 12, 'final', 0)"
    (checkout / "packages/sitecustomize.py").write_text(said)
    python.write_text(PYTHON.replace(" -S ", " "))
    done = run(checkout, [str(checkout / "scripts/install-fl")], good="")
    assert done.returncode == 3
    assert done.stderr.startswith("install-fl: Flower needs CPython 3.11 or later, and .venv has 3")
    assert done.stderr.count("\n") == 1
    assert not (checkout / "calls").exists()
