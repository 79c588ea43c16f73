"""scripts/install-wasmer: at once when it is complete, one line where it is not possible."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

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


def test_usage() -> None:
    done = install("--help")
    assert done.returncode == 0
    assert "CPython 3.10" in done.stdout
    assert install("--unknown").returncode == 2
