"""A manifest becomes records, and a workload is found by name, by path or as a command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue
from benchharness.plan.factors import Factor
from benchharness.plan.manifest import (
    command_workload,
    expand_argv,
    find_workload,
    list_workloads,
    load_manifest,
    template_names,
    workload_files,
)
from benchharness.plan.records import Expected, Limits, Needs

FULL = """
name = "matrix"
title = "Matrix product"
description = "C = A x B"
argv = ["{python}", "{workload}/matrix.py", "--n", "{n}", "--tmp={scratch}"]
prepare = ["{python}", "{workload}/build.py", "{build}"]
module_file = "{wasm_modules}/matrix/{build}.wasm"
module_when = {runtime = "wasmtime"}

[factors.n]
type = "int"
default = 5000
quick = 200
min = 1
max = 20_000
description = "rows and columns"

[factors.runtime]
type = "str"
default = "wasmtime"
levels = ["wasmtime", "native"]

[factors.build]
type = "str"
default = "scalar"
levels = ["scalar", "simd128"]
applies_when = {runtime = ["wasmtime"]}

[factors.rate]
type = "float"
default = 1

[factors.check]
type = "bool"
default = true

[[exclude]]
runtime = "native"
n = [1, 2]

[needs]
programs = ["sh"]

[[needs.when]]
factors = {runtime = "native"}
programs = ["rustc", "sh"]

[[needs.when]]
factors = {runtime = "wasmtime"}
modules = ["wasmtime"]

[limits]
timeout_s = 600
memory_bytes = 2_000_000_000

[expected]
outputs = {answer = 42}
program = ["{python}", "{workload}/expected.py", "{n}"]
tolerance = 1e-6
timeout_s = 5

[env]
OMP_NUM_THREADS = "1"
WORK = "{workload}"
"""
SMALL = 'name = "{name}"\nargv = ["true"]\n'


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "workload.toml"
    path.write_text(text)
    return path


def test_every_key_of_the_schema_is_read(tmp_path: Path) -> None:
    manifest = load_manifest(write(tmp_path, FULL))
    assert (manifest.name, manifest.title) == ("matrix", "Matrix product")
    assert manifest.folder == tmp_path
    assert manifest.file == tmp_path / "workload.toml"
    assert manifest.factors["n"] == Factor(
        *("n", "int", 5000),
        quick=200,
        minimum=1,
        maximum=20_000,
        description="rows and columns",
    )
    assert manifest.factors["build"].applies_when == {"runtime": ("wasmtime",)}
    assert manifest.factors["check"].levels == (False, True)
    assert isinstance(manifest.factors["rate"].default, float)
    assert manifest.exclude[0].levels == {"runtime": ("native",), "n": (1, 2)}
    line = FULL.splitlines().index("[[exclude]]") + 1
    assert manifest.exclude[0].where.endswith(f"workload.toml:{line}")
    assert manifest.limits == Limits(600.0, 2_000_000_000)
    assert manifest.expected == Expected(
        {"answer": 42}, ("{python}", "{workload}/expected.py", "{n}"), 1e-6, 5.0
    )
    assert manifest.env == {"OMP_NUM_THREADS": "1", "WORK": "{workload}"}
    assert not manifest.ad_hoc


def test_the_smallest_manifest_has_a_name_and_a_program(tmp_path: Path) -> None:
    manifest = load_manifest(write(tmp_path, SMALL.format(name="small")))
    assert manifest.title == "small"
    assert manifest.limits == Limits(None, None)
    assert not manifest.expected
    assert (manifest.prepare, manifest.module_file, manifest.factors) == (None, None, {})


def test_needs_follow_the_levels_and_are_named_once(tmp_path: Path) -> None:
    manifest = load_manifest(write(tmp_path, FULL))
    assert manifest.needed({"runtime": "native"}) == Needs(programs=("sh", "rustc"))
    assert manifest.needed({"runtime": "wasmtime"}) == Needs(("sh",), ("wasmtime",))


def test_only_variants_with_a_module_have_its_path(tmp_path: Path) -> None:
    manifest = load_manifest(write(tmp_path, FULL))
    factors: dict[str, FactorValue] = {"n": 1, "runtime": "wasmtime", "build": "simd128"}
    modules = declarations.shipped_folder("wasm_modules")
    assert manifest.module_path(factors) == modules / "matrix" / "simd128.wasm"
    assert manifest.module_path({**factors, "runtime": "native"}) is None


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder and a shipped one, and a current folder beside them."""
    for name in ("mine", "noop"):
        write(tmp_path / "user" / name, SMALL.format(name=name) + 'title = "the user\'s"\n')
    for name in ("matrix", "noop"):
        write(tmp_path / "shipped" / name, SMALL.format(name=name))
    (tmp_path / "shipped" / "campaigns").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(
        declarations, "folders", lambda _kind: iter([tmp_path / "user", tmp_path / "shipped"])
    )
    return tmp_path


