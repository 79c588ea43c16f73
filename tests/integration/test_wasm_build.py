"""scripts/build-wasm: the proof holds for the committed modules, and fails for others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.wasm_programs import DATA_HOME, ROOT

pytestmark = [pytest.mark.rust, pytest.mark.slow]
SCRIPT = Path("scripts") / "build-wasm"


def build(root: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(root / SCRIPT), *arguments],
        env={
            **{"PATH": os.environ["PATH"], "HOME": "/", "PYTHON": sys.executable},
            "XDG_DATA_HOME": DATA_HOME,  # WasmEdge, for a module that opens sockets
            **env,
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of one module's sources with one build only, which is built here already."""
    root = tmp_path / "elsewhere"
    ignored = shutil.ignore_patterns("__pycache__", "gpio-http", "nn-module")
    shutil.copytree(ROOT / "wasm_modules", root / "wasm_modules", ignore=ignored)
    (root / "scripts").mkdir()
    shutil.copy(ROOT / SCRIPT, root / SCRIPT)
    folder = root / "wasm_modules" / "matrix"
    (folder / "matrix-simd128.wasm").unlink()
    for name in ("builds", "SHA256SUMS"):
        lines = (folder / name).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join(line for line in lines if "scalar" in line))
    return root


def another_compiler(folder: Path, *flags: str) -> str:
    """Return a compiler with a name of its own, and some flags of its own."""
    wrapper = folder / "rustc"
    real = os.environ.get("RUSTC") or "/usr/bin/rustc"
    wrapper.write_text(
        "#!/bin/sh\n"
        f'case "$1" in -vV) {real} -vV | sed "s/^release: .*/release: 0.0.1/" ;;\n'
        f'@*) exec {real} "$@" {" ".join(flags)} ;;\n'
        f'*) exec {real} "$@" ;; esac\n'
    )
    wrapper.chmod(0o755)
    return str(wrapper)


def test_the_committed_modules_are_what_their_sources_give() -> None:
    code, said, complaint = build(ROOT, "--check")
    assert code == 0, complaint
    last = said.splitlines()[-1]
    assert "proven identical to its source by SHA-256" in last or "proven equivalent" in last


def test_building_elsewhere_gives_the_same_bytes(copy: Path, tmp_path: Path) -> None:
    """As what is committed with the compiler of BUILT_WITH, as in another place with any."""
    module = copy / "wasm_modules" / "matrix" / "matrix-scalar.wasm"
    committed = module.read_bytes()
    sums = (module.parent / "SHA256SUMS").read_text()
    described = (module.parent / "BUILT_WITH").read_text()
    module.unlink()
    code, _, complaint = build(copy)
    assert code == 0, complaint
    assert not complaint  # no warning of the compiler either
    if (module.parent / "BUILT_WITH").read_text() == described:
        assert module.read_bytes() == committed
        assert (module.parent / "SHA256SUMS").read_text() == sums
    else:
        shutil.copytree(copy, tmp_path / "a third place" / "of all")
        assert build(tmp_path / "a third place" / "of all")[0] == 0
        again = tmp_path / "a third place" / "of all" / module.relative_to(copy)
        assert module.read_bytes() == again.read_bytes()


def test_a_module_that_was_exchanged_is_found_without_building(copy: Path) -> None:
    module = copy / "wasm_modules" / "matrix" / "matrix-scalar.wasm"
    module.write_bytes(module.read_bytes() + b"\0")
    code, _, complaint = build(copy, "--check")
    assert code == 1
    assert "is not the one in SHA256SUMS; run: scripts/build-wasm matrix" in complaint


def test_another_compiler_proves_by_exports_and_results(copy: Path) -> None:
    rustc = another_compiler(copy, "-Copt-level=1")
    code, said, complaint = build(copy, "--check", RUSTC=rustc)
    assert code == 0, complaint
    assert "matrix-scalar.wasm has the same exports and results" in said
    assert "not by SHA-256" in said.splitlines()[-1]


def test_a_source_that_gives_other_results_is_found(copy: Path) -> None:
    source = copy / "wasm_modules" / "matrix" / "matrix.rs"
    text = source.read_text()
    assert "stream.element(k)" in text
    source.write_text(text.replace("stream.element(k)", "stream.element(k + 1)"))
    code, _, complaint = build(copy, "--check")
    assert code == 1  # what it says depends on whether this compiler is that of BUILT_WITH
    assert "is not what its source gives" in complaint or "behaves differently" in complaint
    code, _, complaint = build(copy, "--check", RUSTC=another_compiler(copy))
    assert code == 1
    assert "behaves differently" in complaint


def test_no_compiler_is_one_line_with_the_remedy(copy: Path) -> None:
    code, _, complaint = build(copy, "--check", RUSTC="/nonexistent")
    assert code == 3
    assert complaint.count("\n") == 1
    assert "install it: sudo apt-get install rustc libstd-rust-dev-wasm32 lld" in complaint


@pytest.mark.parametrize("argument", ["--chek", "matrx"])
def test_wrong_usage(copy: Path, argument: str) -> None:
    code, _, complaint = build(copy, argument)
    assert code == 2
    assert argument in complaint
    assert complaint.count("\n") == 1
