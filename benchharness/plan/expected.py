"""What a right result looks like, and whether a trial's outputs are that.

A wrong result is a failed trial, whatever its time.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchharness.errors import GateError
from benchharness.model import Factors, FactorValue
from benchharness.plan.records import Manifest
from benchharness.plan.templates import expand, expand_argv, placeholders, template_names

_LARGEST_ANSWER_BYTES = 16 * 1024 * 1024
_SHOWN_CHARACTERS = 80
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")


def expected_outputs(manifest: Manifest, factors: Factors) -> dict[str, Any]:
    """Return the outputs that a variant must have; empty if the manifest expects none.

    Runs the manifest's program, once, in a temporary folder and within its time limit, so call
    this once per variant. Raises GateError in one line if it fails: a trial that cannot be
    checked is not worth measuring.
    """
    outputs = dict(manifest.expected.outputs)
    if manifest.expected.program is not None:
        outputs.update(_run_program(manifest, manifest.expected.program, factors))
    return outputs


def expected_key(manifest: Manifest, factors: Factors) -> object:
    """Return what is equal for variants whose expected outputs are the same."""
    if manifest.expected.program is None:
        return manifest.name
    names = template_names(manifest.folder, factors, "{scratch}", "{shared}")
    env = tuple(_environment(manifest, names).items())
    return (manifest.name, expand_argv(manifest.expected.program, names), env)


def mismatches(
    expected: Mapping[str, Any], actual: Mapping[str, Any], tolerance: float = 1e-9
) -> list[str]:
    """Return what is wrong with the outputs of a trial, a sentence each; empty if all is right.

    Strings, integers and booleans must be equal. Where either side is a float they may differ
    by ``tolerance`` of the larger (of 1 where 0 is expected). Lists and objects are compared
    item by item. Outputs that nobody expects are ignored.
    """
    found: list[str] = []
    for name, value in expected.items():
        if name not in actual:
            found.append(f"output {name!r} is missing, expected {_show(value)}")
        else:
            _compare(f"output {name!r}", value, actual[name], tolerance, found)
    return found


def _compare(name: str, expected: Any, actual: Any, tolerance: float, found: list[str]) -> None:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted({*expected, *actual}, key=str):
            if key not in actual:
                found.append(f"{name}: {key!r} is missing")
            elif key not in expected:
                found.append(f"{name}: {key!r} is not expected")
            else:
                _compare(f"{name}[{key!r}]", expected[key], actual[key], tolerance, found)
    elif isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        if len(expected) != len(actual):
            found.append(f"{name} has {len(actual)} items, expected {len(expected)}")
            return
        for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
            _compare(f"{name}[{index}]", left, right, tolerance, found)
    elif not _same(expected, actual, tolerance):
        found.append(f"{name} is {_show(actual)}, expected {_show(expected)}")


def _same(expected: Any, actual: Any, tolerance: float) -> bool:
    numbers = all(
        isinstance(value, (int, float)) and not isinstance(value, bool)
        for value in (expected, actual)
    )
    if not numbers:
        return type(expected) is type(actual) and bool(expected == actual)
    if isinstance(expected, int) and isinstance(actual, int):
        return expected == actual
    if math.isnan(expected) or math.isnan(actual):
        return math.isnan(expected) and math.isnan(actual)
    zero_tolerance = tolerance if expected == 0 else 0.0
    return math.isclose(expected, actual, rel_tol=tolerance, abs_tol=zero_tolerance)


def _show(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def _run_program(manifest: Manifest, program: tuple[str, ...], factors: Factors) -> dict[str, Any]:
    where = f"{manifest.source}: expected.program"
    with tempfile.TemporaryDirectory(prefix="benchharness-expected-") as folder:
        # {shared} may be in the workload's environment; there is nobody to share it with here.
        names = template_names(manifest.folder, factors, folder, folder)
        argv = expand_argv(program, names)
        environment = {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "HOME": folder,
            "LANG": "C.UTF-8",
            **_environment(manifest, names),
        }
        answer, complaint = Path(folder) / ".stdout", Path(folder) / ".stderr"
        try:
            code = _run(argv, folder, environment, answer, complaint, manifest.expected.timeout_s)
        except OSError as error:
            raise GateError(
                f"{argv[0]!r} cannot be started: {error.strerror}",
                where=where,
                remedy="install it or correct the manifest",
            ) from None
        if code is None:
            raise GateError(
                f"did not answer within {manifest.expected.timeout_s:g} s",
                where=where,
                remedy="raise expected.timeout_s or lower the factors",
            )
        if code != 0:
            how = f"ended with exit code {code}" if code > 0 else f"was killed by signal {-code}"
            raise GateError(
                f"{how}: {_last_line(complaint)}", where=where, remedy="run it by itself to see why"
            )
        return _parse(answer, where)


def _environment(manifest: Manifest, names: Mapping[str, FactorValue]) -> dict[str, str]:
    """Return the workload's own environment, but for what tells the repetitions apart."""
    return {
        name: expand(text, names)
        for name, text in manifest.env.items()
        if "repetition" not in placeholders(text, name)
    }


def _run(
    argv: tuple[str, ...],
    folder: str,
    environment: Mapping[str, str],
    answer: Path,
    complaint: Path,
    timeout_s: float,
) -> int | None:
    """Run a program in a session of its own; None if it ran out of time and was killed."""
    with answer.open("wb") as stdout, complaint.open("wb") as stderr:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.returncode is None:  # out of time, or interrupted
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _parse(answer: Path, where: str) -> dict[str, Any]:
    if answer.stat().st_size > _LARGEST_ANSWER_BYTES:
        raise GateError("printed more than 16 MiB", where=where, remedy="print one JSON object")
    text = answer.read_text(encoding="utf-8", errors="replace")
    try:
        outputs = json.loads(text)
    except ValueError:
        outputs = None
    if not isinstance(outputs, dict):
        raise GateError(
            f"did not print a JSON object but {_show(text.strip())}",
            where=where,
            remedy='print {"name": value} and nothing else',
        )
    return outputs


def _last_line(file: Path) -> str:
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - 4096))
        lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "it said nothing"
