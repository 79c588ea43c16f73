"""The runtimes that workloads can use on this machine, and how to get those that are missing."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchharness.model import Factors
from benchharness.plan import wasm_runtimes
from benchharness.plan.needs import install_module, install_program

WASM_TARGET = "wasm32-wasi"
DEBIAN_RUSTC = "/usr/bin/rustc"
_TIMEOUT_S = 20.0
_WASM_TITLES = {
    "wasmtime": "WebAssembly, Wasmtime in process",
    "wasmer": "WebAssembly, Wasmer under CPython 3.10 or by its command",
    "wasmedge": "WebAssembly, WasmEdge through its C library",
}


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime. ``version`` None means that it is missing; ``install`` is the one command.

    With a version, ``install`` brings what is missing of it, such as a compiler for more modes.
    """

    name: str
    title: str
    version: str | None
    install: str | None = None
    modes: tuple[str, ...] = ()
    compilers: tuple[str, ...] = ()
    where: str | None = None


@dataclass(frozen=True, slots=True)
class RustCompiler:
    """A Rust compiler on this machine; ``wasm`` says whether it has the WASI target."""

    path: str
    version: str
    wasm: bool


def list_runtimes() -> list[Runtime]:
    """Return every runtime that benchharness knows, present or not."""
    question = wasm_runtimes.Question()  # answered while the compiler is looked for
    compiler = find_rustc()
    others = [
        Runtime(
            "native",
            "native code, the same Rust source",
            f"rustc {compiler.version}" if compiler else None,
            None if compiler else install_program("rustc"),
            where=compiler.path if compiler else None,
        ),
        _python("numpy", "numpy", "NumPy in CPython"),
        _python("litert", "ai-edge-litert", "LiteRT in CPython, which serves wasi-nn"),
    ]
    found = question.answer()
    return [_wasm(found[name], title) for name, title in _WASM_TITLES.items()] + others


def used_versions(factors: Iterable[Factors]) -> dict[str, str]:
    """Return the versions of the runtimes that variants name in their factor ``runtime``.

    Empty, and nothing is asked, where no variant has that factor.
    """
    names = {str(each["runtime"]) for each in factors if "runtime" in each}
    if not names:
        return {}
    return {
        runtime.name: runtime.version
        for runtime in list_runtimes()
        if runtime.name in names and runtime.version is not None
    }


def find_rustc() -> RustCompiler | None:
    """Return a Rust compiler, rather one that can build for WASI; None if there is none.

    Debian's /usr/bin/rustc comes first: one of rustup on PATH often lacks the target.
    """
    paths = dict.fromkeys(
        path for path in (DEBIAN_RUSTC, shutil.which("rustc")) if path and os.access(path, os.X_OK)
    )
    found = [compiler for path in paths if (compiler := _ask_rustc(path)) is not None]
    return next((compiler for compiler in found if compiler.wasm), found[0] if found else None)


def _wasm(found: wasm_runtimes.WasmRuntime, title: str) -> Runtime:
    return Runtime(
        found.name,
        title,
        found.version,
        found.install,
        modes=found.modes,
        compilers=found.compilers,
        where=found.where,
    )


def _python(name: str, distribution: str, title: str) -> Runtime:
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return Runtime(name, title, None, install_module(distribution))
    return Runtime(name, title, version)


def _ask_rustc(path: str) -> RustCompiler | None:
    version = _output(path, "--version")
    if version is None:
        return None
    words = version.split()  # "rustc 1.63.0 (4b91a6ea7 2022-08-08)"
    folder = _output(path, "--print", "target-libdir", "--target", WASM_TARGET)
    has_target = folder is not None and any(Path(folder.strip()).glob("libstd-*.rlib"))
    return RustCompiler(path, words[1] if len(words) > 1 else "unknown", has_target)


def _output(path: str, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
