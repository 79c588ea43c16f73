"""The wasi-nn host on its own: a guest's memory is a bytearray, the model one operation."""

from __future__ import annotations

import importlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.tflite_models import relu
from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.imports import litert, wasi_nn
from wasm_modules.hosts.imports.provision import Provision

SIZE = 1 << 16
BUILDERS, HANDLE, TENSOR, DIMS, DATA, OUT, MODEL = 0, 16, 32, 64, 128, 256, 1024
TFLITE, CPU = 4, 0
F32, U8 = 1, 2
SHAPE = (1, 2, 3)
VALUES = (-1.0, 2.0, 3.5, -4.0, 5.0, 6.0)


class Memory:
    """A guest's memory."""

    def __init__(self) -> None:
        self.bytes = bytearray(SIZE)

    def view(self, at: int, size: int) -> memoryview:
        if at + size > SIZE:
            raise IndexError
        return memoryview(self.bytes)[at : at + size]

    def put(self, at: int, form: str, *values: Any) -> int:
        struct.pack_into(form, self.bytes, at, *values)
        return at

    def u32(self, at: int) -> int:
        return int.from_bytes(self.bytes[at : at + 4], "little")


class Guest:
    """What a guest does, with the arguments of a well-behaved one unless told otherwise."""

    def __init__(self, **given: str) -> None:
        self.memory = Memory()
        self.provision: Provision = wasi_nn.provide(given)
        self.calls = {each.name: each.call for each in self.provision.functions}

    def call(self, name: str, *arguments: int) -> int:
        errno = self.calls[name](self.memory, *arguments)
        assert isinstance(errno, int)
        return errno

    def load(self, model: bytes, encoding: int = TFLITE, target: int = CPU, count: int = 1) -> int:
        self.memory.bytes[MODEL : MODEL + len(model)] = model
        self.memory.put(BUILDERS, "<II", MODEL, len(model))
        return self.call("load", BUILDERS, count, encoding, target, HANDLE)

    def ready(self, model: bytes) -> Guest:
        assert self.load(model) == 0
        assert self.call("init_execution_context", self.memory.u32(HANDLE), HANDLE) == 0
        return self

    def set_input(
        self,
        data: bytes = struct.pack("<6f", *VALUES),
        dims: tuple[int, ...] = SHAPE,
        kind: int = F32,
        *,
        data_size: int | None = None,
        index: int = 0,
        context: int = 0,
    ) -> int:
        self.memory.put(DIMS, f"<{len(dims)}I", *dims)
        self.memory.bytes[DATA : DATA + len(data)] = data
        size = len(data) if data_size is None else data_size
        self.memory.put(TENSOR, "<IIBxxxII", DIMS, len(dims), kind, DATA, size)
        return self.call("set_input", context, index, TENSOR)

    def reason(self) -> str:
        said = self.provision.reason()
        assert said is not None
        return said


@pytest.fixture
def guest() -> Guest:
    return Guest().ready(relu(SHAPE))


def test_a_guest_gets_what_the_model_computes(guest: Guest) -> None:
    assert guest.set_input() == 0
    assert guest.call("compute", 0) == 0
    assert guest.call("get_output", 0, 0, OUT, 24, HANDLE) == 0
    assert guest.memory.u32(HANDLE) == 24
    found = np.frombuffer(guest.memory.bytes, np.float32, 6, OUT).tolist()
    assert found == [0, 2, 3.5, 0, 5, 6]
    assert guest.provision.reason() is None


def test_two_contexts_of_a_graph_do_not_mix(guest: Guest) -> None:
    assert guest.call("init_execution_context", 0, HANDLE) == 0
    assert guest.memory.u32(HANDLE) == 1
    for context, value in ((0, 1.0), (1, 2.0)):
        assert guest.set_input(struct.pack("<6f", *[value] * 6), context=context) == 0
    for context in (0, 1):
        assert guest.call("compute", context) == 0
    for context, value in ((0, 1.0), (1, 2.0)):
        assert guest.call("get_output", context, 0, OUT, 24, HANDLE) == 0
        assert struct.unpack_from("<f", guest.memory.bytes, OUT) == (value,)