def test_names_are_found_and_the_users_own_come_first(folders: Path) -> None:
    assert list(workload_files()) == ["matrix", "mine", "noop"]
    assert [manifest.name for manifest in list_workloads()] == ["matrix", "mine", "noop"]
    assert find_workload("noop").title == "the user's"


def test_a_workload_is_found_by_folder_and_by_file(folders: Path) -> None:
    path = write(folders / "here" / "own", SMALL.format(name="another-name"))
    for way in ("own", "./own", "own/workload.toml", str(path), path):
        assert find_workload(way).name == "another-name"


def test_a_folder_in_the_current_one_does_not_hide_a_name(folders: Path) -> None:
    write(folders / "here" / "matrix", SMALL.format(name="other"))
    assert find_workload("matrix").name == "matrix"
    assert find_workload("./matrix").name == "other"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("matrx", "unknown workload 'matrx'; did you mean 'matrix'?"),
        ("./matrix", "./matrix: there is no such workload; check the path"),
        ("a/workload.toml", "a/workload.toml: there is no such workload; check the path"),
        ("..", "..: has no workload.toml; write one, or name another folder"),
    ],
)
def test_an_unknown_workload_is_one_line(folders: Path, name: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_workload(name)
    assert caught.value.line().removeprefix(f"{folders}/here/") == line
    assert caught.value.exit_code == 2
    assert isinstance(caught.value, UnknownNameError) == (name == "matrx")


def test_a_named_workload_bears_the_name_of_its_folder(folders: Path) -> None:
    write(folders / "shipped" / "matrix", SMALL.format(name="matrices"))
    with pytest.raises(UsageError, match="the name is 'matrices' and the folder 'matrix'"):
        find_workload("matrix")


# Commands


def test_a_command_is_found_on_the_path_and_keeps_its_arguments() -> None:
    manifest = command_workload(["sh", "-c", "echo {n} '{{'"])
    names = template_names(manifest.folder, {})
    program, *arguments = expand_argv(manifest.argv, names)
    assert Path(program).is_absolute()
    assert Path(program).name == "sh"
    assert arguments == ["-c", "echo {n} '{{'"]
    assert manifest.ad_hoc
    assert manifest.name == "command"
    assert manifest.folder == Path.cwd()


def test_a_command_is_found_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "bin" / "go"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert command_workload(["bin/go"]).argv == (str(script),)
    (tmp_path / "link").symlink_to(script)
    assert command_workload(["./link"]).argv == (str(tmp_path / "link"),)


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("no-such-program", "command not found: 'no-such-program'; install it, or give its path"),
        ("./gone", "command not found: './gone'; check the path"),
        ("", "command not found: ''; install it, or give its path"),
        ("here", "command not found: 'here'; the current folder is not on PATH: write ./here"),
        ("./here", "'./here' is not executable; run: chmod +x ./here"),
        ("./run.py", "'./run.py' is not executable; write: python3 ./run.py"),
        ("./folder", "'./folder' is a folder, not a program; name the program in it"),
    ],
)
def test_a_command_that_cannot_be_run_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("here", "run.py"):
        (tmp_path / name).write_text("print(1)\n")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError) as caught:
        command_workload([program, "x"])
    assert caught.value.line() == line
    assert caught.value.exit_code == 2


def test_no_command_is_refused() -> None:
    with pytest.raises(UsageError, match="no command after --"):
        command_workload([])


def test_the_shipped_workloads_are_right() -> None:
    folder = declarations.shipped_folder("workloads")
    files = sorted(folder.glob("*/workload.toml"))
    names = [load_manifest(path).name for path in files]
    assert names == [path.parent.name for path in files]
    assert os.environ.get("XDG_CONFIG_HOME") or set(names) <= set(workload_files())
