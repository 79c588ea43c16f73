"""Which Wasmer is found, in folders that were made up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wasm_modules.hosts import available, find_wasmer, start
from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.find_wasmer import VARIABLE, Wasmer, find, in_python


def environment(folder: Path, *compilers: str, version: str = "1.1.0") -> Path:
    """Make what pip makes of Wasmer's wheels, without what is in them; return its Python."""
    packages = folder / "lib" / "python3.10" / "site-packages"
    for name in ("wasmer", *(f"wasmer_compiler_{each}" for each in compilers)):
        (packages / name).mkdir(parents=True)
        (packages / name / f"{name}.cpython-310-x86_64-linux-gnu.so").touch()
    (packages / f"wasmer-{version}.dist-info").mkdir()
    (packages / "wasmer_compiler_cranelift-9.9.dist-info").mkdir()
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.touch()
    python.chmod(0o755)
    return python


def program(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "wasmer"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_environment_of_the_script_is_found(tmp_path: Path) -> None:
    python = environment(tmp_path / "benchharness" / "wasmer", "cranelift", "llvm")
    found = find({"XDG_DATA_HOME": str(tmp_path), "PATH": ""})
    assert found == Wasmer(str(python), None, "1.1.0", ("cranelift", "llvm"))
    assert found.modes == ("jit", "jit-llvm", "aot", "aot-llvm")


def test_without_a_data_folder_it_is_in_the_home(tmp_path: Path) -> None:
    place = tmp_path / ".local" / "share" / "benchharness" / "wasmer"
    python = environment(place, "singlepass")
    found = find({"HOME": str(tmp_path), "XDG_DATA_HOME": ""})
    assert (found.python, found.modes) == (str(python), ("jit-singlepass", "aot-singlepass"))


def test_the_interpreter_that_is_named_comes_first(tmp_path: Path) -> None:
    environment(tmp_path / "benchharness" / "wasmer", "cranelift")
    own = environment(tmp_path / "own", "llvm")
    found = find({"XDG_DATA_HOME": str(tmp_path), VARIABLE: str(own)})
    assert (found.python, found.compilers) == (str(own), ("llvm",))


def test_an_interpreter_that_is_named_and_gone_is_not_passed_over(tmp_path: Path) -> None:
    environment(tmp_path / "benchharness" / "wasmer", "cranelift")
    with pytest.raises(HostError, match="which is no program here; set it to ") as caught:
        find({"XDG_DATA_HOME": str(tmp_path), VARIABLE: str(tmp_path / "gone")})
    assert caught.value.exit_code == 3
    assert "scripts/install-wasmer" in str(caught.value)


def test_an_interpreter_that_is_named_and_has_no_wasmer(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="which has no Wasmer; "):
        find({VARIABLE: sys.executable})


def test_the_wheel_for_other_machines_is_none(tmp_path: Path) -> None:
    python = environment(tmp_path, "cranelift")
    packages = tmp_path / "lib" / "python3.10" / "site-packages"
    for library in packages.glob("wasmer/*.so"):
        library.rename(library.with_name("__init__.py"))
    assert in_python(str(python)) is None


def test_llvm_that_its_loader_would_abort_is_none(tmp_path: Path) -> None:
    python = environment(tmp_path, "cranelift", "llvm")
    libraries = tmp_path / "lib" / "python3.10" / "site-packages" / "wasmer_compiler_llvm.libs"
    libraries.mkdir()
    (libraries / "libtinfo-91270aa7.so.5").touch()
    found = in_python(str(python))
    assert found is not None
    assert found.compilers == ("cranelift",)
    (libraries / "libtinfo-91270aa7.so.5").rename(libraries / "libtinfo.so.5")
    found = in_python(str(python))
    assert found is not None
    assert found.compilers == ("cranelift", "llvm")


def test_the_command_is_what_is_left(tmp_path: Path) -> None:
    command = program(tmp_path / "bin", "echo wasmer 4.3.7")
    found = find({"XDG_DATA_HOME": str(tmp_path), "PATH": str(command.parent)})
    assert found == Wasmer(None, str(command), None, ("cranelift", "singlepass", "llvm"))
    assert find_wasmer.command_version(str(command)) == "4.3.7"


@pytest.mark.parametrize("text", ["exit 1", "echo", "echo wasmer; exit 2"])
def test_a_command_that_gives_no_version(text: str, tmp_path: Path) -> None:
    assert find_wasmer.command_version(str(program(tmp_path, text))) is None
    assert find_wasmer.command_version(str(tmp_path / "gone")) is None


def test_nothing_at_all_has_one_command(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="Wasmer is not installed; install it: ") as caught:
        find({"XDG_DATA_HOME": str(tmp_path), "PATH": ""})
    assert caught.value.exit_code == 3


def test_without_a_checkout_the_command_names_no_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_wasmer, "_ROOT", tmp_path)
    assert "pip install wasmer==1.1.0" in find_wasmer.install()
    assert "\n" not in find_wasmer.install()


