"""``wasi_ephemeral_nn``: neural networks for a guest, served by LiteRT, the same everywhere.

The five calls of wasi-nn's witx (github.com/WebAssembly/wasi-nn, wasi-nn.witx), each of which
returns an errno and traps never: whatever a guest passes, bytes outside its memory included, it
gets a number back. Why is kept, and ends up in the host's line if the guest fails.

Settings: ``nn.threads`` (1), ``nn.delegate`` (``xnnpack``; ``none`` for LiteRT's own kernels).
A tensor in guest memory is 20 bytes: where its dimensions are and how many, its type, where its
data are and how many bytes. Nothing is copied but the model, once, and each tensor, between the
guest's memory and LiteRT's own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchharness import events
from wasm_modules.hosts.imports import litert
from wasm_modules.hosts.imports.provision import Provision
from wasm_modules.hosts.mapped import mapped_files, size_bytes
from wasm_modules.hosts.runtime import GuestMemory, HostFunction

NAMESPACE = "wasi_ephemeral_nn"

SUCCESS, INVALID_ARGUMENT, INVALID_ENCODING = 0, 1, 2
BUSY, RUNTIME_ERROR, UNSUPPORTED_OPERATION, TOO_LARGE, NOT_FOUND = 4, 5, 6, 7, 8

_TENSORFLOWLITE, _AUTODETECT = 4, 5
_CPU, _LAST_TARGET = 0, 2
_TYPES = ("float16", "float32", "uint8", "int32")
_LARGEST_COUNT = 16  # of graphs, of contexts, of dimensions
_BYTES = struct.Struct("<II")
_TENSOR = struct.Struct("<IIBxxxII")
_U32 = struct.Struct("<I")


def provide(settings: Mapping[str, str]) -> Provision:
    """Import LiteRT, in a phase of its own, and return the calls. Raises HostError."""
    chosen = litert.settings(settings)
    before = mapped_files()
    with events.phase("load_nn"):
        litert.load_library()
    nn_bytes = size_bytes(mapped_files() - before)
    if nn_bytes is not None:
        events.metric("nn_bytes", nn_bytes, unit="B")
    calls = Calls(chosen)
    return Provision(
        functions=tuple(
            HostFunction(NAMESPACE, name, ("i32",) * count, ("i32",), calls.guarded(call))
            for name, count, call in (
                ("load", 5, calls.load),
                ("init_execution_context", 2, calls.init_execution_context),
                ("set_input", 3, calls.set_input),
                ("compute", 1, calls.compute),
                ("get_output", 5, calls.get_output),
            )
        ),
        finish=calls.finish,
        reason=lambda: calls.reason,
    )


class Refusal(Exception):  # noqa: N818 - an answer to the guest, not an error of the host
    """What a call answers instead of doing it, and why."""

    def __init__(self, errno: int, why: str) -> None:
        self.errno = errno
        super().__init__(why)


@dataclass(slots=True)
class _Graph:
    content: bytes
    fresh: Any  # the interpreter that checked the model, for the first context


@dataclass(slots=True)
class _Context:
    interpreter: Any
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    missing: set[int]  # inputs that are not set yet
    computed: bool = False


class Calls:
    """The graphs and contexts of one guest; a handle is an index."""

    def __init__(self, chosen: litert.Settings) -> None:
        self._settings = chosen
        self._graphs: list[_Graph] = []
        self._contexts: list[_Context] = []
        self.reason: str | None = None

    def guarded(self, call: Callable[..., None]) -> Callable[..., int]:
        """Return a call that answers with an errno, whatever it is given."""

        def answer(memory: GuestMemory, *arguments: int) -> int:
            try:
                call(memory, *arguments)
            except Refusal as refusal:
                self.reason = f"wasi-nn: {refusal}"
                return refusal.errno
            except Exception as error:  # of LiteRT or numpy, whose list of them is not known
                why = f"{type(error).__name__}: {' '.join(str(error).split())}"
                self.reason = f"wasi-nn: {call.__name__} failed: {why}"
                return RUNTIME_ERROR
            return SUCCESS

        return answer

    def load(
        self, memory: GuestMemory, builders: int, count: int, encoding: int, target: int, to: int
    ) -> None:
        """Check a model's bytes and keep them; write the graph's handle."""
        if encoding not in (_TENSORFLOWLITE, _AUTODETECT):
            raise Refusal(
                INVALID_ENCODING, f"encoding {encoding} is not served, only tensorflowlite (4)"
            )
        if target != _CPU:
            errno = UNSUPPORTED_OPERATION if target <= _LAST_TARGET else INVALID_ARGUMENT
            raise Refusal(errno, f"execution target {target} is not served, only cpu (0)")
        if count != 1:
            raise Refusal(INVALID_ARGUMENT, f"a TFLite model is one array of bytes, not {count}")
        if len(self._graphs) >= _LARGEST_COUNT:
            raise Refusal(BUSY, f"no more than {_LARGEST_COUNT} graphs")
        at, size = _BYTES.unpack(_view(memory, builders, _BYTES.size))
        handle = _view(memory, to, _U32.size)
        content = bytes(_view(memory, at, size))
        try:
            fresh = litert.open_model(content, self._settings)
        except ValueError as error:
            raise Refusal(INVALID_ENCODING, str(error)) from None
        self._graphs.append(_Graph(content, fresh))
        _U32.pack_into(handle, 0, len(self._graphs) - 1)

    def init_execution_context(self, memory: GuestMemory, graph: int, to: int) -> None:
        """Make the tensors of a graph; write the context's handle."""
        known = _at(self._graphs, graph, "graph")
        if len(self._contexts) >= _LARGEST_COUNT:
            raise Refusal(BUSY, f"no more than {_LARGEST_COUNT} contexts")
        handle = _view(memory, to, _U32.size)
        interpreter, known.fresh = known.fresh, None
        try:
            if interpreter is None:
                interpreter = litert.open_model(known.content, self._settings)
            litert.allocate(interpreter)
        except ValueError as error:
            raise Refusal(RUNTIME_ERROR, str(error)) from None
        inputs = interpreter.get_input_details()
        context = _Context(
            interpreter, inputs, interpreter.get_output_details(), set(range(len(inputs)))
        )
        self._contexts.append(context)
        _U32.pack_into(handle, 0, len(self._contexts) - 1)

    def set_input(self, memory: GuestMemory, context: int, index: int, tensor: int) -> None:
        """Copy a tensor into the model's; its shape and type must be the model's."""
        import numpy as np

        known = _at(self._contexts, context, "context")
        wanted = _at(known.inputs, index, "input")
        dims_at, dims_count, kind, data_at, data_size = _TENSOR.unpack(
            _view(memory, tensor, _TENSOR.size)
        )
        if dims_count > _LARGEST_COUNT:
            raise Refusal(INVALID_ARGUMENT, f"a tensor of {dims_count} dimensions")
        dims = struct.unpack(f"<{dims_count}I", _view(memory, dims_at, 4 * dims_count))
        shape, dtype = tuple(map(int, wanted["shape"])), np.dtype(wanted["dtype"])
        given = _TYPES[kind] if kind < len(_TYPES) else f"type {kind}"
        if dims != shape or given != dtype.name:
            raise Refusal(
                INVALID_ARGUMENT,
                f"input {index} is {dtype.name} {_shape(shape)}, the guest gave"
                f" {given} {_shape(dims)}",
            )
        size = int(np.prod(shape)) * dtype.itemsize
        if data_size != size:
            raise Refusal(
                INVALID_ARGUMENT, f"input {index} has {size} bytes, the guest gave {data_size}"
            )
        array = np.frombuffer(_view(memory, data_at, size), dtype)
        known.interpreter.set_tensor(wanted["index"], array.reshape(shape))
        known.missing.discard(index)

    def compute(self, _memory: GuestMemory, context: int) -> None:
        """Run the model."""
        known = _at(self._contexts, context, "context")
        if known.missing:
            raise Refusal(INVALID_ARGUMENT, f"compute before input {min(known.missing)} is set")
        try:
            known.interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            why = " ".join(str(error).split())
            raise Refusal(RUNTIME_ERROR, f"LiteRT cannot compute: {why}") from None
        known.computed = True

    def get_output(
        self, memory: GuestMemory, context: int, index: int, at: int, size: int, to: int
    ) -> None:
        """Copy an output to the guest; write how many bytes it has."""
        known = _at(self._contexts, context, "context")
        offered = _at(known.outputs, index, "output")
        if not known.computed:
            raise Refusal(INVALID_ARGUMENT, "get_output before compute")
        scores = known.interpreter.get_tensor(offered["index"])
        if scores.nbytes > size:
            raise Refusal(
                TOO_LARGE,
                f"output {index} has {scores.nbytes} bytes, the guest has room for {size}",
            )
        written = _view(memory, to, _U32.size)
        _view(memory, at, scores.nbytes)[:] = scores.tobytes()
        _U32.pack_into(written, 0, scores.nbytes)

    def finish(self) -> None:
        """Say which kernels the last context used."""
        if self._contexts:
            events.output("nn_kernel", litert.kernel(self._contexts[-1].interpreter))


def _view(memory: GuestMemory, at: int, size: int) -> memoryview:
    try:
        return memory.view(at, size)
    except IndexError:
        raise Refusal(
            INVALID_ARGUMENT, f"{size} bytes at {at} are outside the guest's memory"
        ) from None


def _at(known: list[Any], handle: int, what: str) -> Any:
    if handle >= len(known):
        raise Refusal(INVALID_ARGUMENT, f"there is no {what} {handle}")
    return known[handle]


def _shape(dims: tuple[int, ...]) -> str:
    return " x ".join(map(str, dims)) or "without dimensions"