@pytest.mark.parametrize(
    ("encoding", "target", "count", "errno"),
    [
        (0, CPU, 1, wasi_nn.INVALID_ENCODING),
        (6, CPU, 1, wasi_nn.INVALID_ENCODING),
        (2**32 - 1, CPU, 1, wasi_nn.INVALID_ENCODING),
        (TFLITE, 1, 1, wasi_nn.UNSUPPORTED_OPERATION),
        (TFLITE, 3, 1, wasi_nn.INVALID_ARGUMENT),
        (TFLITE, CPU, 0, wasi_nn.INVALID_ARGUMENT),
        (TFLITE, CPU, 2, wasi_nn.INVALID_ARGUMENT),
        (5, CPU, 1, wasi_nn.SUCCESS),  # autodetect
    ],
)
def test_only_tflite_on_the_processor_is_served(
    encoding: int, target: int, count: int, errno: int
) -> None:
    assert Guest().load(relu(SHAPE), encoding, target, count) == errno


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (b"", "not a TFLite file"),
        (b"\0asm\1\0\0\0", "not a TFLite file"),
        (relu(SHAPE)[:-9], "cut short or broken"),
        (relu(SHAPE)[:9], "cut short or broken"),
        (b"\xff\xff\xff\xffTFL3" + bytes(64), "cut short or broken"),
    ],
)
def test_what_is_no_model_is_an_errno_and_a_reason(model: bytes, why: str) -> None:
    guest = Guest()
    assert guest.load(model) == wasi_nn.INVALID_ENCODING
    assert why in guest.reason()
    assert "\n" not in guest.reason()
    assert guest.load(relu(SHAPE)) == 0  # and the guest may try another


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"dims": (2, 3)}, "input 0 is float32 1 x 2 x 3, the guest gave float32 2 x 3"),
        ({"dims": (1, 3, 2)}, "the guest gave float32 1 x 3 x 2"),
        ({"dims": ()}, "the guest gave float32 without dimensions"),
        ({"dims": (1,) * 17}, "a tensor of 17 dimensions"),
        ({"kind": U8}, "the guest gave uint8 1 x 2 x 3"),
        ({"kind": 9}, "the guest gave type 9"),
        ({"data_size": 23}, "input 0 has 24 bytes, the guest gave 23"),
        ({"data_size": 25}, "input 0 has 24 bytes, the guest gave 25"),
        ({"index": 1}, "there is no input 1"),
        ({"context": 7}, "there is no context 7"),
    ],
)
def test_a_tensor_that_is_not_the_models_is_refused(
    guest: Guest, wrong: dict[str, Any], why: str
) -> None:
    assert guest.set_input(**wrong) == wasi_nn.INVALID_ARGUMENT
    assert why in guest.reason()


def test_bytes_are_a_tensor_where_the_model_says_so() -> None:
    guest = Guest().ready(relu((4,), "UINT8"))
    assert guest.set_input(bytes([1, 2, 3, 4]), (4,), F32) == wasi_nn.INVALID_ARGUMENT
    assert guest.set_input(bytes([1, 2, 3, 4]), (4,), U8) == 0


def test_an_output_that_does_not_fit_is_too_large(guest: Guest) -> None:
    assert guest.set_input() == 0
    assert guest.call("compute", 0) == 0
    assert guest.call("get_output", 0, 0, OUT, 23, HANDLE) == wasi_nn.TOO_LARGE
    assert guest.reason() == "wasi-nn: output 0 has 24 bytes, the guest has room for 23"
    assert guest.memory.bytes[OUT : OUT + 24] == bytes(24)
    assert guest.call("get_output", 0, 1, OUT, 24, HANDLE) == wasi_nn.INVALID_ARGUMENT


def test_steps_out_of_order_are_refused(guest: Guest) -> None:
    assert guest.call("get_output", 0, 0, OUT, 24, HANDLE) == wasi_nn.INVALID_ARGUMENT
    assert guest.call("compute", 0) == wasi_nn.INVALID_ARGUMENT
    assert guest.call("compute", 1) == wasi_nn.INVALID_ARGUMENT
    assert guest.call("init_execution_context", 5, HANDLE) == wasi_nn.INVALID_ARGUMENT
    assert guest.reason() == "wasi-nn: there is no graph 5"


def test_a_guest_cannot_fill_the_hosts_memory_with_handles() -> None:
    guest = Guest()
    answers = [guest.load(relu(SHAPE)) for _ in range(17)]
    assert answers == [0] * 16 + [wasi_nn.BUSY]
    answers = [guest.call("init_execution_context", 0, HANDLE) for _ in range(17)]
    assert answers == [0] * 16 + [wasi_nn.BUSY]