def test_a_host_is_started_under_the_python_that_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = environment(tmp_path, "cranelift")
    monkeypatch.setenv(VARIABLE, str(python))
    argv = start.command_for("wasmer", ["--mode", "aot", "m.wasm"])
    assert argv[0] == str(python)
    assert Path(argv[1]).name == "wasmer_host.py"
    assert argv[2:] == ["--mode", "aot", "m.wasm"]


def test_what_is_available_says_what_is_missing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = environment(tmp_path, "cranelift")
    monkeypatch.setenv(VARIABLE, str(python))
    entry = available.describe("wasmer")
    assert entry == {
        "name": "wasmer",
        "version": "1.1.0",
        "modes": ["jit", "aot"],
        "compilers": ["cranelift"],
        "where": str(python),
        "install": "install it: scripts/install-wasmer",
    }


def test_one_runtime_that_is_missing_takes_no_other(tmp_path: Path) -> None:
    environ = {**os.environ, VARIABLE: str(tmp_path / "gone")}
    done = subprocess.run(
        [sys.executable, available.__file__], env=environ, capture_output=True, check=True
    )
    found = {entry["name"]: entry for entry in json.loads(done.stdout)["runtimes"]}
    assert list(found) == ["wasmtime", "wasmer", "wasmedge"]
    assert found["wasmtime"]["version"]
    assert found["wasmer"]["version"] is None
    assert found["wasmer"]["install"].startswith("set it to a CPython 3.10")


@pytest.mark.slow
def test_a_finder_that_aborts_or_hangs_takes_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "available.py"
    fake.write_text(
        "import os, sys, time\n"
        "name = sys.argv[2]\n"
        "if name == 'wasmer': os.abort()\n"
        "if name == 'wasmedge': time.sleep(60)\n"
        'print(\'{"name": "wasmtime", "version": "1"}\')\n'
    )
    monkeypatch.setattr(available, "__file__", str(fake))
    monkeypatch.setattr(available, "_TIMEOUT_S", 1.0)
    one, two, three = available.available()
    assert one == {"name": "wasmtime", "version": "1"}
    assert (two["version"], three["version"]) == (None, None)
    assert two["install"] == "it cannot be asked (exit code -6): install it anew"
    assert three["install"] == "it gives no answer within 1 s: install it anew"


def test_what_a_library_prints_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "available.py"
    fake.write_text(
        "import sys\n"
        "print('loaded')\n"
        "if sys.argv[2] == 'wasmer': print('[1]')\n"
        "if sys.argv[2] == 'wasmtime': print('{\"version\": \"1\"}')\n"
    )
    monkeypatch.setattr(available, "__file__", str(fake))
    one, two, three = available.available()
    assert one == {"name": "wasmtime", "version": "1"}
    for name, entry in (("wasmer", two), ("wasmedge", three)):
        assert entry == available.missing(name, "its answer is not understood: install it anew")
