"""Preparations: once for the variants that share one, and how far they are."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchharness.cli.preparing import NotHereError, Preparation, PreparationLine
from benchharness.errors import UsageError
from benchharness.plan.records import Manifest
from benchharness.trial.spec import REPETITION_PLACE, SCRATCH_PLACE


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def workload(folder: Path) -> Manifest:
    return Manifest(name="matrix", title="Matrix", folder=folder, argv=("true",))


def test_what_has_been_prepared_is_not_prepared_again(tmp_path: Path) -> None:
    preparation = Preparation()
    note = "import sys; open('ran', 'a').write(sys.argv[1])"
    for word in ("a", "b", "a", "b", "a"):
        argv = (sys.executable, "-c", note, word)
        preparation.prepare(workload(tmp_path), "any label", argv, {})
    assert (tmp_path / "ran").read_text() == "ab"
    # Another environment is another preparation.
    preparation.prepare(workload(tmp_path), "x", (sys.executable, "-c", note, "a"), {"OMP": "1"})
    assert (tmp_path / "ran").read_text() == "aba"


def test_it_has_a_scratch_folder_in_its_arguments_and_its_environment(tmp_path: Path) -> None:
    note = "import os, sys; open('seen', 'w').write(f'{sys.argv[1]}|{os.environ[\"PLACE\"]}')"
    argv = (sys.executable, "-c", note, f"{SCRATCH_PLACE}/x")
    Preparation().prepare(workload(tmp_path), "x", argv, {"PLACE": SCRATCH_PLACE})
    word, place = (tmp_path / "seen").read_text().split("|")
    assert word == f"{place}/x"
    assert not Path(place).exists()


def test_it_serves_all_repetitions_and_knows_of_none(tmp_path: Path) -> None:
    note = "import os; open('seen', 'w').write(' '.join(sorted(os.environ)))"
    env = {"SEED": f"7-{REPETITION_PLACE}", "KEPT": "1"}
    Preparation().prepare(workload(tmp_path), "x", (sys.executable, "-c", note), env)
    seen = (tmp_path / "seen").read_text().split()
    assert "KEPT" in seen
    assert "SEED" not in seen


@pytest.mark.parametrize(
    ("program", "kind", "line"),
    [
        (
            "import sys; print('wasmer is not here; run: get it', file=sys.stderr); sys.exit(3)",
            NotHereError,
            "matrix wasmer jit: cannot be had here: wasmer is not here; run: get it",
        ),
        (
            "import sys; sys.exit('matrix: no such n')",
            UsageError,
            "matrix wasmer jit: cannot be prepared: no such n",
        ),
        (
            "import sys; sys.exit(3)",
            NotHereError,
            "matrix wasmer jit: cannot be had here: exit code 3",
        ),
        (
            "import sys; sys.exit('syntax error')",
            UsageError,
            "matrix wasmer jit: cannot be prepared: syntax error",
        ),
    ],
)
def test_what_fails_fails_each_variant_with_its_own_label(
    tmp_path: Path, program: str, kind: type[UsageError], line: str
) -> None:
    preparation = Preparation()
    for label in ("wasmer jit", "matrix wasmer jit"):
        with pytest.raises(UsageError) as caught:
            preparation.prepare(workload(tmp_path), label, (sys.executable, "-c", program), {})
        assert type(caught.value) is kind
        assert caught.value.line() == line


def test_a_program_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^matrix x: the preparation cannot be run: /no/compiler"):
        Preparation().prepare(workload(tmp_path), "x", ("/no/compiler",), {})


@pytest.mark.parametrize("ending", ["; wait", ""], ids=["waits", "leaves it"])
def test_out_of_time_the_programs_that_it_started_end_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr("benchharness.cli.preparing._TIMEOUT_S", 0.5)
    argv = ("/bin/sh", "-c", f"sleep 600 & echo $! > pid{ending}")
    with pytest.raises(UsageError, match=r"^matrix x: the preparation took over 0 s$"):
        Preparation().prepare(workload(tmp_path), "x", argv, dict(os.environ))
    wait_until_gone(int((tmp_path / "pid").read_text()))


def test_an_interrupt_ends_the_programs_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(process: subprocess.Popen[str], **_options: object) -> None:
        assert process.stdout is not None
        process.stdout.readline()
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupt)
    argv = ("/bin/sh", "-c", "sleep 600 & echo $! > pid; echo started; wait")
    with pytest.raises(KeyboardInterrupt):
        Preparation().prepare(workload(tmp_path), "x", argv, dict(os.environ))
    wait_until_gone(int((tmp_path / "pid").read_text()))


def wait_until_gone(pid: int) -> None:
    """Wait until a process has ended; whoever adopted it may not have collected it yet."""
    deadline = time.monotonic() + 10
    with contextlib.suppress(OSError):
        while "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_terminal_shows_how_far_it_is_and_is_left_clean() -> None:
    stream = Terminal()
    line = PreparationLine(stream)
    line.show(12, 40, "matrix wasmedge aot")
    assert stream.getvalue() == "\r\x1b[Kpreparing 12 of 40: matrix wasmedge aot"
    line.close()
    line.close()
    assert stream.getvalue().endswith("aot\r\x1b[K")


def test_a_line_is_never_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    PreparationLine(stream).show(1, 2, "a label that is rather long")
    assert stream.getvalue() == "\r\x1b[Kpreparing 1 of 2: a"


def test_a_log_is_told_now_and_then_only(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr("benchharness.cli.preparing.time.monotonic", lambda: now_s)
    stream = io.StringIO()
    line = PreparationLine(stream)
    for number in range(1, 41):
        now_s += 2.0
        line.show(number, 40, "aot")
    line.close()
    assert stream.getvalue() == "preparing 15 of 40: aot\npreparing 30 of 40: aot\n"
