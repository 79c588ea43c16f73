"""Host functions under Wasmtime: numbers, memory that grows, failures; in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime

from wasm_modules.hosts.failures import HostError, TrapError
from wasm_modules.hosts.request import Request
from wasm_modules.hosts.runtime import EFAULT, GuestMemory, HostFunction
from wasm_modules.hosts.wasmtime_config import modes_here, offered_modes
from wasm_modules.hosts.wasmtime_host import WasmtimeRuntime

PAGE = 65536


def run(
    text: str,
    *functions: HostFunction,
    mode: str = "jit",
    artefact: Path | None = None,
    fuel: int | None = None,
) -> int:
    request = Request(Path("guest.wasm"), mode=mode, fuel=fuel)
    runtime = WasmtimeRuntime()
    runtime.load(request)
    code = bytes(wasmtime.wat2wasm(text))
    if artefact is None:
        runtime.compile(request, code)
    else:
        runtime.build(request, code, artefact)
        runtime.deserialize(request, artefact)
    runtime.instantiate(request, functions)
    return runtime.run()


def function(
    call: Callable[..., int | None], parameters: tuple[str, ...] = (), results: tuple[str, ...] = ()
) -> HostFunction:
    return HostFunction("host", "f", parameters, results, call)


def guest(kind: str, body: str, memory: str = '(memory (export "memory") 1 8)') -> str:
    return f'(module (import "host" "f" (func $f {kind})) {memory} (func (export "_start") {body}))'


@pytest.mark.parametrize("mode", modes_here())
def test_arguments_are_unsigned_and_results_any_integer(mode: str, tmp_path: Path) -> None:
    seen: list[tuple[float, ...]] = []

    def call(_memory: GuestMemory, *arguments: int) -> int:
        seen.append(arguments)
        return 0xFFFF_FFFF_FFFF_FFFE

    text = guest(
        "(param i32 i64 f64) (result i64)",
        "(if (i64.ne (call $f (i32.const -1) (i64.const -2) (f64.const 0.5)) (i64.const -2))"
        " (then unreachable))",
    )
    artefact = tmp_path / "a.so" if mode == "aot" else None
    given = function(call, ("i32", "i64", "f64"), ("i64",))
    assert run(text, given, mode=mode, artefact=artefact) == 0
    assert seen == [(0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFE, 0.5)]


@pytest.mark.parametrize("mode", modes_here())
def test_memory_is_seen_as_it_is_after_it_has_grown(mode: str, tmp_path: Path) -> None:
    sizes = []

    def call(memory: GuestMemory, at: int) -> None:
        memory.view(at, 4)[:] = b"host"
        sizes.append(bytes(memory.view(at, 4)))
        with pytest.raises(IndexError):
            memory.view(at, 5)

    body = "".join(
        f"(call $f (i32.const {pages * PAGE - 4}))"
        f"(if (i32.ne (i32.load (i32.const {pages * PAGE - 4})) (i32.const 0x74736f68))"
        " (then unreachable))"
        "(drop (memory.grow (i32.const 1)))"
        for pages in (1, 2, 3)
    )
    artefact = tmp_path / "a.so" if mode == "aot" else None
    given = function(call, ("i32",))
    assert run(guest("(param i32)", body), given, mode=mode, artefact=artefact) == 0
    assert sizes == [b"host"] * 3


@pytest.mark.parametrize(
    ("at", "size"), [(PAGE, 1), (PAGE - 1, 2), (0xFFFF_FFFF, 1), (0, PAGE + 1), (PAGE + 1, 0)]
)
def test_what_is_outside_is_an_error_that_the_function_may_answer(at: int, size: int) -> None:
    def call(memory: GuestMemory, at: int, size: int) -> int:
        try:
            memory.view(at, size)
        except IndexError:
            return EFAULT
        return 0

    text = guest(
        "(param i32 i32) (result i32)",
        f"(if (i32.ne (call $f (i32.const {at}) (i32.const {size})) (i32.const {EFAULT}))"
        " (then unreachable))",
    )
    assert run(text, function(call, ("i32", "i32"), ("i32",))) == 0


def test_nothing_at_the_end_of_memory_is_inside_it() -> None:
    def call(memory: GuestMemory) -> None:
        assert bytes(memory.view(PAGE, 0)) == b""

    assert run(guest("", "(call $f)"), function(call)) == 0


def test_what_is_outside_and_not_answered_is_a_trap() -> None:
    def call(memory: GuestMemory) -> None:
        memory.view(PAGE, 1)

    with pytest.raises(TrapError, match=r"host::f: 1 bytes at 65536 are outside"):
        run(guest("", "(call $f)"), function(call))


def test_a_guest_without_a_memory_has_none() -> None:
    def call(memory: GuestMemory) -> None:
        memory.view(0, 1)

    with pytest.raises(TrapError, match="outside the guest's memory"):
        run(guest("", "(call $f)", memory=""), function(call))


@pytest.mark.parametrize("mode", modes_here())
def test_a_failure_of_a_function_is_what_the_host_fails_with(mode: str, tmp_path: Path) -> None:
    def call(_memory: GuestMemory) -> None:
        raise HostError("the server is gone", 1)

    artefact = tmp_path / "a.so" if mode == "aot" else None
    with pytest.raises(HostError, match=r"^the server is gone$") as caught:
        run(guest("", "(call $f)"), function(call), mode=mode, artefact=artefact)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("mode", modes_here())
def test_a_mistake_of_a_function_is_one_line(mode: str, tmp_path: Path) -> None:
    def call(_memory: GuestMemory) -> None:
        raise ZeroDivisionError("division by zero")

    artefact = tmp_path / "a.so" if mode == "aot" else None
    reason = r"^host::f failed: ZeroDivisionError: division by zero$"
    with pytest.raises(HostError, match=reason) as caught:
        run(guest("", "(call $f)"), function(call), mode=mode, artefact=artefact)
    assert caught.value.exit_code == 1


def test_a_failure_while_the_module_is_instantiated() -> None:
    def call(_memory: GuestMemory) -> None:
        raise HostError("the server is gone", 1)

    text = '(module (import "host" "f" (func $f)) (start $f) (func (export "_start")))'
    with pytest.raises(HostError, match=r"^the server is gone$"):
        run(text, function(call))


@pytest.mark.parametrize("mode", modes_here())
def test_fuel_that_is_used_up_says_so(mode: str, tmp_path: Path) -> None:
    text = '(module (func (export "_start") (loop (br 0))))'
    artefact = tmp_path / "a.so" if mode == "aot" else None
    with pytest.raises(HostError, match=r"^the guest used up its fuel of 100000$") as caught:
        run(text, mode=mode, artefact=artefact, fuel=100_000)
    assert caught.value.exit_code == 134
    assert run('(module (func (export "_start")))', mode=mode, artefact=artefact, fuel=1000) == 0


def test_machine_code_with_fuel_is_not_that_without() -> None:
    plain = Request(Path("a.wasm"), mode="aot")
    assert Request(Path("a.wasm"), mode="aot", fuel=1).built_as != plain.built_as
    assert Request(Path("a.wasm"), mode="aot", memory_limit_bytes=1).built_as != plain.built_as


def test_winch_is_offered_where_it_makes_code() -> None:
    assert offered_modes("aarch64") == ("interpreter", "jit", "aot", "jit-winch")
    assert offered_modes("riscv64") == ("interpreter", "jit", "aot")


def test_an_artefact_that_is_broken_is_one_line(tmp_path: Path) -> None:
    request = Request(Path("a.wasm"), mode="aot")
    runtime = WasmtimeRuntime()
    runtime.load(request)
    (tmp_path / "a.so").write_bytes(b"not code")
    with pytest.raises(HostError, match=r"cannot be loaded from .*a\.so: .*; delete it$"):
        runtime.deserialize(request, tmp_path / "a.so")
