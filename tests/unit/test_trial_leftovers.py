from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from benchharness.trial.leftovers import abandoned, own_prefix, remove_abandoned_scratch


def pid_that_is_gone() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_only_what_a_dead_harness_made_is_abandoned(tmp_path: Path) -> None:
    dead = tmp_path / f"benchharness-{pid_that_is_gone()}-x"
    for folder in (dead, tmp_path / f"{own_prefix()}x", tmp_path / "benchharness-notes"):
        folder.mkdir()
    (tmp_path / f"benchharness-{pid_that_is_gone()}-file").write_text("")
    assert list(abandoned(tmp_path)) == [dead]
    assert list(abandoned(tmp_path / "missing")) == []


def test_abandoned_scratch_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = tmp_path / f"benchharness-{pid_that_is_gone()}-x"
    alive = tmp_path / f"benchharness-{os.getpid()}-x"
    for folder in (dead, alive):
        (folder / "window-main").mkdir(parents=True)
    remove_abandoned_scratch()
    assert not dead.exists()
    assert alive.exists()
