"""``benchharness doctor``: one line a check, the remedy below, 3 if something is an error."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchharness.cli import doctor
from benchharness.cli.main import main
from benchharness.errors import UsageError
from benchharness.model import Check, CheckState
from benchharness.plan.wasm_runtimes import WasmRuntime

GOOD = Check("Python", CheckState.OK, "CPython 3.11")
HINT = Check("governor", CheckState.ADVICE, "ondemand", "echo performance")
BAD = Check("results", CheckState.ERROR, "not writable", "name another file")


def use(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    monkeypatch.setattr(doctor, "all_checks", lambda _args: list(checks))


def test_each_check_is_a_line_with_its_remedy_below(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, GOOD, HINT)
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok      Python    CPython 3.11",
        "advice  governor  ondemand",
        "                  -> echo performance",
        "",
        "Fit to measure; 1 of 2 checks have advice.",
    ]


def test_an_error_gives_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, GOOD, HINT, BAD)
    assert main(["doctor"]) == 3
    assert capsys.readouterr().out.endswith("Not fit to measure: 1 of 3 checks failed.\n")


def test_nothing_to_say_is_said_shortly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, GOOD)
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("\nFit to measure.\n")


def test_json_is_one_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, GOOD, BAD)
    assert main(["doctor", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == {
        "fit": False,
        "checks": [
            {"subject": "Python", "state": "ok", "found": "CPython 3.11", "advice": None},
            {
                "subject": "results",
                "state": "error",
                "found": "not writable",
                "advice": "name another file",
            },
        ],
    }


def test_a_meter_that_cannot_be_had_is_an_error_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise UsageError("driver: is missing", where="plug.toml", remedy="add driver")

    monkeypatch.setattr("benchharness.meters.instrument.default_instrument", refuse)
    assert doctor.meter_checks() == [
        Check("default meter", CheckState.ERROR, "plug.toml: driver: is missing", "add driver")
    ]


@pytest.mark.slow
def test_the_default_meter_of_this_machine_says_that_it_estimates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    first = doctor.meter_checks()[0]
    assert first.state is CheckState.ADVICE
    assert "(estimated, estimate)" in first.found


def test_a_runtime_that_is_missing_has_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    class Question:
        def answer(self) -> dict[str, WasmRuntime]:
            return {
                "wasmtime": WasmRuntime("wasmtime", "50.0.1", ("jit", "aot"), (), "here", None),
                "wasmer": WasmRuntime("wasmer", None, (), (), None, "scripts/install-wasmer"),
            }

    monkeypatch.setattr("benchharness.plan.wasm_runtimes.Question", Question)
    assert doctor.runtime_checks() == [
        Check("wasmtime", CheckState.OK, "50.0.1, modes jit, aot"),
        Check(
            "wasmer",
            CheckState.ADVICE,
            "not here: no variants with it",
            "scripts/install-wasmer",
        ),
    ]


def test_the_packages_of_federated_training_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"torch": "2.13.0+cpu", "flwr": "1.41.0"}
    monkeypatch.setattr("benchharness.plan.needs.extra_versions", lambda _extra: found)
    assert doctor.federated_check() == Check(
        "federated", CheckState.OK, "torch 2.13.0+cpu, flwr 1.41.0"
    )
    found.update({"torch": None, "flwr": None})  # type: ignore[dict-item]
    check = doctor.federated_check()
    assert check.state is CheckState.ADVICE
    assert check.found == "no federated training: torch, flwr not installed"
    assert str(check.advice).startswith("install it: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hindrance", "mosquitto", "state", "words"),
    [
        (None, "/usr/sbin/mosquitto", CheckState.OK, ""),
        (None, None, CheckState.ADVICE, "apt install mosquitto"),
        ("no writable cpu controller", None, CheckState.ADVICE, "Delegate=yes"),
    ],
)
def test_what_a_testbed_needs_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
    hindrance: str | None,
    mosquitto: str | None,
    state: CheckState,
    words: str,
) -> None:
    groups, broker = "benchharness.trial.device_groups", "benchharness.testbed.broker"
    monkeypatch.setattr(f"{groups}.quota_hindrance", lambda: hindrance)
    monkeypatch.setattr(f"{broker}.find_mosquitto", lambda: mosquitto)
    check = doctor.testbed_check()
    assert (check.subject, check.state) == ("testbeds", state)
    assert words == "" if check.advice is None else words in check.advice


@pytest.mark.slow
def test_this_machine_is_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "WATCH_S", 0.05)
    checks = doctor.all_checks(argparse.Namespace(results=tmp_path / "r.db"))
    subjects = {check.subject for check in checks}
    assert subjects >= {
        *("Python", "governor", "throttling", "temperature", "clock", "probes", "results"),
        *("wasmtime", "wasmer", "wasmedge", "federated"),
        *("mosquitto", "rustc", "background load", "control groups", "default meter"),
    }
    assert not (tmp_path / "r.db").exists()


def test_importing_the_commands_is_light() -> None:
    code = (
        "import sys, benchharness.cli.doctor, benchharness.cli.list\n"
        "print(*[m for m in sys.modules if m.split('.')[0] in "
        "('numpy', 'pandas', 'psutil', 'rich', 'sqlite3', 'json', 'subprocess')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout.split() == []
