"""scripts/install-wasmedge: at once when it is complete, one reason where it is not possible."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.integration.wasm_programs import ROOT

SCRIPT = ROOT / "scripts" / "install-wasmedge"


def install(folder: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the script where the distribution has no WasmEdge, and apt can read no list."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    failing = dict.fromkeys(("dpkg-query", "apt-cache"), "exit 1")
    for name, text in {**failing, "apt-get": 'echo "E: $1 failed"; exit 100'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    return subprocess.run(
        [str(SCRIPT), *options],
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            **environ,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def made(folder: Path, *, complete: bool = True) -> Path:
    place = folder / "data" / "benchharness" / "wasmedge"
    library = place / "usr" / "lib" / "x86_64-linux-gnu" / "libwasmedge.so.0"
    library.parent.mkdir(parents=True)
    library.touch()
    if complete:
        (place / "installed-by-scripts").write_text("1\n0.14.1-1\n")
    return place


def test_what_is_complete_is_left_as_it_is(tmp_path: Path) -> None:
    place = made(tmp_path)
    done = install(tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"WasmEdge 0.14.1-1 is installed in {place}\n"


def test_a_folder_that_is_half_made_is_made_anew(tmp_path: Path) -> None:
    place = made(tmp_path, complete=False)
    done = install(tmp_path)
    assert done.returncode == 3
    assert f"Unpacking WasmEdge and its libraries, from Debian 13, into {place} " in done.stderr
    assert "E: update failed" in done.stderr
    assert "the package lists of Debian 13 cannot be read" in done.stderr.splitlines()[-1]
    left = sorted(path.name for path in place.parent.iterdir())
    assert left == ["wasmedge", "wasmedge.lock"]  # nothing of the try


def test_anew_makes_even_a_complete_one_anew(tmp_path: Path) -> None:
    made(tmp_path)
    done = install(tmp_path, "--anew")
    assert done.returncode == 3
    assert "Unpacking WasmEdge" in done.stderr


def test_another_one_that_is_named_is_used(tmp_path: Path) -> None:
    done = install(tmp_path, BENCHHARNESS_WASMEDGE=str(tmp_path))
    assert done.returncode == 0
    assert f"{tmp_path} is used, and nothing is installed" in done.stderr
    done = install(tmp_path, BENCHHARNESS_WASMEDGE=str(tmp_path / "gone"))
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert f"BENCHHARNESS_WASMEDGE is {tmp_path}/gone, which is not there" in done.stderr


def test_the_manual(tmp_path: Path) -> None:
    done = install(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "scripts/install-wasmedge --anew" in done.stdout
    assert install(tmp_path, "--wrong").returncode == 2
