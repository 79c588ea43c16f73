"""Outputs are compared exactly, floats within a tolerance; the expected ones may be computed."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import GateError
from benchharness.plan.expected import expected_outputs, mismatches
from benchharness.plan.factors import Factor
from benchharness.plan.records import Expected, Manifest


def json_values() -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )


@given(st.dictionaries(st.text(), json_values()))
@pytest.mark.slow
def test_outputs_match_themselves_and_whatever_comes_on_top(outputs: dict[str, Any]) -> None:
    assert mismatches(outputs, outputs) == []
    assert mismatches({}, outputs) == []


@given(st.floats(1e-300, 1e300), st.floats(0, 1), st.sampled_from([1e-3, 1e-9]))
def test_a_float_may_differ_by_the_tolerance_and_no_more(
    value: float, share: float, tolerance: float
) -> None:
    near = value * (1 + 0.99 * share * tolerance)
    far = value * (1 + (1.02 + share) * tolerance)
    assert mismatches({"x": value}, {"x": near}, tolerance) == []
    assert len(mismatches({"x": value}, {"x": far}, tolerance)) == 1


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (5, 5.0),
        (0.0, 1e-10),
        (math.nan, math.nan),
        (math.inf, math.inf),
        ((1, 2.0), [1, 2.0000000001]),
        ({"a": [1.0]}, {"a": [1.0 + 1e-12]}),
    ],
)
def test_these_are_the_same(expected: Any, actual: Any) -> None:
    assert mismatches({"x": expected}, {"x": actual}) == []


@pytest.mark.parametrize(
    ("expected", "actual", "sentence"),
    [
        (10**17, 10**17 + 1, "output 'x' is 100000000000000001, expected 100000000000000000"),
        (1, True, "output 'x' is true, expected 1"),
        (1, "1", "output 'x' is \"1\", expected 1"),
        (None, 0, "output 'x' is 0, expected null"),
        (0.0, 1e-8, "output 'x' is 1e-08, expected 0.0"),
        (1.0, math.nan, "output 'x' is NaN, expected 1.0"),
        (1.0, math.inf, "output 'x' is Infinity, expected 1.0"),
        ([1, 2], [1], "output 'x' has 1 items, expected 2"),
        ([1, [2]], [1, [3]], "output 'x'[1][0] is 3, expected 2"),
        ({"a": 1}, {"a": 1, "b": 2}, "output 'x': 'b' is not expected"),
        ({"a": 1}, {}, "output 'x': 'a' is missing"),
        ("f00d", "F00D", 'output \'x\' is "F00D", expected "f00d"'),
    ],
)
def test_these_are_not(expected: Any, actual: Any, sentence: str) -> None:
    assert mismatches({"x": expected}, {"x": actual}) == [sentence]


def test_a_missing_output_says_what_was_expected() -> None:
    assert mismatches({"sum": 5, "n": 1}, {"n": 2}) == [
        "output 'sum' is missing, expected 5",
        "output 'n' is 2, expected 1",
    ]


def test_a_long_output_is_shortened() -> None:
    (sentence,) = mismatches({"x": "a"}, {"x": "b" * 10_000})
    assert len(sentence) < 150


# The program


def workload(tmp_path: Path, script: str, timeout_s: float = 20.0, **more: Any) -> Manifest:
    return Manifest(
        name="sums",
        title="Sums",
        folder=tmp_path,
        argv=("true",),
        source="workload.toml",
        factors={"n": Factor("n", "int", 5)},
        expected=Expected(program=("sh", "-c", script, "sh", "{n}"), timeout_s=timeout_s, **more),
        env={"FROM_MANIFEST": "{n} of {workload}"},
    )


def error_of(manifest: Manifest) -> str:
    with pytest.raises(GateError) as caught:
        expected_outputs(manifest, {"n": 5})
    line = caught.value.line()
    assert "\n" not in line
    assert line.startswith("workload.toml: expected.program: ")
    return line


def test_nothing_is_expected_of_a_workload_that_expects_nothing(tmp_path: Path) -> None:
    manifest = Manifest(name="x", title="x", folder=tmp_path, argv=("true",))
    assert expected_outputs(manifest, {}) == {}


def test_the_program_knows_the_factors_and_comes_before_the_static_outputs(tmp_path: Path) -> None:
    script = 'echo "{{\\"sum\\": $1, \\"env\\": \\"$FROM_MANIFEST\\", \\"pi\\": 3.14}}"'
    manifest = workload(tmp_path, script, outputs={"pi": 3, "answer": 42})
    assert expected_outputs(manifest, {"n": 7}) == {
        "sum": 7,
        "env": f"7 of {tmp_path}",
        "pi": 3.14,
        "answer": 42,
    }


def test_the_program_answers_for_all_repetitions_and_knows_of_none(tmp_path: Path) -> None:
    manifest = workload(tmp_path, 'echo "{{\\"run\\": \\"${{RUN-none}}\\"}}"')
    manifest = replace(manifest, env={"RUN": "{repetition}"})
    assert expected_outputs(manifest, {"n": 7}) == {"run": "none"}


def test_the_program_runs_in_an_empty_folder_of_its_own(tmp_path: Path) -> None:
    script = 'touch left; echo "{{\\"folder\\": \\"$(pwd)\\", \\"files\\": \\"$(ls)\\"}}"'
    outputs: Mapping[str, Any] = expected_outputs(workload(tmp_path, script), {"n": 1})
    assert outputs["files"] == "left"
    assert not Path(outputs["folder"]).exists()


def test_secrets_of_the_user_do_not_reach_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCHHARNESS_MQTT_PASSWORD", "hunter2")
    script = 'echo "{{\\"password\\": \\"$BENCHHARNESS_MQTT_PASSWORD\\"}}"'
    assert expected_outputs(workload(tmp_path, script), {"n": 1}) == {"password": ""}


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("echo one >&2; echo no such size >&2; exit 3", "ended with exit code 3: no such size"),
        ("exit 1", "ended with exit code 1: it said nothing"),
        ("kill -SEGV $$", "was killed by signal 11"),
        ("echo 12", 'did not print a JSON object but "12"'),
        ("echo", 'did not print a JSON object but ""'),
        ("echo '[1]'", 'did not print a JSON object but "[1]"'),
        ("head -c 17000000 /dev/zero", "printed more than 16 MiB"),
    ],
)
def test_a_program_that_fails_is_one_line(tmp_path: Path, script: str, what: str) -> None:
    assert what in error_of(workload(tmp_path, script))


def test_a_program_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    manifest = Manifest(
        name="x",
        title="x",
        folder=tmp_path,
        argv=("true",),
        source="workload.toml",
        expected=Expected(program=("no-such-program-here",)),
    )
    assert "'no-such-program-here' cannot be started: No such file" in error_of(manifest)


def test_a_program_that_never_ends_is_killed_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 1000 & echo $! > {pids}; echo $$ >> {pids}; wait"
    assert "did not answer within 0.5 s" in error_of(workload(tmp_path, script, timeout_s=0.5))
    for pid in map(int, pids.read_text().split()):
        assert _ends(pid)


def _ends(pid: int) -> bool:
    """Return whether a process ends soon; the kernel needs a moment after a kill."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "Z":  # an orphan in a container whose init does not reap
            return True
        time.sleep(0.01)
    return False
