"""Which compiler is chosen, and what is said of runtimes that are missing."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from benchharness.model import Factors
from benchharness.plan import runtimes, wasm_runtimes
from benchharness.plan.runtimes import (
    Runtime,
    RustCompiler,
    find_rustc,
    list_runtimes,
    used_versions,
)
from benchharness.plan.wasm_runtimes import WasmRuntime

FAKE = """#!/bin/sh
case "$1" in
--version) echo "rustc {version} (abc 2026-01-01)" ;;
*) {answer} ;;
esac
"""


def compiler(folder: Path, number: str, *, wasm: bool) -> Path:
    """A program that answers as rustc does."""
    library = folder / "lib"
    library.mkdir(parents=True)
    if wasm:
        (library / "libstd-0123.rlib").touch()
    path = folder / "rustc"
    answer = f"echo {library}" if number != "1.95.0" else "exit 1"  # knows no such target
    path.write_text(FAKE.format(version=number, answer=answer))
    path.chmod(0o755)
    return path


def find(monkeypatch: pytest.MonkeyPatch, first: Path, on_path: Path) -> RustCompiler | None:
    monkeypatch.setattr(runtimes, "DEBIAN_RUSTC", str(first))
    monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")
    return find_rustc()


def test_debians_compiler_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    debian = compiler(tmp_path / "a", "1.63.0", wasm=True)
    other = compiler(tmp_path / "b", "1.80.0", wasm=True)
    found = find(monkeypatch, debian, other)
    assert found == RustCompiler(str(debian), "1.63.0", wasm=True)


def test_a_compiler_with_the_target_comes_before_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian = compiler(tmp_path / "a", "1.63.0", wasm=False)
    other = compiler(tmp_path / "b", "1.80.0", wasm=True)
    found = find(monkeypatch, debian, other)
    assert found == RustCompiler(str(other), "1.80.0", wasm=True)


def test_a_compiler_that_does_not_know_the_target_still_builds_native_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = compiler(tmp_path / "b", "1.95.0", wasm=True)
    found = find(monkeypatch, tmp_path / "gone", other)
    assert found == RustCompiler(str(other), "1.95.0", wasm=False)


def test_a_program_that_is_no_compiler_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "b" / "rustc"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert find(monkeypatch, tmp_path / "gone", broken) is None


def test_what_is_missing_has_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_name: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(runtimes, "find_rustc", lambda: None)
    monkeypatch.setattr(wasm_runtimes, "Question", lambda: Said({"runtimes": []}))
    monkeypatch.setattr("importlib.metadata.version", nowhere)
    found = {runtime.name: runtime for runtime in list_runtimes()}
    assert list(found) == ["wasmtime", "wasmer", "wasmedge", "native", "numpy", "litert"]
    assert all(runtime.version is None for runtime in found.values())
    assert all(runtime.install for runtime in found.values())
    assert "apt-get install rustc" in str(found["native"].install)
    assert "pip install ai-edge-litert" in str(found["litert"].install)


def test_what_is_here_has_its_version() -> None:
    found = {runtime.name: runtime for runtime in list_runtimes()}
    assert found["numpy"].version == version("numpy")
    assert found["numpy"].install is None
    assert found["wasmtime"].version == version("wasmtime")
    assert {"jit", "aot"} <= set(found["wasmtime"].modes)


class Said:
    """Answers as the program of the hosts does."""

    def __init__(self, answer: object) -> None:
        self._said = json.dumps(answer).encode()

    def answer(self) -> dict[str, WasmRuntime]:
        return wasm_runtimes.parse(self._said)


WASMER = {
    "name": "wasmer",
    "version": "1.1.0",
    "modes": ["jit", "aot"],
    "compilers": ["cranelift"],
    "where": "/usr/bin/python3.10",
    "install": "install it: scripts/install-wasmer",
}


def test_modes_and_place_are_those_that_the_finder_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wasm_runtimes, "Question", lambda: Said({"runtimes": [WASMER]}))
    found = {runtime.name: runtime for runtime in list_runtimes()}
    wasmer = found["wasmer"]
    assert (wasmer.version, wasmer.modes, wasmer.compilers) == (
        "1.1.0",
        ("jit", "aot"),
        ("cranelift",),
    )
    assert wasmer.where == "/usr/bin/python3.10"
    assert wasmer.install == "install it: scripts/install-wasmer"


@pytest.mark.parametrize("said", [b"", b"Traceback", b"[]", b"{}", b'{"runtimes": [{}]}', b"1"])
def test_an_answer_that_is_none_leaves_every_runtime_missing(said: bytes) -> None:
    found = wasm_runtimes.parse(said)
    assert [(r.name, r.version, r.modes) for r in found.values()] == [
        ("wasmtime", None, ()),
        ("wasmer", None, ()),
        ("wasmedge", None, ()),
    ]


def test_versions_are_those_of_the_runtimes_that_variants_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = [
        Runtime("wasmer", "", "1.1.0"),
        Runtime("wasmedge", "", None),
        Runtime("numpy", "", "2"),
    ]
    monkeypatch.setattr(runtimes, "list_runtimes", lambda: here)
    factors: list[Factors] = [{"runtime": "wasmer", "n": 3}, {"runtime": "wasmedge"}, {"n": 4}]
    assert used_versions(factors) == {"wasmer": "1.1.0"}


def test_nothing_is_asked_for_variants_without_a_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "list_runtimes", lambda: pytest.fail("asked"))
    assert used_versions([{"n": 3}]) == {}
