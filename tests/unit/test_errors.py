from __future__ import annotations

from benchharness.errors import (
    GateError,
    MeterError,
    ResultsFileError,
    UnknownNameError,
    UsageError,
)


def test_an_error_is_one_line_with_where_and_remedy() -> None:
    error = UsageError("is not\na number", where="f.toml:3: repeat", remedy="write repeat = 3")
    assert error.line() == "f.toml:3: repeat: is not a number; write repeat = 3"


def test_the_nearest_name_is_offered() -> None:
    assert UnknownNameError("workload", "matrx", ["matrix", "noop"]).line() == (
        "unknown workload 'matrx'; did you mean 'matrix'?"
    )
    assert "known: a1, b2" in UnknownNameError("x", "zzzz", ["b2", "a1"]).line()
    assert "there are none" in UnknownNameError("x", "zzzz", []).line()


def test_exit_codes_are_the_contract() -> None:
    assert UsageError.exit_code == 2
    assert ResultsFileError.exit_code == 2
    assert GateError.exit_code == 1
    assert MeterError.exit_code == 3
