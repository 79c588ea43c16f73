"""What a host reads in a module: right on real ones, and never more than one line on the rest."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.module_binary import (
    PAGE_BYTES,
    Import,
    has_start,
    imports,
    limit_memory,
    read_module,
)

ROOT = Path(__file__).resolve().parents[2]
HEADER = b"\0asm\1\0\0\0"
SHIPPED = sorted(ROOT.glob("wasm_modules/*/*.wasm"))
EVERY_KIND = """(module
    (import "bench" "start" (func))
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "env" "table" (table 1 2 funcref))
    (import "env" "memory" (memory 1))
    (import "env" "global" (global (mut i64)))
    (import "" "é" (func))
    (func (export "_start")))"""


def compiled(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


@functools.cache
def samples() -> tuple[bytes, ...]:
    """Return modules to be cut and changed: every kind of import, memories, a real one's start."""
    texts = (EVERY_KIND, "(module (memory 2 9))", "(module (memory i64 1))", "(module)")
    tables = ("(module (table 1 funcref) (table 2 3 externref))",)
    return (*(compiled(text) for text in (*texts, *tables)), SHIPPED[0].read_bytes()[:3000])


def says_no(code: bytes) -> bool:
    """Return whether a module is refused; anything but a result or a HostError raises."""
    refused = False
    for read in (imports, lambda code: limit_memory(code, 10 * PAGE_BYTES)):
        try:
            read(code)
        except HostError as error:
            assert "\n" not in str(error)
            assert error.exit_code == 2
            refused = True
    return refused


def test_every_kind_of_import_is_named() -> None:
    assert imports(compiled(EVERY_KIND)) == (
        Import("bench", "start", "function"),
        Import("wasi_snapshot_preview1", "fd_write", "function"),
        Import("env", "table", "table"),
        Import("env", "memory", "memory"),
        Import("env", "global", "global"),
        Import("", "é", "function"),
    )


def test_a_module_without_imports_has_none() -> None:
    assert imports(HEADER) == ()
    assert imports(compiled("(module (memory 1))")) == ()


def test_a_start_function_is_seen() -> None:
    assert has_start(compiled("(module (func $f) (start $f))"))
    assert not has_start(compiled('(module (func (export "_start")))'))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_imports_of_shipped_modules_are_those_that_wasmtime_sees(path: Path) -> None:
    module = wasmtime.Module.from_file(wasmtime.Engine(), str(path))
    seen = {(entry.module, entry.name) for entry in module.imports}
    assert {(entry.module, entry.name) for entry in imports(read_module(path))} == seen


@given(st.data())
def test_a_module_that_is_cut_short_is_read_or_refused(data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(samples()))
    says_no(code[: data.draw(st.integers(8, len(code)))])


@given(st.data())
def test_a_module_with_changed_bytes_is_read_or_refused(data: st.DataObject) -> None:
    code = bytearray(data.draw(st.sampled_from(samples())))
    for _ in range(data.draw(st.integers(1, 4))):
        code[data.draw(st.integers(0, len(code) - 1))] = data.draw(st.integers(0, 255))
    says_no(bytes(code))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(rest: bytes) -> None:
    says_no(HEADER + rest)


@pytest.mark.parametrize(
    "section",
    [
        b"\x02\x05\xff\xff\xff\xff\x0f",  # 2^32 - 1 imports
        b"\x02\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # 2^64 - 1 imports
        b"\x02\x06\x01\xff\xff\xff\xff\x0f",  # a name of 4 GiB
        b"\x02\x0c" + b"\xff" * 11 + b"\x01",  # a number without an end
        b"\x02\x04\x01\x00\x00\x09",  # a kind that there is not
        b"\x02\xff\xff\xff\xff\x0f",  # a section of 4 GiB
        b"\x02",
        b"\x05\x05\xff\xff\xff\xff\x0f",  # 2^32 - 1 memories
        b"\x05\x03\x01\x08\x00",  # limits of a kind to come
        b"\x05\x05\x01\x00\x01\x00\x00",  # more than its memory
        b"\x04\x05\xff\xff\xff\xff\x0f",  # 2^32 - 1 tables
        b"\x04\x04\x01\x6e\x00\x00",  # of a type to come
        b"\x04\x05\x01\x70\x00\x00\x00",  # more than its table
    ],
)
def test_a_wrong_section_is_refused_at_once(section: bytes) -> None:
    assert says_no(HEADER + section)


