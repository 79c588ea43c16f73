"""Host functions, in one place for all runtimes: which module imports which.

A provider is a file here with ``provide(settings) -> Provision``. It is imported only if the
guest asks for its namespace, so a guest that needs none pays for none.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wasm_modules.hosts.failures import EXIT_USAGE, HostError
from wasm_modules.hosts.imports.provision import Provision
from wasm_modules.hosts.module_binary import Import
from wasm_modules.hosts.runtime import HostFunction

WASI = "wasi_snapshot_preview1"
PROVIDERS: Mapping[str, str] = {  # namespace -> file
    "bench": "bench",
    "gpio": "gpio",
    "http": "http",
    "wasi_ephemeral_nn": "wasi_nn",
}
PLUGIN = "plugin"  # nn=plugin: the runtime's own wasi-nn instead of ours


@dataclass(frozen=True, slots=True)
class Provided:
    """What a guest gets beyond WASI."""

    functions: tuple[HostFunction, ...]
    provisions: tuple[Provision, ...]

    @property
    def marks_window(self) -> bool:
        """Return whether the guest says itself when its window begins and ends."""
        return any(provision.marks_window for provision in self.provisions)

    def finish(self) -> None:
        """Let every provider close what it holds and complain. Raises HostError."""
        for provision in self.provisions:
            provision.finish()

    def reason(self) -> str | None:
        """Return why a call of the guest was refused last, if one was."""
        return next(filter(None, (each.reason() for each in self.provisions)), None)


def provide(wanted: Sequence[Import], settings: Mapping[str, str]) -> Provided:
    """Return the functions that a guest imports. Raises HostError that names an unknown one.

    A namespace that the runtime provides itself, as it does WASI, is left to it.
    """
    left = {WASI, "wasi_ephemeral_nn"} if settings.get("nn") == PLUGIN else {WASI}
    wanted = [each for each in wanted if each.module not in left]
    namespaces = dict.fromkeys(each.module for each in wanted)
    provisions: dict[str, Provision] = {}
    for namespace in namespaces:
        if namespace not in PROVIDERS:
            name = next(each.name for each in wanted if each.module == namespace)
            raise HostError(
                f"imports {namespace}::{name}, which no host offers; known:"
                f" {', '.join((WASI, *PROVIDERS))}",
                EXIT_USAGE,
            )
        file = importlib.import_module(f"wasm_modules.hosts.imports.{PROVIDERS[namespace]}")
        provisions[namespace] = file.provide(settings)
    functions = []
    for each in wanted:
        offered = {f.name: f for f in provisions[each.module].functions}
        if each.name not in offered or each.kind != "function":
            raise HostError(
                f"imports {each.module}::{each.name}, which {each.module} has not; known:"
                f" {', '.join(offered)}",
                EXIT_USAGE,
            )
        if offered[each.name] not in functions:
            functions.append(offered[each.name])
    return Provided(tuple(functions), tuple(provisions.values()))
