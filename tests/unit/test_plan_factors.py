"""Text becomes levels: the right ones, and only those."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue
from benchharness.plan.factors import Factor, Kind, conditions_in_words, satisfied
from benchharness.plan.templates import as_text

INT = Factor("n", "int", 1)
FLOAT = Factor("rate", "float", 1.0)
TEXT = Factor("text", "str", "a")
BOOL = Factor("flag", "bool", False, levels=(False, True))
PATH = Factor("module", "path", "")
RUNTIME = Factor("runtime", "str", "wasmtime", levels=("wasmtime", "native", "numpy"))


@pytest.mark.parametrize("factor", [INT, FLOAT, TEXT, BOOL], ids=lambda f: f.kind)
@given(data=st.data())
def test_a_level_written_as_text_is_read_back_as_itself(
    factor: Factor, data: st.DataObject
) -> None:
    strategies: dict[Kind, st.SearchStrategy[FactorValue]] = {
        "int": st.integers(),
        "float": st.floats(allow_nan=False, allow_infinity=False),
        "str": st.text(),
        "bool": st.booleans(),
    }
    value = data.draw(strategies[factor.kind])
    read = factor.level(as_text(value), "--set")
    assert read == value
    assert type(read) is type(value)


@given(st.text())
def test_text_that_is_no_integer_is_refused_in_one_line(text: str) -> None:
    digits = text.removeprefix("-").removeprefix("+").replace("_", "")
    assume(not (digits.isascii() and digits.isdigit()))
    with pytest.raises(UsageError) as caught:
        INT.level(text, "--set n")
    assert "\n" not in caught.value.line()
    assert caught.value.line().startswith("--set n: expected an integer, got ")


@pytest.mark.parametrize("text", ["5e3", "5.0", "0x10", "", " 5", "٣", "1__0", "_1", "--1"])
def test_what_looks_like_an_integer_is_not_one(text: str) -> None:
    with pytest.raises(UsageError):
        INT.level(text, "--set n")


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1e999", "one", ""])
def test_a_float_is_a_finite_number(text: str) -> None:
    with pytest.raises(UsageError, match="expected a number"):
        FLOAT.level(text, "--set rate")


def test_a_float_factor_takes_integers_as_floats() -> None:
    level = FLOAT.level(3, "file:1")
    assert level == 3.0
    assert isinstance(level, float)


@pytest.mark.parametrize(
    ("factor", "value", "got"),
    [
        (INT, 5.0, "a number"),
        (INT, True, "a boolean"),
        (FLOAT, True, "a boolean"),
        (BOOL, 1, "an integer"),
        (TEXT, 5, "an integer"),
    ],
)
def test_a_typed_value_of_another_type_is_refused(
    factor: Factor, value: FactorValue, got: str
) -> None:
    with pytest.raises(UsageError, match=f"got {got}"):
        factor.level(value, "file:1")


def test_a_float_that_is_not_finite_is_refused_in_a_file_too() -> None:
    with pytest.raises(UsageError, match="finite"):
        FLOAT.level(math.inf, "file:1")


def test_an_unknown_level_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        RUNTIME.level("wasmtme", "--vary runtime")
    assert caught.value.line() == (
        "--vary runtime: unknown level of runtime 'wasmtme'; did you mean 'wasmtime'?"
    )


def test_a_number_that_is_no_level_names_the_levels() -> None:
    factor = Factor("size", "int", 8, levels=(8, 16, 32))
    with pytest.raises(UsageError, match="9 is not a level of size; known: 8, 16, 32"):
        factor.level("9", "--set size")


def test_a_pattern_is_of_the_whole_text() -> None:
    factor = Factor("cuts", "str", "", pattern="([0-7](;[0-7])*)?", description="such as 1;4")
    assert [factor.level(text, "") for text in ("", "1;4;7")] == ["", "1;4;7"]
    for text in ("1;9;2", "1;", "a1"):
        with pytest.raises(UsageError, match=f"'{text}' does not fit cuts: such as 1;4"):
            factor.level(text, "--set cuts")


def test_bounds_are_inclusive() -> None:
    factor = Factor("n", "int", 5, minimum=1, maximum=10)
    assert [factor.level(text, "") for text in ("1", "10")] == [1, 10]
    with pytest.raises(UsageError, match="0 is below the minimum of n, 1"):
        factor.level("0", "--set n")
    with pytest.raises(UsageError, match="11 is above the maximum of n, 10"):
        factor.level("11", "--set n")


def test_a_quick_default_is_the_default_of_a_quick_run_only() -> None:
    factor = Factor("n", "int", 5000, quick=200)
    assert factor.default_level(quick=False) == 5000
    assert factor.default_level(quick=True) == 200
    assert INT.default_level(quick=True) == 1


def test_a_quick_default_of_zero_or_false_counts() -> None:
    assert Factor("n", "int", 5, quick=0).default_level(quick=True) == 0
    assert Factor("f", "bool", True, quick=False).default_level(quick=True) is False


def test_conditions_are_met_when_each_factor_is_at_one_of_its_levels() -> None:
    conditions = {"runtime": ("wasmtime", "wasmer"), "n": (1,)}
    assert satisfied(conditions, {"runtime": "wasmer", "n": 1})
    assert not satisfied(conditions, {"runtime": "wasmer", "n": 2})
    assert satisfied({}, {})
    assert conditions_in_words(conditions) == "runtime=wasmtime or wasmer and n=1"


def test_a_path_is_absolute_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.wasm").touch()
    monkeypatch.chdir(tmp_path / "a")
    absolute = str(tmp_path / "a" / "b.wasm")
    assert [PATH.level(text, "") for text in ("b.wasm", "./b.wasm", absolute)] == [absolute] * 3
    assert PATH.level(".", "") == str(tmp_path / "a")
    assert PATH.level("", "") == ""


def test_a_path_in_a_file_is_relative_to_that_file(tmp_path: Path) -> None:
    assert PATH.beside(tmp_path, "b.wasm") == str(tmp_path / "b.wasm")
    assert PATH.beside(tmp_path, "/b.wasm") == "/b.wasm"
    assert PATH.beside(tmp_path, "") == ""
    assert TEXT.beside(tmp_path, "b.wasm") == "b.wasm"
    assert INT.beside(tmp_path, 3) == 3


@pytest.mark.parametrize("text", ["nothing.wasm", "a\0b", "x" * 5000])
def test_a_path_that_is_not_there_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        PATH.level(text, "--set module")
    assert caught.value.line() == f"--set module: there is no {text}; check the path"


def test_a_path_is_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a path, got an integer"):
        PATH.level(3, "file:1")


def test_a_path_in_a_label_is_what_tells_it_from_the_others() -> None:
    both = ("/data/bz2/benchmark.wasm", "/data/noop/benchmark.wasm", "")
    assert [PATH.word(level, both) for level in both] == [
        *("bz2/benchmark.wasm", "noop/benchmark.wasm", ""),
    ]
    assert PATH.word("/data/bz2/a.wasm", ["/data/bz2/a.wasm"]) == "a.wasm"
    assert PATH.word("/a.wasm", ["/a.wasm", "/b/c.wasm"]) == "a.wasm"
    assert [TEXT.word("/a/b", ["/a/b"]), INT.word(7, [7])] == ["/a/b", "7"]
