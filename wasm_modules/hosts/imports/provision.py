"""What one file of host functions provides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wasm_modules.hosts.runtime import HostFunction


def _nothing() -> None:
    pass


def _no_reason() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Provision:
    """Functions of one namespace. ``finish`` is called once the guest has ended, however.

    ``finish`` may raise HostError, for a guest that ended well without doing what it must.
    ``reason`` says why a call was refused last, for the host's line about a guest that failed.
    """

    functions: Sequence[HostFunction]
    marks_window: bool = False
    finish: Callable[[], None] = _nothing
    reason: Callable[[], str | None] = _no_reason
