"""Reads what a host must know of a module before a runtime sees it: is it one, what it imports.

WebAssembly core specification, chapter 5: after eight bytes of magic and version a module is a
sequence of sections, each an identifier, its size in LEB128, and that many bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wasm_modules.hosts.failures import EXIT_USAGE, HostError

_MAGIC = b"\0asm"
_TEXT = (b"(module", b"(;", b";;")
_CORE_VERSION = b"\1\0\0\0"
_IMPORT_SECTION, _TABLE_SECTION, _MEMORY_SECTION, _START_SECTION = 2, 4, 5, 8
_FUNCTION, _TABLE, _MEMORY, _GLOBAL, _TAG = range(5)
_KINDS = ("function", "table", "memory", "global", "tag")
_HAS_MAXIMUM, _IS_64_BIT, _KNOWN_LIMITS = 1, 4, 7  # flags of limits; the third is shared
PAGE_BYTES = 65536
_MOST_PAGES = 1 << 16  # of a memory with addresses of 32 bits
_FUNCREF, _EXTERNREF = 0x70, 0x6F
_ELEMENT_BYTES = 16  # what the runtimes need for an element of a table, at most


@dataclass(frozen=True, slots=True)
class Import:
    """What a module wants from its host; ``kind`` is function, table, memory, global or tag."""

    module: str
    name: str
    kind: str


def read_module(path: Path) -> bytes:
    """Return the bytes of a core module. Raises HostError for anything else."""
    try:
        code = path.read_bytes()
    except OSError as error:
        raise HostError(f"cannot be read: {error.strerror}", EXIT_USAGE) from None
    if code.lstrip().startswith(_TEXT):
        raise HostError(
            "is WebAssembly text, not a module; make one of it: wat2wasm FILE", EXIT_USAGE
        )
    if code[:4] != _MAGIC:
        raise HostError("is not a WebAssembly module", EXIT_USAGE)
    if code[4:8] != _CORE_VERSION:
        raise HostError("is not a core module of version 1, perhaps a component", EXIT_USAGE)
    return code


def imports(code: bytes) -> tuple[Import, ...]:
    """Return what a module imports. Raises HostError for a module that is cut short or wrong."""
    for identifier, _, start, end in _sections(code):
        if identifier == _IMPORT_SECTION:
            return tuple(_Reader(code, start, end).imports())
    return ()


def has_start(code: bytes) -> bool:
    """Return whether a module has a function that runs when it is instantiated."""
    return any(identifier == _START_SECTION for identifier, *_ in _sections(code))


def limit_memory(code: bytes, limit_bytes: int) -> bytes:
    """Return the module with the maximum of its own memory lowered to a limit, and its tables'.

    For a runtime that has no such limit of its own: growth beyond the maximum fails in the guest
    as it would under the limit. Raises HostError if one of them starts above it.
    """
    limited = bytearray(code[:8])
    for identifier, size_at, start, end in _sections(code):
        reader = _Reader(code, start, end)
        if identifier == _MEMORY_SECTION:
            body = reader.limited_memories(limit_bytes // PAGE_BYTES)
        elif identifier == _TABLE_SECTION:
            body = reader.limited_tables(table_elements(limit_bytes))
        else:
            limited += code[size_at - 1 : end]
            continue
        limited += code[size_at - 1 : size_at] + _leb128(len(body)) + body
    return bytes(limited)


def table_elements(limit_bytes: int) -> int:
    """Return how many elements a table may have within a limit of memory."""
    return min(limit_bytes // _ELEMENT_BYTES, (1 << 32) - 1)


def _sections(code: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield each section's identifier, and where its size, its contents and its end are."""
    reader = _Reader(code, 8, len(code))
    while reader.at < reader.end:
        identifier, size_at = reader.byte(), reader.at
        size = reader.unsigned()
        start = reader.at
        reader.skip(size)
        yield identifier, size_at, start, reader.at


class _Reader:
    """Reads forward within a section; every step beyond its end is a broken module."""

    def __init__(self, code: bytes, start: int, end: int) -> None:
        self.code, self.at, self.end = code, start, end

    def skip(self, size: int) -> None:
        if self.at + size > self.end:
            raise HostError("is not a valid module: it is cut short", EXIT_USAGE)
        self.at += size

    def byte(self) -> int:
        self.skip(1)
        return self.code[self.at - 1]

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
            shift += 7
            if shift > 63:
                raise HostError("is not a valid module: a number is too long", EXIT_USAGE)

    def name(self) -> str:
        size = self.unsigned()
        self.skip(size)
        return self.code[self.at - size : self.at].decode("utf-8", "replace")

    def imports(self) -> Iterator[Import]:
        for _ in range(self.unsigned()):
            module, name, kind = self.name(), self.name(), self.byte()
            if kind >= len(_KINDS):
                raise HostError(f"is not a valid module: import kind {kind}", EXIT_USAGE)
            self._skip_type(kind)
            yield Import(module, name, _KINDS[kind])

    def _skip_type(self, kind: int) -> None:
        if kind == _FUNCTION:
            self.unsigned()
        elif kind == _TABLE:
            self.byte()
            self.limits()
        elif kind == _MEMORY:
            self.limits()
        else:
            self.skip(2)

    def limits(self) -> tuple[int, int, int | None]:
        flags = self.byte()
        if flags > _KNOWN_LIMITS:
            raise HostError(f"is not a module that is understood: limits {flags}", EXIT_USAGE)
        low = self.unsigned()
        return flags, low, self.unsigned() if flags & _HAS_MAXIMUM else None

    def limited_memories(self, pages: int) -> bytes:
        count = self.unsigned()
        body = _leb128(count)
        for _ in range(count):
            flags, low, high = self.limits()
            if low > pages:
                raise HostError(
                    f"starts with {low * PAGE_BYTES} bytes of memory, above the limit of"
                    f" {pages * PAGE_BYTES}",
                    EXIT_USAGE,
                )
            most = pages if flags & _IS_64_BIT else min(pages, _MOST_PAGES)
            body += _limits(flags, low, most if high is None else min(high, most))
        return self._whole(body, "memory")

    def limited_tables(self, elements: int) -> bytes:
        count = self.unsigned()
        body = _leb128(count)
        for _ in range(count):
            kind = self.byte()
            if kind not in (_FUNCREF, _EXTERNREF):
                raise HostError(f"is not a module that is understood: table {kind}", EXIT_USAGE)
            flags, low, high = self.limits()
            if low > elements:
                raise HostError(
                    f"starts with a table of {low} elements, above the {elements} that the limit"
                    " of memory allows",
                    EXIT_USAGE,
                )
            most = elements if high is None else min(high, elements)
            body += bytes([kind]) + _limits(flags, low, most)
        return self._whole(body, "table")

    def _whole(self, body: bytes, what: str) -> bytes:
        if self.at != self.end:
            raise HostError(f"is not a valid module: its {what} section is too long", EXIT_USAGE)
        return body


def _limits(flags: int, low: int, high: int) -> bytes:
    return bytes([flags | _HAS_MAXIMUM]) + _leb128(low) + _leb128(high)


def _leb128(value: int) -> bytes:
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        out.append(low | 0x80 if value else low)
        if not value:
            return bytes(out)
