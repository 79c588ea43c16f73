"""``benchharness list``: what people read, what programs read, and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchharness import declarations
from benchharness.cli.main import main
from benchharness.model import Status
from benchharness.plan.runtimes import Runtime
from benchharness.store.database import Store
from benchharness.store.records import CampaignRecord, TrialPlan, TrialResult

MATRIX = """
name = "matrix"
title = "Matrix product"
argv = ["true", "{n}", "{build}"]
[factors.n]
type = "int"
default = 5000
quick = 200
[factors.build]
type = "str"
levels = ["scalar", "simd128"]
default = "simd128"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and a user's folder with one workload."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(declarations, "folders", lambda kind: iter([tmp_path / "user" / kind]))
    put(tmp_path, "matrix", MATRIX)
    return tmp_path


def put(here: Path, name: str, text: str) -> None:
    folder = here / "user" / "workloads" / name
    folder.mkdir(parents=True)
    (folder / "workload.toml").write_text(text)


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["list", *arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == [arguments[0]]
    entries: list[dict[str, Any]] = document[arguments[0]]
    return entries


def test_workloads_show_their_factors_the_default_first(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "workloads"]) == 0
    assert capsys.readouterr().out == "matrix  Matrix product  n=5000 build=simd128|scalar\n"


def test_workloads_for_programs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (entry,) = listed(capsys, "workloads")
    assert entry["name"] == "matrix"
    assert entry["factors"][0] == {
        "name": "n",
        "type": "int",
        "default": 5000,
        "levels": None,
        "quick": 200,
        "min": None,
        "max": None,
        "description": "",
        "applies_when": {},
    }


def test_a_broken_manifest_is_one_line_and_hides_no_other(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(here, "broken", 'name = "broken"\nargv = 5\n')
    assert main(["list", "workloads"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("matrix ")
    assert err == (
        "benchharness: user/workloads/broken/workload.toml:2: argv: "
        'expected a list of strings, got an integer; write ["..."]\n'
    )


def test_meters_are_named_with_their_class(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    entries = listed(capsys, "meters")
    assert [entry["name"] for entry in entries] == sorted(entry["name"] for entry in entries)
    generic = next(entry for entry in entries if entry["name"] == "estimate-generic-x86")
    assert (generic["class"], generic["driver"]) == ("estimated", "estimate")
    assert main(["list", "meters"]) == 0
    assert "estimate-generic-x86" in capsys.readouterr().out


def test_no_campaigns_yet_is_no_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "campaigns"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("no campaigns in results/benchharness.db; for a first one: ")
    assert listed(capsys, "campaigns") == []


def test_a_results_file_that_is_named_must_be_there(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "campaigns", "--results", "gone.db"]) == 2
    assert capsys.readouterr().err.startswith("benchharness: gone.db: ")


def test_campaigns_are_listed_newest_first_with_their_trials(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(here / "r.db") as store:
        for number, name in enumerate(("aaaaaaaa", "bbbbbbbb")):
            store.add_campaign(
                CampaignRecord(
                    id=name,
                    created_utc=f"2026-01-0{number + 1}T00:00:00Z",
                    anchor_monotonic_ns=0,
                    anchor_unix_ns=0,
                    boot_id="b",
                    title=f"Number {number}",
                    command="benchharness run matrix",
                    spec={},
                    environment={},
                )
            )
        store.plan_trials("bbbbbbbb", [TrialPlan(i, 0, i, "matrix", {"n": 5}) for i in range(3)])
        first = store.trials("bbbbbbbb")[0]
        store.start_trial(first.trial_id)
        store.finish_trial(first.trial_id, TrialResult(Status.OK))
    assert main(["list", "campaigns", "--results", "r.db"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["bbbbbbbb", "2026-01-02T00:00:00Z", "running", "1/3", "ok", "Number", "1"],
        ["aaaaaaaa", "2026-01-01T00:00:00Z", "running", "0/0", "ok", "Number", "0"],
    ]
    entries = listed(capsys, "campaigns", "--results", "r.db")
    assert [entry["campaign"] for entry in entries] == ["bbbbbbbb", "aaaaaaaa"]
    assert (entries[0]["trials"], entries[0]["ok"]) == (3, 1)


def test_a_missing_runtime_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtimes = [
        Runtime("wasmtime", "WebAssembly", "50.0.1", modes=("jit", "aot"), where="here"),
        Runtime("wasmer", "Wasm", "1.1.0", "install it: more", modes=("jit",)),
        Runtime("native", "native code", None, "install it: sudo apt-get install rustc"),
    ]
    monkeypatch.setattr("benchharness.plan.runtimes.list_runtimes", lambda: runtimes)
    assert main(["list", "runtimes"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "wasmtime  50.0.1   WebAssembly; modes jit, aot",
        "wasmer    1.1.0    Wasm; modes jit; install it: more",
        "native    missing  native code; install it: sudo apt-get install rustc",
    ]
    entries = listed(capsys, "runtimes")
    assert [entry["version"] for entry in entries] == ["50.0.1", "1.1.0", None]
    assert entries[0] == {
        "name": "wasmtime",
        "title": "WebAssembly",
        "version": "50.0.1",
        "modes": ["jit", "aot"],
        "compilers": [],
        "where": "here",
        "install": None,
    }


def test_something_else_cannot_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "planets"]) == 2
    assert "planets" in capsys.readouterr().err


def test_testbeds_show_the_share_of_each_device_here(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = here / "user" / "testbeds"
    folder.mkdir(parents=True)
    device = '[[device]]\nname = "{}"\nspeed = {}\nidle_w = 1\nbusy_w = 2\n'
    (folder / "two.toml").write_text(device.format("a", 1) + device.format("b", 0.5))
    (entry,) = listed(capsys, "testbeds")
    assert (entry["name"], entry["class"]) == ("two", "emulated")
    fast, slow = (each["cores"] for each in entry["devices"])
    assert fast == pytest.approx(2 * slow)
    (folder / "broken.toml").write_text("share = 2\n")
    assert main(["list", "testbeds"]) == 2
    shown = capsys.readouterr()
    assert shown.out.startswith("two  two  a ")
    assert "broken.toml:1: share: 2 of this machine is more than it has" in shown.err
