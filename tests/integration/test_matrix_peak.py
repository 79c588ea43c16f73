"""The machine's own peak: plausible, measured once, and absent without a compiler."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchharness import events
from workloads.matrix import peak
from workloads.matrix.rust_program import RustProgram


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(events.ENVIRONMENT_VARIABLE, str(tmp_path / "events"))
    return tmp_path


def emitted(folder: Path) -> list[float]:
    file = folder / "events"
    lines = file.read_text().splitlines() if file.exists() else []
    return [json.loads(line)["value"] for line in lines]


@pytest.mark.rust
@pytest.mark.alone
def test_the_peak_is_measured_once_for_one_core_and_for_all(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peak.measure()
    known = peak.PROGRAM.folder() / "peak.json"
    before = known.read_bytes()
    monkeypatch.setenv("RUSTC", "/nonexistent/rustc")  # what is known is not asked for again
    peak.measure()
    assert known.read_bytes() == before
    cores = len(os.sched_getaffinity(0))
    for threads in sorted({1, cores}):
        peak.emit(threads)
    peak.emit(cores + 1)  # not known: nothing
    found = emitted(cache)
    assert len(found) == len({1, cores})
    # Two lanes, two operations, one instruction a cycle at 0.5 GHz; and 64 a cycle at 8 GHz.
    assert 2 < found[0] < 512
    assert found[-1] < 1.5 * cores * found[0]


def test_without_a_compiler_there_is_no_peak(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSTC", "/nonexistent/rustc")
    peak.measure()
    peak.emit(1)
    assert emitted(cache) == []


@pytest.mark.parametrize("program", ["exit 1", "echo many", "kill -9 $$", None])
def test_a_program_that_fails_is_no_fault_of_a_variant(
    cache: Path, monkeypatch: pytest.MonkeyPatch, program: str | None
) -> None:
    file = cache / "peak"
    if program is not None:
        file.write_text(f"#!/bin/sh\n{program}\n")
        file.chmod(0o755)
    monkeypatch.setattr(RustProgram, "build", lambda _self: file)
    peak.measure()
    peak.emit(1)
    assert emitted(cache) == []


def test_a_cache_that_cannot_be_written_is_no_fault_of_a_variant(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "cache").write_text("in the way")
    monkeypatch.setattr(RustProgram, "build", lambda self: self.path)
    monkeypatch.setattr(peak, "_run", lambda _program, threads: 10.0 * threads)
    peak.measure()
    peak.emit(1)
    assert emitted(cache) == []


@pytest.mark.parametrize("damaged", ["{", "[1, 2]", '{"1": null}', '{"1": "many"}'])
def test_a_damaged_file_is_measured_anew(
    cache: Path, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    folder = peak.PROGRAM.folder()
    folder.mkdir(parents=True)
    (folder / "peak.json").write_text(damaged)
    peak.emit(1)
    assert emitted(cache) == []
    monkeypatch.setattr(RustProgram, "build", lambda self: self.path)
    monkeypatch.setattr(peak, "_run", lambda _program, threads: 10.0 * threads)
    peak.measure()
    peak.emit(1)
    assert emitted(cache) == [10.0]
