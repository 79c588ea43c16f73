"""The wheel: what is in it, and that what is in it works where there is no checkout."""

from __future__ import annotations

import configparser
import email
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECLARATIONS = (
    "workloads", "testbeds", "links", "meters", "reports", "wasm_modules", "results/published",
)  # fmt: skip


def run(*command: Path | str, cwd: Path) -> str:
    """Run a command outside the checkout and without its settings; return what it prints."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "XDG_", "BENCHHARNESS_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**environment, "HOME": str(cwd)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this checkout; the build must leave nothing behind in it."""
    folder = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT,
        cwd=folder,
    )  # fmt: skip
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a fresh environment; return the environment's folder.

    Its dependencies are lent by the environment that runs the tests, as a folder on the path:
    that leaves out the editable installation, which only a ``.pth`` file there makes visible.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    run(
        sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install",
        "--no-deps", "--no-index", wheel,
        cwd=folder,
    )  # fmt: skip
    packages = run(
        folder / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))",
        cwd=folder,
    )  # fmt: skip
    Path(packages.strip(), "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def test_only_one_import_package_reaches_site_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.partition("/")[0] for name in archive.namelist()}
    assert top == {"benchharness", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}


def test_the_wheel_has_every_declaration_and_nothing_that_git_ignores(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *DECLARATIONS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = {
        line.removeprefix("results/")
        for line in listed.stdout.splitlines()
        if (ROOT / line).exists() and not line.endswith(".gitkeep")
    }
    prefix = "benchharness/_declarations/"
    with zipfile.ZipFile(wheel) as archive:
        found = {name.removeprefix(prefix) for name in archive.namelist() if prefix in name}
    assert found == expected
    assert {"workloads/noop/workload.toml", "wasm_modules/matrix/SHA256SUMS"} <= found
    assert "published/aiotwin-d1.4/audit.toml" in found


def test_the_wheel_has_every_module_of_the_package(wheel: Path) -> None:
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "benchharness").rglob("*.py")
        if "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if "_declarations" not in name}
    assert {name for name in names if name.endswith(".py")} == sources


def test_the_metadata_name_the_command_the_drivers_and_light_dependencies(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
        entry_points = configparser.ConfigParser()
        entry_points.read_string(archive.read(f"{info}/entry_points.txt").decode())
        assert "Apache License" in archive.read(f"{info}/licenses/LICENSE").decode()
    assert metadata["Requires-Python"] == ">=3.10"
    assert "benchharness" in entry_points["console_scripts"]
    assert {"tasmota", "estimate"} <= set(entry_points["benchharness.meters"])
    always = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    names = {line.partition(";")[0].partition(">")[0].strip() for line in always}
    assert names == {
        "numpy", "pandas", "psutil", "paho-mqtt", "wasmtime", "seaborn", "jinja2", "rich", "tomli",
    }  # fmt: skip


def test_the_installed_command_knows_its_declarations(installed: Path, tmp_path: Path) -> None:
    command = installed / "bin" / "benchharness"
    assert "benchharness run matrix" in run(command, "--help", cwd=tmp_path)
    as_module = run(installed / "bin" / "python", "-m", "benchharness", "--help", cwd=tmp_path)
    assert "benchharness run matrix" in as_module
    listed = run(command, "list", "workloads", "--json", cwd=tmp_path)
    assert {"matrix", "noop"} <= {one["name"] for one in json.loads(listed)["workloads"]}
    where = run(
        installed / "bin" / "python", "-c",
        "from benchharness.declarations import shipped_folder; print(shipped_folder('workloads'))",
        cwd=tmp_path,
    )  # fmt: skip
    assert Path(where.strip()).is_relative_to(installed)


def test_the_installed_command_measures(installed: Path, tmp_path: Path) -> None:
    command: list[Path | str] = [
        installed / "bin" / "benchharness",
        "run",
        "matrix",
        "--quick",
        "--meter=none",
    ]
    vary = ["--vary=runtime=wasmtime,numpy", "--set=n=100", "--results=here.db", "--json"]
    document = json.loads(run(*command, *map(str, vary), cwd=tmp_path))
    assert {trial["status"] for trial in document["trials"]} == {"ok"}
    assert {trial["factors"]["runtime"] for trial in document["trials"]} == {"wasmtime", "numpy"}
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".db"] == ["here.db"]
