"""Which WasmEdge is found, in folders that were made up."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from wasm_modules.hosts import find_wasmedge, start, wasmedge_api
from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.find_wasmedge import VARIABLE, WasmEdge, find

LIBRARY = "libwasmedge.so.0"
WRONG = (
    f"set {VARIABLE} to a folder that scripts/install-wasmedge has made or to a libwasmedge.so,"
    " or unset it"
)


def touched(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def unpacked(
    data: Path, triplet: str = "x86_64-linux-gnu", *, complete: bool = True
) -> tuple[Path, Path]:
    """Make what scripts/install-wasmedge makes; return its library and its loader."""
    place = data / "benchharness" / "wasmedge"
    folder = place / "usr" / "lib" / triplet
    suffix = "x86-64.so.2" if triplet.startswith("x86") else "aarch64.so.1"
    if complete:
        touched(place / "installed-by-scripts")
    return touched(folder / LIBRARY), touched(folder / f"ld-linux-{suffix}")


@pytest.mark.parametrize("triplet", ["x86_64-linux-gnu", "aarch64-linux-gnu"])
def test_the_folder_of_the_script_is_found_with_its_loader(triplet: str, tmp_path: Path) -> None:
    library, loader = unpacked(tmp_path, triplet)
    found = find({"XDG_DATA_HOME": str(tmp_path)}, root=tmp_path / "system")
    assert found == WasmEdge(library, loader)


def test_without_a_data_folder_it_is_in_the_home(tmp_path: Path) -> None:
    library, loader = unpacked(tmp_path / ".local" / "share")
    found = find({"HOME": str(tmp_path), "XDG_DATA_HOME": ""}, root=tmp_path / "system")
    assert found == WasmEdge(library, loader)


def test_a_folder_that_is_half_made_does_not_count(tmp_path: Path) -> None:
    unpacked(tmp_path, complete=False)
    with pytest.raises(HostError) as failed:
        find({"XDG_DATA_HOME": str(tmp_path)}, root=tmp_path / "system")
    assert str(failed.value) == "WasmEdge is not installed; install it: scripts/install-wasmedge"
    assert failed.value.exit_code == 3


@pytest.mark.parametrize("folder", ["usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib"])
def test_the_systems_needs_no_loader(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _name: "x86_64-linux-gnu")
    library = touched(tmp_path / "system" / folder / LIBRARY)
    found = find({"XDG_DATA_HOME": str(tmp_path)}, root=tmp_path / "system")
    assert found == WasmEdge(library)
    assert found.interpreter() == [sys.executable]


@pytest.mark.parametrize("triplet", ["x86_64-linux-gnu", None])
def test_a_library_of_another_processor_is_passed_over(
    triplet: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _name: triplet)
    touched(tmp_path / "system" / "usr" / "lib" / "aarch64-linux-gnu" / LIBRARY)
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    with pytest.raises(HostError, match="WasmEdge is not installed"):
        find(environ, root=tmp_path / "system")
    library = touched(tmp_path / "system" / "usr" / "lib" / LIBRARY)
    assert find(environ, root=tmp_path / "system") == WasmEdge(library)


@pytest.mark.parametrize(
    "folder", ["system/usr/lib/x86_64-linux-gnu", "system/usr/local/lib", ".wasmedge/lib"]
)
def test_what_the_script_unpacked_comes_before_the_systems_which_may_be_too_old(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _name: "x86_64-linux-gnu")
    library, loader = unpacked(tmp_path)
    touched(tmp_path / folder / LIBRARY)
    environ = {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    assert find(environ, root=tmp_path / "system") == WasmEdge(library, loader)


@pytest.mark.parametrize("folder", ["system/usr/local/lib", ".wasmedge/lib"])
def test_one_installed_by_hand_that_does_not_load_is_passed_over(
    folder: str, tmp_path: Path
) -> None:
    touched(tmp_path / folder / LIBRARY)
    environ = {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    with pytest.raises(HostError, match="WasmEdge is not installed"):
        find(environ, root=tmp_path / "system")


@pytest.mark.parametrize("folder", ["system/usr/local/lib", ".wasmedge/lib"])
def test_one_installed_by_hand_that_loads_is_taken(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_wasmedge, "_loads", lambda library: library.name == LIBRARY)
    library = touched(tmp_path / folder / LIBRARY)
    environ = {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    assert find(environ, root=tmp_path / "system") == WasmEdge(library)


def test_what_is_named_comes_first(tmp_path: Path) -> None:
    touched(tmp_path / "system" / "usr" / "lib" / LIBRARY)
    library, loader = unpacked(tmp_path / "own")
    place = tmp_path / "own" / "benchharness" / "wasmedge"
    found = find({VARIABLE: str(place)}, root=tmp_path / "system")
    assert found == WasmEdge(library, loader)


def test_an_installers_folder_or_a_library_can_be_named(tmp_path: Path) -> None:
    library = touched(tmp_path / "wasmedge" / "lib" / LIBRARY)
    assert find({VARIABLE: str(tmp_path / "wasmedge")}) == WasmEdge(library)
    other = touched(tmp_path / "libwasmedge.so")
    assert find({VARIABLE: str(other)}) == WasmEdge(other)


def test_a_named_place_with_nothing_is_one_line(tmp_path: Path) -> None:
    unpacked(tmp_path)
    with pytest.raises(HostError) as failed:
        find({VARIABLE: str(tmp_path / "nowhere"), "XDG_DATA_HOME": str(tmp_path)})
    assert failed.value.exit_code == 3
    assert f"{VARIABLE} is {tmp_path / 'nowhere'}, where no {LIBRARY} is" in str(failed.value)
    assert str(failed.value).endswith(f"; {WRONG}")


def test_python_is_started_through_the_loader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, loader = unpacked(tmp_path)
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    through = [str(loader), "--library-path"]
    assert WasmEdge(library, loader).interpreter() == [
        *(*through, str(library.parent), sys.executable)
    ]
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/lib")
    assert WasmEdge(library, loader).interpreter() == [
        *(*through, f"{library.parent}:/opt/lib", sys.executable)
    ]


def test_the_hosts_are_started_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, loader = unpacked(tmp_path)
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "benchharness" / "wasmedge"))
    argv = start.command_for("wasmedge", ["--mode", "aot", "module.wasm"])
    assert argv[:4] == [str(loader), "--library-path", str(library.parent), sys.executable]
    assert Path(argv[4]).name == "wasmedge_host.py"
    assert argv[5:] == ["--mode", "aot", "module.wasm"]


def test_a_variable_that_names_no_library_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = touched(tmp_path / "notes.txt")
    monkeypatch.setenv(VARIABLE, str(file))
    with pytest.raises(HostError) as failed:
        find_wasmedge.describe()
    assert str(failed.value) == f"{file} cannot be loaded; {WRONG}"
    with pytest.raises(HostError) as failed:
        wasmedge_api.Api(file)
    assert str(failed.value).endswith(f"file too short); {WRONG}")
    assert failed.value.exit_code == 3


def test_a_library_that_was_found_and_does_not_load_is_installed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(
        HostError, match=r"so\.0 cannot be loaded; install it: scripts/install-wasm"
    ):
        find_wasmedge.describe()


def test_what_is_there_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = touched(tmp_path / "libwasmedge.so")
    monkeypatch.setenv(VARIABLE, str(library))

    def answer(argv: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        assert (argv[0], argv[-1]) == (sys.executable, str(library))
        return subprocess.CompletedProcess(argv, 0, "0.14.1\n", "")

    monkeypatch.setattr(subprocess, "run", answer)
    assert find_wasmedge.describe() == {
        "version": "0.14.1",
        "modes": ["interpreter", "jit", "aot"],
        "compilers": ["llvm"],
        "where": os.fspath(library),
        "install": None,
    }
