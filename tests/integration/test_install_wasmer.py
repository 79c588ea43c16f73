"""scripts/install-wasmer: at once when it is complete, one line where it is not possible."""

from __future__ import annotations

import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.integration.wasm_programs import DATA_HOME, ROOT

SCRIPT = ROOT / "scripts" / "install-wasmer"


def install(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), *options],
        env={"PATH": os.environ["PATH"], "HOME": str(Path.home()), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def on_an_arm_board(folder: Path) -> dict[str, str]:
    """Return an environment in which ``uname`` says so, and nothing is installed."""
    machine = folder / "bin" / "uname"
    machine.parent.mkdir()
    machine.write_text("#!/bin/sh\necho aarch64\n")
    machine.chmod(0o755)
    return {"PATH": f"{machine.parent}:/usr/bin:/bin", "XDG_DATA_HOME": str(folder / "data")}


def test_what_is_complete_is_left_as_it_is() -> None:
    done = install(XDG_DATA_HOME=DATA_HOME)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        f"Wasmer is installed in {DATA_HOME}/benchharness/wasmer: cranelift singlepass llvm\n"
    )


def test_a_machine_without_wheels_is_one_line(tmp_path: Path) -> None:
    done = install(**on_an_arm_board(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1
    assert "not for aarch64: install the wasmer command instead" in done.stderr


def test_an_environment_that_is_half_made_does_not_count(tmp_path: Path) -> None:
    environ = on_an_arm_board(tmp_path)
    place = tmp_path / "data" / "benchharness" / "wasmer"
    place.mkdir(parents=True)
    (place / "bin").symlink_to(Path(DATA_HOME) / "benchharness" / "wasmer" / "bin")
    assert install(**environ).returncode == 3
    (place / "installed-by-scripts").write_text("something else\n")
    assert install(**environ).returncode == 3


# Stands in for CPython 3.10, and for that of the environment which it makes: pip fails where its
# words have FAILS, a compiler works unless it is BROKEN. What pip is asked for is in pip.log.
STAND_IN = """#!/bin/sh
case "$*" in
-c*) ;;
--version) echo Python 3.10.0 ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip "*)
    echo "$*" >>"$LOG"
    case "$*" in *"$FAILS"*) echo "ERROR: no route to the index"; exit 1 ;; esac ;;
"- $BROKEN") exit 1 ;;
esac
"""


def on_a_stand_in(folder: Path, fails: str, broken: str) -> dict[str, str]:
    """Return an environment in which everything is there but a network."""
    python = folder / "bin" / "python3.10"
    python.parent.mkdir()
    python.write_text(STAND_IN)
    python.chmod(0o755)
    machine = python.with_name("uname")
    machine.write_text("#!/bin/sh\necho x86_64\n")
    machine.chmod(0o755)
    return {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "XDG_DATA_HOME": str(folder / "data"),
        "LOG": str(folder / "pip.log"),
        "FAILS": fails,
        "BROKEN": broken,
    }


@pytest.mark.parametrize(
    ("fails", "line"),
    [
        ("compiler-llvm", "wasmer-compiler-llvm; see above, then run this again."),
        ("ai-edge-litert", "numpy and ai-edge-litert, for nn-module; see above, then run this"),
    ],
)
def test_a_download_that_fails_is_tried_again_the_next_time(
    tmp_path: Path, fails: str, line: str
) -> None:
    environ = on_a_stand_in(tmp_path, fails, "nothing")
    done = install(**environ)
    assert done.returncode == 3
    said = done.stderr.splitlines()
    assert said[-2] == "ERROR: no route to the index"
    assert said[-1].startswith(f"install-wasmer: pip could not install {line}")
    assert said[-1].endswith("singlepass" if fails == "compiler-llvm" else "singlepass llvm")
    again = install(**{**environ, "FAILS": "nothing of that"})
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr.endswith(
        "Wasmer 1.1.0 is installed, compilers: cranelift singlepass llvm\n"
    )


def test_a_compiler_that_does_not_work_here_is_left_out_for_good(tmp_path: Path) -> None:
    environ = on_a_stand_in(tmp_path, "nothing of that", "llvm")
    done = install(**environ)
    assert done.returncode == 0
    assert "Without Wasmer's compiler llvm: it does not work here\n" in done.stderr
    again = install(**environ)
    assert (again.returncode, again.stderr.count("\n")) == (0, 1)
    assert again.stderr.endswith(": cranelift singlepass\n")
    log = (tmp_path / "pip.log").read_text()
    assert log.count("wasmer==1.1.0") == 1
    # The scores are compared with those of this one.
    assert f"ai-edge-litert=={version('ai-edge-litert')}\n" in log


def test_usage() -> None:
    done = install("--help")
    assert done.returncode == 0
    assert "CPython 3.10" in done.stdout
    assert install("--unknown").returncode == 2
