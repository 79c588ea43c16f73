"""The committed modules: what they export and import, what they need, what they carry."""

from __future__ import annotations

import hashlib
import re

import pytest
import wasmtime

from tests.integration.wasm_programs import MODULES
from wasm_modules.hosts import compare

NAMES = ("matrix-scalar.wasm", "matrix-simd128.wasm")
PAGE_BYTES = 65536


def load(name: str, *, simd: bool = True) -> wasmtime.Module:
    config = wasmtime.Config()
    if not simd:
        config.wasm_relaxed_simd = False
        config.wasm_simd = False
    return wasmtime.Module.from_file(wasmtime.Engine(config), str(MODULES / name))


def custom_sections(data: bytes) -> list[str]:
    """Return the names of the custom sections (WebAssembly core specification, 5.5)."""

    def number(at: int) -> tuple[int, int]:  # LEB128
        value = shift = 0
        while True:
            byte = data[at]
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at

    found, at = [], 8
    while at < len(data):
        kind = data[at]
        size, at = number(at + 1)
        if kind == 0:
            length, start = number(at)
            found.append(data[start : start + length].decode())
        at += size
    return found


def test_sums_are_those_of_every_committed_module() -> None:
    listed = dict(line.split()[::-1] for line in (MODULES / "SHA256SUMS").read_text().splitlines())
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in MODULES.glob("*.wasm")
    }
    assert digests == listed
    assert sorted(digests) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_a_wasi_command_and_nothing_more(name: str) -> None:
    assert compare.exports(MODULES / name) == {"_start": "() -> ()", "memory": "MemoryType"}
    imports = compare.imports(MODULES / name)
    assert {module for module, _ in imports} == {"wasi_snapshot_preview1"}
    assert {name for _, name in imports} == {
        *("args_get", "args_sizes_get", "clock_time_get", "environ_get", "environ_sizes_get"),
        *("fd_write", "proc_exit"),
    }


@pytest.mark.parametrize("name", NAMES)
def test_memory_is_bounded_by_2_gib(name: str) -> None:
    (memory,) = (e.type for e in load(name).exports if isinstance(e.type, wasmtime.MemoryType))
    assert memory.limits.max == 2 * 2**30 // PAGE_BYTES
    assert memory.limits.min < 32


def test_only_the_simd_build_needs_vectors() -> None:
    load("matrix-scalar.wasm", simd=False)
    with pytest.raises(wasmtime.WasmtimeError, match=r"(?i)simd"):
        load("matrix-simd128.wasm", simd=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_stripped_and_small(name: str) -> None:
    data = (MODULES / name).read_bytes()
    assert not [section for section in custom_sections(data) if section != "producers"]
    assert len(data) < 128 * 1024


@pytest.mark.parametrize("name", NAMES)
def test_a_module_carries_no_path_of_who_built_it(name: str) -> None:
    paths = re.findall(rb"/[\w.+-]+(?:/[\w.+-]+)+", (MODULES / name).read_bytes())
    strangers = {path for path in paths if path.startswith((b"/home", b"/root", b"/tmp", b"/work"))}
    assert not strangers
