"""WASI under Wasmer, kept to the folders that the guest may see.

Wasmer 1.1 follows an absolute path and a symbolic link out of a guest's folders. So its
functions that take a path stand behind ours, which resolve the path first. A function that is
imported can only be called by WebAssembly: a small module imports Wasmer's and exports them
again, and has a memory of its own, through which the path goes. Calls that take no path, such as
reads and writes, go to Wasmer directly.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wasm_modules.hosts.failures import EXIT_USAGE, HostError
from wasm_modules.hosts.request import Request
from wasm_modules.hosts.runtime import EFAULT
from wasm_modules.hosts.wasmer_functions import Memory, define, first_line

if TYPE_CHECKING:
    import wasmer

WASI = "wasi_snapshot_preview1"
_BADF, _NAMETOOLONG, _PERM = 8, 37, 63  # WASI preview 1's errno
_FIRST_FOLDER = 4  # 3 is Wasmer's own root, which holds the names of the folders
_PATH_BYTES = 4096
_RESULT_AT = 2 * _PATH_BYTES

# Parameters (i: i32, l: i64), where the paths are (folder, address, size), and where and how
# large what is written back.
_Path = tuple[int, int, int]
_GUARDED: Mapping[str, tuple[str, tuple[_Path, ...], tuple[int, int] | None]] = {
    "path_create_directory": ("iii", ((0, 1, 2),), None),
    "path_filestat_get": ("iiiii", ((0, 2, 3),), (4, 64)),
    "path_filestat_set_times": ("iiiilli", ((0, 2, 3),), None),
    "path_open": ("iiiiillii", ((0, 2, 3),), (8, 4)),
    "path_remove_directory": ("iii", ((0, 1, 2),), None),
    "path_rename": ("iiiiii", ((0, 1, 2), (3, 4, 5)), None),
    "path_unlink_file": ("iii", ((0, 1, 2),), None),
}
_REFUSED = {"path_link": "iiiiiii", "path_readlink": "iiiiii", "path_symlink": "iiiii"}
_RENUMBER = "fd_renumber"
_TYPES = {"i": "i32", "l": "i64"}
_SIGNATURES = {**{name: entry[0] for name, entry in _GUARDED.items()}, _RENUMBER: "ii"}


def guarded_wasi(
    store: wasmer.Store,
    request: Request,
    memory: Memory,
    small_module: Callable[[str], wasmer.Module],
) -> dict[str, dict[str, wasmer.Function]]:
    """Return WASI's functions as imports. ``small_module`` compiles text. Raises HostError."""
    import wasmer

    state = wasmer.wasi.StateBuilder(request.module.name)
    try:
        state.arguments(list(request.arguments))
        state.environments(dict(request.environment))
        for host, guest in request.folders:
            state.map_directory(guest, host)
        environment = state.finalize()
    except (RuntimeError, ValueError) as error:
        raise HostError(f"cannot be given to Wasmer: {first_line(error)}", EXIT_USAGE) from None
    version = wasmer.wasi.Version.SNAPSHOT1
    functions: dict[str, wasmer.Function] = environment.generate_import_object(
        store, version
    ).to_dict()[WASI]
    if not request.folders:  # nor does the guest see Wasmer's own root
        functions["fd_prestat_get"] = define(store, ["i32"] * 2, ["i32"], lambda *_: _BADF)
        return {WASI: functions}
    calls = wasmer.Instance(small_module(_passing_on()), {WASI: functions}).exports
    guard = _Guard(calls, memory, [host for host, _ in request.folders])
    for name, signature in {**_SIGNATURES, **_REFUSED}.items():
        kinds = [_TYPES[each] for each in signature]
        functions[name] = define(store, kinds, ["i32"], guard.function(name))
    return {WASI: functions}


def _passing_on() -> str:
    """Return the text of the module that exports what it imports, beside a memory of its own."""
    imports, exports = [], []
    for name, signature in _SIGNATURES.items():
        kinds = " ".join(_TYPES[each] for each in signature)
        imports.append(f'(import "{WASI}" "{name}" (func ${name} (param {kinds}) (result i32)))')
        exports.append(f'(export "{name}" (func ${name}))')
    return f'(module {" ".join(imports + exports)} (memory (export "memory") 1))'


class _Guard:
    """Wasmer's functions that take a path, for paths within an open folder only."""

    def __init__(self, calls: wasmer.Exports, memory: Memory, folders: list[str]) -> None:
        self._calls = calls
        self._own = calls.memory
        self._memory = memory
        self._folders = {
            _FIRST_FOLDER + at: os.path.realpath(host) for at, host in enumerate(folders)
        }

    def function(self, name: str) -> Callable[..., int]:
        """Return what stands in front of a function of WASI."""
        if name in _REFUSED:
            return lambda *_: _PERM
        if name == _RENUMBER:
            return self._renumber
        _, paths, result = _GUARDED[name]
        call = getattr(self._calls, name)

        def checked(*given: int) -> int:
            arguments = list(given)
            resolved = ""
            for slot, (folder, at, size) in enumerate(paths):
                size_bytes = given[size] & 0xFFFF_FFFF
                if size_bytes > _PATH_BYTES:
                    return _NAMETOOLONG
                path = bytes(self._memory.view(given[at] & 0xFFFF_FFFF, size_bytes))
                inside = self._resolved(given[folder], path)
                if inside is None:
                    return _PERM
                resolved = inside
                arguments[at] = slot * _PATH_BYTES
                memoryview(self._own.buffer)[arguments[at] : arguments[at] + len(path)] = path
            if result is None:
                return int(call(*arguments))
            where, size_bytes = given[result[0]] & 0xFFFF_FFFF, result[1]
            written = self._memory.view(where, size_bytes)
            arguments[result[0]] = _RESULT_AT
            errno = int(call(*arguments))
            if errno == 0:
                found = memoryview(self._own.buffer)[_RESULT_AT : _RESULT_AT + size_bytes]
                written[:] = found
                if name == "path_open":
                    self._opened(int.from_bytes(found, "little"), resolved)
            return errno

        def guarded(*given: int) -> int:
            try:
                return checked(*given)
            except IndexError:
                return EFAULT

        return guarded

    def _resolved(self, descriptor: int, path: bytes) -> str | None:
        """Return where a path leads, links followed; None if that is outside its folder."""
        folder = self._folders.get(descriptor)
        if folder is None or path.startswith(b"/") or b"\0" in path:
            return None
        place = os.path.realpath(f"{folder}/{os.fsdecode(path)}")
        return place if os.path.commonpath([folder, place]) == folder else None

    def _opened(self, descriptor: int, place: str) -> None:
        if Path(place).is_dir():
            self._folders[descriptor] = place
        else:
            self._folders.pop(descriptor, None)

    def _renumber(self, old: int, new: int) -> int:
        errno = int(self._calls.fd_renumber(old, new))
        if errno == 0:
            place = self._folders.pop(old, None)
            self._folders.pop(new, None)
            if place is not None:
                self._folders[new] = place
        return errno
