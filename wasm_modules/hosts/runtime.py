"""What a runtime must offer to become a host, and what it is given: code and host functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wasm_modules.hosts.failures import EXIT_FAILED, HostError, TrapError
from wasm_modules.hosts.request import Request

EFAULT = 21  # WASI preview 1's errno for an address outside the guest's memory


class GuestMemory(Protocol):
    """The guest's linear memory, for the time of one host call."""

    def view(self, at: int, size: int) -> memoryview:
        """Return bytes of the guest, writable, without a copy. Raises IndexError outside it.

        Valid until the host function returns: afterwards the memory may grow and move.
        """
        ...


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A function that the guest imports, the same for every runtime.

    ``parameters`` and ``results`` are WebAssembly types ("i32", "i64", "f64"), at most one
    result. ``call`` gets the guest's memory and the arguments, integers as unsigned numbers. A
    HostError that it raises ends the guest and is what the host fails with.
    """

    module: str
    name: str
    parameters: tuple[str, ...]
    results: tuple[str, ...]
    call: Callable[..., int | None]  # (GuestMemory, *arguments)

    def invoke(self, memory: GuestMemory, *arguments: int) -> int | None:
        """Call it; an address that the function itself does not check ends the guest.

        Raises HostError, and nothing else: a mistake of the function's own is one as well.
        """
        name = f"{self.module}::{self.name}"
        try:
            return self.call(memory, *arguments)
        except HostError:
            raise
        except IndexError as error:
            raise TrapError(f"{name}: {error}") from None
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise HostError(f"{name} failed: {said}", EXIT_FAILED) from error


class Runtime(Protocol):
    """A WebAssembly runtime. Every method raises HostError, in one line, and nothing else.

    The order: load; then compile, or build (once, ahead of time) and deserialize; then
    instantiate; then run.
    """

    name: str
    modes: tuple[str, ...]

    def load(self, request: Request) -> None:
        """Load the runtime's library, with the compiler that the request's mode names."""
        ...

    def version(self) -> str:
        """Return the version of the runtime that was loaded."""
        ...

    def compile(self, request: Request, code: bytes) -> None:
        """Make a module executable, from nothing: no cache is used."""
        ...

    def build(self, request: Request, code: bytes, artefact: Path) -> None:
        """Compile ahead of time into a file."""
        ...

    def deserialize(self, request: Request, artefact: Path) -> None:
        """Make executable what ``build`` has written."""
        ...

    def instantiate(self, request: Request, functions: Sequence[HostFunction]) -> None:
        """Link the module to WASI and to the host functions, and make its memory."""
        ...

    def run(self) -> int:
        """Call ``_start`` and return the guest's exit code."""
        ...
