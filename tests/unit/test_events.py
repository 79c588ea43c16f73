from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness import events
from benchharness.trial.event_file import EventFile

ROOT = Path(__file__).resolve().parents[2]


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_without_a_harness_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(events.ENVIRONMENT_VARIABLE, raising=False)
    assert not events.enabled()
    with events.window(), events.phase("work"):
        events.metric("loss", 0.5)
        events.output("x", 1)


def test_lines_carry_monotonic_nanoseconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "events"
    monkeypatch.setenv(events.ENVIRONMENT_VARIABLE, str(path))
    before = time.monotonic_ns()
    with events.window(), events.phase("work"):
        events.metric("loss", 0.5, unit="1", step=3)
    events.output("sum", "f00d")
    after = time.monotonic_ns()
    said = lines(path)
    assert [(line["event"], line.get("edge"), line.get("name")) for line in said] == [
        ("window", "start", None),
        ("phase", "start", "work"),
        ("metric", None, "loss"),
        ("phase", "end", "work"),
        ("window", "end", None),
        ("output", None, "sum"),
    ]
    stamps = [line["t_ns"] for line in said]
    assert all(isinstance(stamp, int) and before <= stamp <= after for stamp in stamps)
    assert stamps == sorted(stamps)  # type: ignore[type-var]


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "events"
    monkeypatch.setenv(events.ENVIRONMENT_VARIABLE, str(path))
    return path


def test_a_server_says_what_it_knows_of_its_clients(path: Path) -> None:
    with events.phase("round", step=3):
        events.span("train", 5, 9, step=3, participant="client-2")
        events.span("own", 1, 2, cpu_s=0.75)
        events.metric("loss", 0.5, step=3, participant="client-2")
        events.left_out("client-1", "no answer", step=3)
        events.left_out("client-4", "NaN")
    first, *said, last = lines(path)
    assert (first["edge"], first["step"], last["edge"], last["step"]) == ("start", 3, "end", 3)
    client = {"name": "train", "step": 3, "participant": "client-2"}
    assert said[:4] == [
        {"t_ns": 5, "event": "phase", "edge": "start", **client},
        {"t_ns": 9, "event": "phase", "edge": "end", **client},
        {"t_ns": 1, "event": "phase", "edge": "start", "name": "own"},
        {"t_ns": 2, "event": "phase", "edge": "end", "name": "own", "cpu_s": 0.75},
    ]
    metric, silent, broken = said[4:]
    assert (metric["participant"], metric["step"], metric["unit"]) == ("client-2", 3, "1")
    assert (silent["participant"], silent["text"], silent["step"]) == ("client-1", "no answer", 3)
    assert (broken["participant"], "step" in broken) == ("client-4", False)


who = st.none() | st.sampled_from(["main", "client-1"])
step = st.none() | st.integers(-5, 2000)
name = st.text(min_size=1, max_size=8)
calls = st.one_of(
    st.tuples(
        st.just(events.span),
        name,
        st.integers(0, 2**61),
        st.integers(0, 2**61),
        step,
        who,
        st.none() | st.floats(0, 1e9) | st.integers(0, 2**53),
    ),
    st.tuples(
        st.just(events.metric),
        name,
        st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
        st.text(max_size=3),
        step,
        who,
    ),
    st.tuples(st.just(events.left_out), st.just("client-1"), st.text(max_size=9), step),
    st.tuples(st.just(events.output), name, st.lists(st.integers() | st.text(), max_size=3)),
    st.tuples(st.just(events.ready)),
    st.tuples(st.just(events.started)),
    st.tuples(st.just(events.window_start)),
)


@given(st.lists(calls, max_size=8))
def test_the_harness_understands_all_that_can_be_said(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[Any, ...]]
) -> None:
    path = tmp_path_factory.mktemp("said") / "events"
    file = EventFile(path, "main", ["main", "client-1"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(events.ENVIRONMENT_VARIABLE, str(path))
        patch.setattr(events, "_descriptor", None)
        for function, *arguments in said:
            function(*arguments)
        if events._descriptor is not None:
            os.close(events._descriptor)
    read = file.read()
    file.close()
    assert file.rejected == {}
    assert len(read) == sum(2 if function is events.span else 1 for function, *_ in said)
    named = [call[-1] for call in said if call[0] is events.metric]
    assert [e.participant for e in read if e.kind == "metric"] == [w or "main" for w in named]
    values = [call[2] for call in said if call[0] is events.metric]
    assert [e.value for e in read if e.kind == "metric"] == values
    cpu_s = [call[-1] for call in said if call[0] is events.span]
    assert [e.value for e in read if e.kind == "phase" and e.edge == "end"] == cpu_s


def test_who_has_started_waits_until_its_device_is_held(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held, slept = tmp_path / "held", []

    def sleep(duration_s: float) -> None:
        slept.append(duration_s)
        if len(slept) == 3:
            held.touch()

    monkeypatch.setattr(time, "sleep", sleep)
    assert events.started()  # nobody is to be waited for
    monkeypatch.setenv(events.HELD_VARIABLE, str(held))
    assert not events.started(timeout_s=0.0)
    assert slept == []
    assert events.started()
    assert len(slept) == 3
    assert events.started(timeout_s=0.0)  # a program that was started again
    assert [line["event"] for line in lines(path)] == ["started"] * 4


def test_the_file_is_of_python_3_6() -> None:
    source = (ROOT / "benchharness" / "events.py").read_text()
    ast.parse(source, feature_version=(3, 6))
    for later in ("from __future__ import annotations", ":=", "removeprefix", "match "):
        assert later not in source


def test_a_window_ends_when_the_body_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "events"
    monkeypatch.setenv(events.ENVIRONMENT_VARIABLE, str(path))
    with pytest.raises(ZeroDivisionError), events.window(), events.phase("work"):
        _ = 1 / 0
    assert [line["edge"] for line in lines(path)] == ["start", "start", "end", "end"]


def test_importing_the_package_needs_the_standard_library_only() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import benchharness.events; "
        "bad = {'numpy', 'pandas', 'psutil', 'rich', 'dataclasses'} & set(sys.modules); "
        "sys.exit(f'imported {bad}' if bad else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def old_pythons() -> list[str]:
    found = [shutil.which(f"python3.{minor}") for minor in (6, 7, 8, 9)]
    places = Path.home().glob(".pyenv/versions/3.[6789].*/bin/python3")
    return [path for path in found if path] + [str(path) for path in places]


@pytest.mark.parametrize("python", old_pythons())
def test_events_work_under_an_old_interpreter(python: str, tmp_path: Path) -> None:
    if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode != 0:
        return  # a launcher without an interpreter behind it
    path = tmp_path / "events"
    program = (
        "from benchharness import events\n"
        "with events.window():\n"
        "    events.output('python', 'old')\n"
        "assert events.started()\n"
    )
    environment = {"PYTHONPATH": str(ROOT), events.ENVIRONMENT_VARIABLE: str(path)}
    subprocess.run([python, "-c", program], env=environment, check=True)
    assert [line["event"] for line in lines(path)] == ["window", "output", "window", "started"]