def test_a_name_cannot_write_to_the_terminal() -> None:
    name = b"\x1b]0;owned\x07\n"
    body = b"\x01" + bytes([len(name)]) + name + b"\x00\x00\x00"
    (found,) = imports(HEADER + bytes([2, len(body)]) + body)
    line = str(HostError(f"imports {found.module}", 2))
    assert line.isprintable()
    assert "owned" in line


@pytest.mark.parametrize(
    ("declared", "limit_pages", "maximum"),
    [
        *(("1", 16, 16), ("1 4", 16, 4), ("1 40", 16, 16), ("16", 16, 16), ("0", 0, 0)),
        *(("1", 1 << 20, 1 << 16), ("i64 1", 1 << 20, 1 << 20), ("1 65536", 300, 300)),
    ],
)
def test_the_maximum_of_a_memory_is_lowered(declared: str, limit_pages: int, maximum: int) -> None:
    code = compiled(f'(module (memory (export "m") {declared}))')
    limited = limit_memory(code, limit_pages * PAGE_BYTES + PAGE_BYTES - 1)
    module = wasmtime.Module(wasmtime.Engine(), limited)
    (memory,) = (entry.type for entry in module.exports)
    assert isinstance(memory, wasmtime.MemoryType)
    assert memory.limits.max == maximum
    assert imports(limited) == imports(code)


@pytest.mark.parametrize(
    ("declared", "maximum"),
    [("1 funcref", 16), ("1 4 funcref", 4), ("16 40 externref", 16), ("0 funcref", 16)],
)
def test_the_maximum_of_a_table_is_lowered(declared: str, maximum: int) -> None:
    code = compiled(
        f'(module (memory 0) (table (export "t") {declared}) (global i32 (i32.const 7)))'
    )
    limited = limit_memory(code, 16 * 16)
    (table,) = (entry.type for entry in wasmtime.Module(wasmtime.Engine(), limited).exports)
    assert isinstance(table, wasmtime.TableType)
    assert table.limits.max == maximum
    assert wasmtime.Module.validate(wasmtime.Engine(), limited) is None
    with pytest.raises(HostError, match="starts with a table of 17 elements, above the 16"):
        limit_memory(compiled("(module (table 17 funcref))"), 16 * 16)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_a_limit_holds_or_the_module_is_refused(low: int, more: int, limit: int) -> None:
    code = compiled(f'(module (memory (export "m") {low} {low + more}))')
    if low > limit:
        with pytest.raises(HostError, match=f"starts with {low * PAGE_BYTES} bytes of memory"):
            limit_memory(code, limit * PAGE_BYTES)
        return
    module = wasmtime.Module(wasmtime.Engine(), limit_memory(code, limit * PAGE_BYTES))
    (memory,) = (entry.type for entry in module.exports)
    assert isinstance(memory, wasmtime.MemoryType)
    assert (memory.limits.min, memory.limits.max) == (low, min(low + more, limit))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_module_with_a_limit_is_valid(path: Path) -> None:
    code = limit_memory(read_module(path), 1 << 30)
    assert wasmtime.Module.validate(wasmtime.Engine(), code) is None


def test_a_module_without_a_memory_needs_no_limit() -> None:
    code = compiled("(module)")
    assert limit_memory(code, 1) == code


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"", "is not a WebAssembly module"),
        (b"\n(module)", "is WebAssembly text, not a module; make one of it: wat2wasm FILE"),
        (b"\0as", "is not a WebAssembly module"),
        (b"#!/bin/sh\n", "is not a WebAssembly module"),
        (b"\0asm", "is not a core module"),
        (b"\0asm\x0d\0\1\0", "perhaps a component"),
    ],
)
def test_a_file_that_is_no_core_module(tmp_path: Path, contents: bytes, reason: str) -> None:
    (tmp_path / "a.wasm").write_bytes(contents)
    with pytest.raises(HostError, match=reason):
        read_module(tmp_path / "a.wasm")


def test_a_folder_or_nothing_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.wasm"):
        with pytest.raises(HostError, match="cannot be read: "):
            read_module(path)
