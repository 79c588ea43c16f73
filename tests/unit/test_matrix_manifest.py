"""The manifests of matrix and noop, and what the program does without a runtime."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path

import pytest

from benchharness.plan.manifest import Manifest, find_workload
from benchharness.plan.run_table import Variant, plan_run
from benchharness.plan.templates import expand_argv, template_names
from wasm_modules.hosts import aot_cache
from wasm_modules.hosts.failures import HostError
from workloads.matrix import matrix, native, rust_program
from workloads.matrix.generator import DEFAULT_SEED
from workloads.matrix.rust_program import RustProgram


def variants(manifest: Manifest, **vary: list[str]) -> tuple[Variant, ...]:
    return plan_run(manifest, {}, vary, repeat=1, seed=1).variants


def test_builds_are_crossed_with_webassembly_only() -> None:
    found = variants(
        find_workload("matrix"),
        runtime=["wasmtime", "native", "numpy"],
        build=["scalar", "simd128"],
    )
    assert [variant.label for variant in found] == [
        "wasmtime scalar",
        "wasmtime simd128",
        "native",
        "numpy",
    ]


def test_each_variant_of_webassembly_has_the_size_of_its_module() -> None:
    manifest = find_workload("matrix")
    for variant in variants(manifest, build=["scalar", "simd128"]):
        path = manifest.module_path(variant.factors)
        assert path is not None
        assert path.name == f"matrix-{variant.factors['build']}.wasm"
        assert path.is_file()
    (only,) = variants(manifest, runtime=["native"])
    assert manifest.module_path(only.factors) is None


def test_the_program_accepts_every_level_and_bound_of_the_manifest() -> None:
    factors = find_workload("matrix").factors
    assert factors["runtime"].levels == matrix.RUNTIMES
    assert factors["build"].levels == matrix.BUILDS
    assert factors["n"].maximum == matrix.LARGEST_N
    assert factors["n"].default == 5000
    assert 3 * 8 * matrix.LARGEST_N**2 < 2 * 2**30
    assert matrix.DEFAULT_SEED == DEFAULT_SEED


def test_arguments_are_what_the_program_takes() -> None:
    manifest = find_workload("matrix")
    (variant,) = variants(manifest)
    argv = expand_argv(manifest.argv, template_names(manifest.folder, variant.factors))
    assert argv[0] == sys.executable
    assert Path(argv[1]).is_file()
    assert argv[2:] == (
        *("--n", "5000", "--runtime", "wasmtime"),
        *("--mode", "jit", "--build", "scalar"),
    )


def test_noop_starts_no_interpreter() -> None:
    manifest = find_workload("noop")
    assert manifest.argv == ("true",)
    assert not manifest.factors
    assert not manifest.expected


def test_a_missing_compiler_is_one_line_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUSTC", raising=False)
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(HostError, match="needs a Rust compiler; install it") as caught:
        rust_program.find_compiler()
    assert caught.value.exit_code == 3


def test_a_compiler_that_was_chosen_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSTC", "/nonexistent/rustc")
    with pytest.raises(HostError, match="no compiler /nonexistent/rustc"):
        rust_program.find_compiler()


def test_the_native_program_is_cached_by_source_flags_and_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = native.PROGRAM.folder()
    assert first.parent == tmp_path / "benchharness" / "native"
    assert native.PROGRAM.folder() == first
    monkeypatch.setattr(platform, "machine", lambda: "another")
    assert native.PROGRAM.folder() != first
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    changed = tmp_path / "matrix.rs"
    changed.write_bytes(native.PROGRAM.source.read_bytes() + b"\n")
    assert RustProgram("matrix", changed).folder() != first


def test_a_program_for_this_processor_is_cached_by_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source = native.PROGRAM.source
    found = set()
    for processor in ("one", "another"):
        monkeypatch.setattr(aot_cache, "processor", lambda processor=processor: processor)
        found.add(RustProgram("matrix", source, for_this_processor=True).folder())
    assert len({*found, RustProgram("matrix", source).folder()}) == 3


@pytest.mark.parametrize("name", ["numpy"])
def test_a_missing_module_is_one_line_with_the_remedy(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(sys, "argv", ["matrix.py", "--n", "3", "--runtime", name, "--prepare"])
    assert matrix.main() == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"needs the Python module {name}; install it: " in said
