"""``bench.start`` and ``bench.end``: a guest marks its own window.

The Bytecode Alliance's sightglass benchmarks import these two functions and WASI preview 1, so
any of their benchmark.wasm files runs here unchanged. Neither takes or gives anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchharness import events
from wasm_modules.hosts.failures import EXIT_FAILED, HostError
from wasm_modules.hosts.imports.provision import Provision
from wasm_modules.hosts.runtime import GuestMemory, HostFunction


def provide(_settings: Mapping[str, str]) -> Provision:
    """Return the two functions; a window that is not started and ended once is an error."""
    window = _Window()
    return Provision(
        functions=(
            HostFunction("bench", "start", (), (), window.start),
            HostFunction("bench", "end", (), (), window.end),
        ),
        marks_window=True,
        finish=window.finish,
    )


class _Window:
    def __init__(self) -> None:
        self._state = "before"

    def start(self, _memory: GuestMemory) -> None:
        if self._state != "before":
            raise HostError("the guest called bench.start twice", EXIT_FAILED)
        self._state = "inside"
        events.window_start()

    def end(self, _memory: GuestMemory) -> None:
        t_ns = events.now_ns()
        if self._state != "inside":
            raise HostError("the guest called bench.end outside its window", EXIT_FAILED)
        self._state = "after"
        events.emit("window", t_ns=t_ns, edge="end")

    def finish(self) -> None:
        if self._state == "before":
            raise HostError("the guest ended without calling bench.start", EXIT_FAILED)
        if self._state == "inside":
            events.window_end()
            raise HostError("the guest ended without calling bench.end", EXIT_FAILED)