def test_what_litert_or_numpy_raises_is_an_errno_and_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError("no room\nfor tensors")

    monkeypatch.setattr(litert, "allocate", fail)
    guest = Guest()
    assert guest.load(relu(SHAPE)) == 0
    handle = guest.memory.u32(HANDLE)
    assert guest.call("init_execution_context", handle, HANDLE) == wasi_nn.RUNTIME_ERROR
    said = "wasi-nn: init_execution_context failed: MemoryError: no room for tensors"
    assert guest.reason() == said


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("load", (SIZE - 4, 1, TFLITE, CPU, HANDLE)),
        ("load", (BUILDERS, 1, TFLITE, CPU, SIZE - 3)),
        ("load", (BUILDERS, 1, TFLITE, CPU, 2**32 - 1)),
        ("init_execution_context", (0, SIZE - 3)),
        ("set_input", (0, 0, SIZE - 19)),
        ("get_output", (0, 0, SIZE - 23, 24, HANDLE)),
        ("get_output", (0, 0, OUT, 24, SIZE)),
    ],
)
def test_an_address_outside_the_memory_is_an_errno(
    guest: Guest, call: str, arguments: tuple[int, ...]
) -> None:
    assert guest.set_input() == 0
    assert guest.call("compute", 0) == 0
    assert guest.call(call, *arguments) == wasi_nn.INVALID_ARGUMENT
    assert "are outside the guest's memory" in guest.reason()


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("<IIBxxxII", (SIZE, 3, F32, DATA, 24)),
        ("<IIBxxxII", (DIMS, 3, F32, SIZE - 23, 24)),
        ("<IIBxxxII", (DIMS, 3, F32, 2**32 - 1, 24)),
    ],
)
def test_an_address_inside_a_tensor_is_checked_too(
    guest: Guest, form: str, values: tuple[int, ...]
) -> None:
    guest.memory.put(DIMS, "<3I", *SHAPE)
    guest.memory.put(TENSOR, form, *values)
    assert guest.call("set_input", 0, 0, TENSOR) == wasi_nn.INVALID_ARGUMENT
    assert "are outside the guest's memory" in guest.reason()


_NUMBERS = st.one_of(
    st.integers(0, 8),
    st.integers(0, SIZE + 8),
    st.integers(SIZE - 32, SIZE),
    st.integers(2**32 - 64, 2**32 - 1),
)
_CALLS = {
    "load": 5,
    "init_execution_context": 2,
    "set_input": 3,
    "compute": 1,
    "get_output": 5,
}


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_a_guest_passes_it_gets_an_errno(data: st.DataObject) -> None:
    guest = Guest().ready(relu(SHAPE))
    guest.set_input()
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, SIZE - 4))
        guest.memory.put(at, "<I", data.draw(_NUMBERS))
        name = data.draw(st.sampled_from(sorted(_CALLS)))
        arguments = [data.draw(_NUMBERS) for _ in range(_CALLS[name])]
        assert 0 <= guest.call(name, *arguments) <= wasi_nn.NOT_FOUND


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"nn.threads": "0"}, "nn.threads is 1 to 64, got '0'"),
        ({"nn.threads": "two"}, "nn.threads is 1 to 64"),
        ({"nn.threads": "65"}, "nn.threads is 1 to 64"),
        ({"nn.delegate": "gpu"}, "nn.delegate is xnnpack or none, got 'gpu'"),
    ],
)
def test_a_wrong_setting_is_one_line(given: dict[str, str], why: str) -> None:
    with pytest.raises(HostError, match="nn") as caught:
        wasi_nn.provide(given)
    assert why in str(caught.value)
    assert caught.value.exit_code == 2


def test_litert_that_is_not_installed_is_one_line_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(HostError, match=r"needs LiteRT.*install it: .*ai-edge-litert") as caught:
        wasi_nn.provide({})
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(("delegate", "kernel"), [("xnnpack", "xnnpack"), ("none", "builtin")])
def test_the_kernels_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delegate: str, kernel: str
) -> None:
    events = tmp_path / "events"
    monkeypatch.setenv("BENCHHARNESS_EVENTS", str(events))
    guest = Guest(**{"nn.delegate": delegate}).ready(relu(SHAPE))
    guest.provision.finish()
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    (said,) = [line["value"] for line in lines if line["event"] == "output"]
    assert said == kernel
    phases = [line["name"] for line in lines if line["event"] == "phase"]
    assert phases == ["load_nn", "load_nn"]


def test_litert_does_not_chat(capfd: pytest.CaptureFixture[str]) -> None:
    Guest().ready(relu(SHAPE))
    assert capfd.readouterr().err == ""
