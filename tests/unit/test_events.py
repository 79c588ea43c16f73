from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchharness import events

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
    )
    environment = {"PYTHONPATH": str(ROOT), events.ENVIRONMENT_VARIABLE: str(path)}
    subprocess.run([python, "-c", program], env=environment, check=True)
    assert [line["event"] for line in lines(path)] == ["window", "output", "window"]
