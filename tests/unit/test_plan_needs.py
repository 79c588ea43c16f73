"""What is missing is named with the command that brings it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.plan.needs import extra_installed, has_module, missing_needs, require_needs
from benchharness.plan.records import Manifest, Needs


def test_what_is_here_is_not_missing() -> None:
    assert missing_needs(Needs(programs=("sh",), modules=("json", "hypothesis"))) == []


def test_a_missing_program_names_its_debian_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    assert missing_needs(Needs(programs=("gcc", "jq"))) == [
        "the program 'gcc' is not on PATH; install it: sudo apt-get install build-essential",
        "the program 'jq' is not on PATH; install it: sudo apt-get install jq",
    ]


def test_a_missing_module_names_the_extra_that_has_it() -> None:
    needs = Needs(modules=("no_such_module", "no_such.module"), extras=("bench",))
    assert missing_needs(needs)[:2] == [
        f"the Python module '{name}' is missing; "
        f"install it: {sys.executable} -m pip install 'benchharness[bench]'"
        for name in ("no_such_module", "no_such.module")
    ]
    (line,) = missing_needs(Needs(modules=("no_such_module",)))
    assert line.endswith("pip install no_such_module")


def test_an_extra_is_there_when_all_that_it_asks_for_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [
        "numpy>=1.26",
        "hypothesis>=6; extra == 'good'",
        "pytest[x]>=8 ; python_version >= '3' and extra == \"good\"",
        "no-such-distribution; extra == 'bad'",
    ]
    monkeypatch.setattr("importlib.metadata.requires", lambda _name: asked)
    assert extra_installed("good")
    assert not extra_installed("bad")
    assert (
        "the extra 'bad' is not installed; install it: "
        in missing_needs(Needs((), (), ("bad",)))[0]
    )


def test_an_extra_that_a_script_installs_better_names_it_in_that_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checkout = Path(__file__).resolve().parents[2]
    monkeypatch.setattr(sys, "prefix", str(checkout / ".venv"))
    needs = Needs(modules=("no_such_torch",), extras=("fl",))
    assert missing_needs(needs)[0] == (
        f"the Python module 'no_such_torch' is missing; install it: {checkout}/scripts/install-fl"
    )
    monkeypatch.setattr(sys, "prefix", "/elsewhere")
    assert missing_needs(needs)[0].endswith(" -m pip install 'benchharness[fl]'")


def test_an_extra_for_later_pythons_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["flwr>=1; python_version >= '3.11' and extra == 'fl'", "torch; extra == 'fl'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda _name: asked)
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    needs = Needs(modules=("no_such_flwr",), extras=("fl",))
    assert missing_needs(needs)[0] == (
        "the Python module 'no_such_flwr' is missing; "
        "it needs CPython 3.11, and this is 3.10: make an environment of a later one"
    )


def test_a_module_is_looked_for_without_being_imported() -> None:
    assert has_module("antigravity")
    assert "antigravity" not in sys.modules


def test_the_first_missing_need_of_a_variant_is_one_line() -> None:
    manifest = Manifest(
        name="matrix",
        title="",
        folder=Path("/"),
        argv=("true",),
        needs=(Needs(programs=("no-such-program",), when={"runtime": ("native",)}),),
    )
    require_needs(manifest, {"runtime": "wasmtime"})
    with pytest.raises(UsageError) as caught:
        require_needs(manifest, {"runtime": "native"})
    assert caught.value.line() == (
        "matrix: the program 'no-such-program' is not on PATH; "
        "install it: sudo apt-get install no-such-program"
    )
