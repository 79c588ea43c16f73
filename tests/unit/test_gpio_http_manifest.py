"""gpio-http's manifest, what it expects, and its recorded line."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchharness.plan.expected import expected_outputs
from benchharness.plan.manifest import find_workload
from benchharness.plan.run_table import plan_run
from wasm_modules.hosts import start
from wasm_modules.hosts.imports.gpio_lines import recorded_values

FOLDER = Path(__file__).resolve().parents[2] / "workloads" / "gpio-http"


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ModuleType]:
    """Return expected_posts.py and gpio_http.py, which are no package."""
    monkeypatch.syspath_prepend(str(FOLDER))
    found = []
    for name in ("expected_posts", "gpio_http"):
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        found.append(module)
    return found[0], found[1]


def test_the_default_is_the_papers_experiment_and_quick_is_quick() -> None:
    factors = find_workload("gpio-http").factors
    assert (factors["period_s"].default, factors["duration_s"].default) == (2.0, 120.0)
    assert (factors["period_s"].quick, factors["duration_s"].quick) == (0.2, 2.0)


def test_sockets_are_crossed_with_wasmedge_only_and_modes_with_who_has_them() -> None:
    vary = {
        "runtime": ["wasmtime", "wasmer", "wasmedge"],
        "build": ["host", "socket"],
        "mode": ["interpreter", "jit", "jit-llvm"],
    }
    found = plan_run(find_workload("gpio-http"), {}, vary, repeat=1, seed=1).variants
    assert {
        tuple(variant.factors[name] for name in ("runtime", "build", "mode")) for variant in found
    } == {
        ("wasmtime", "host", "interpreter"),
        ("wasmtime", "host", "jit"),
        ("wasmer", "host", "jit"),
        ("wasmer", "host", "jit-llvm"),
        ("wasmedge", "host", "interpreter"),
        ("wasmedge", "host", "jit"),
        ("wasmedge", "socket", "interpreter"),
        ("wasmedge", "socket", "jit"),
    }


def test_levels_are_those_of_the_programs(programs: tuple[ModuleType, ModuleType]) -> None:
    expected_posts, gpio_http = programs
    manifest = find_workload("gpio-http")
    assert manifest.factors["runtime"].levels == start.RUNTIMES
    assert manifest.factors["build"].levels == gpio_http.BUILDS
    assert manifest.factors["line"].default == expected_posts.RECORDED
    for variant in plan_run(manifest, {}, {"build": ["host"]}, repeat=1, seed=1).variants:
        path = manifest.module_path(variant.factors)
        assert path is not None and path.is_file()


def test_what_is_expected_depends_on_the_factors(tmp_path: Path) -> None:
    manifest = find_workload("gpio-http")
    (variant,) = plan_run(manifest, {"line": "gpiochip0:17"}, {}, repeat=1, seed=1).variants
    whole = {"posts": 60, "accepted": 60, "received": 60}
    none = dict.fromkeys(("refused", "failed", "lost", "doubled", "wrong"), 0)
    assert expected_outputs(manifest, variant.factors) == {**whole, **none}
    path = tmp_path / "line.txt"
    path.write_text("0\n1\n")
    factors = {"line": f"file:{path}", "period_s": "0.1", "duration_s": "0.3"}
    (variant,) = plan_run(manifest, factors, {}, repeat=1, seed=1).variants
    found = expected_outputs(manifest, variant.factors)
    assert found["posts"] == 3
    assert found["lines"] == "4e7b6c181d5dddbe"


@pytest.mark.parametrize(
    ("period_s", "duration_s", "count"),
    [
        (2.0, 120.0, 60),
        (0.2, 0.6, 3),
        (0.1, 0.3, 3),
        (0.2, 0.59, 2),
        (2.0, 1.0, 0),
        (0.001, 1, 1000),
    ],
)
def test_posts_are_the_whole_periods(
    programs: tuple[ModuleType, ModuleType], period_s: float, duration_s: float, count: int
) -> None:
    assert programs[0].post_count(period_s, duration_s) == count


def test_the_digest_is_fnv_1a(programs: tuple[ModuleType, ModuleType]) -> None:
    """Published values: the empty string's is the offset basis."""
    assert programs[0].digest((1,), 0) == "cbf29ce484222325"
    state = 0xCBF29CE484222325
    for byte in b"0110110":
        state = (state ^ byte) * 0x100000001B3 % 2**64
    assert programs[0].digest((0, 1, 1), 7) == f"{state:016x}"


def test_no_window_of_six_is_twice_in_the_recorded_line() -> None:
    values = recorded_values(FOLDER / "line.txt")
    assert values is not None
    assert len(values) == 63
    assert all(values[(n + 6) % 63] == values[(n + 1) % 63] ^ values[n] for n in range(63))
    doubled = values + values
    assert len({doubled[n : n + 6] for n in range(63)}) == 63
