"""scripts/: what they say and do on machines that lack something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
NO_ROOT = "may_install() { return 1; }; "


def library(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run shell lines with scripts/lib.sh sourced, as the scripts do."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"source '{SCRIPTS}/lib.sh'; {program}", "scripts/try"],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("name", ["run", "test", "bench", "install-fl"])
def test_help_is_the_comment_at_the_head(name: str) -> None:
    done = subprocess.run(
        [SCRIPTS / name, "--help"], capture_output=True, text=True, check=True, cwd="/"
    )
    assert f"scripts/{name}" in done.stdout
    assert "set -euo" not in done.stdout
    assert not done.stdout.startswith("#")
    assert done.stderr == ""


def test_without_root_the_missing_packages_are_named_with_the_line_that_installs_them() -> None:
    done = library(NO_ROOT + "require_packages 'the tests' bash no-such-package-1 no-such-2")
    assert done.returncode == 3
    assert done.stderr == (
        "try: missing for the tests, and there is neither root nor sudo: "
        "sudo apt-get install --no-install-recommends no-such-package-1 no-such-2\n"
    )


def test_what_can_be_done_without_is_named_and_does_not_stop() -> None:
    done = library(NO_ROOT + "want_packages 'the native variant' no-such-package-1; echo went on")
    assert (done.returncode, done.stdout) == (0, "went on\n")
    line = "sudo apt-get install --no-install-recommends no-such-package-1"
    assert done.stderr == f"Without the native variant; to have it: {line}\n"


def test_nothing_is_said_or_done_where_nothing_is_missing() -> None:
    done = library(NO_ROOT + "require_packages 'the tests' bash; want_packages 'more' bash")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_missing_lists_are_fetched_before_the_second_try(tmp_path: Path) -> None:
    """As on a fresh machine, where apt knows no package until `apt-get update`."""
    apt = """#!/bin/bash
echo "$*" >>"$CALLS"
[[ $* == *update* ]] && touch "$CALLS.updated"
[[ $* == *update* || -e $CALLS.updated ]]
"""
    executable(tmp_path / "apt-get", apt)
    executable(tmp_path / "sudo", '#!/bin/bash\nshift\nexec "$@"\n')
    done = library(
        "require_packages 'the tests' no-such-1 no-such-2",
        PATH=f"{tmp_path}:{os.environ['PATH']}",
        CALLS=str(tmp_path / "calls"),
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "Installing Debian packages for the tests: no-such-1 no-such-2\n"
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [("update" in call, "no-such-1 no-such-2" in call) for call in calls] == [
        (False, True),
        (True, False),
        (False, True),
    ]


def test_a_failing_apt_is_shown_and_ends_with_3(tmp_path: Path) -> None:
    executable(tmp_path / "apt-get", "#!/bin/bash\necho 'E: the network is down'\nexit 100\n")
    executable(tmp_path / "sudo", '#!/bin/bash\nshift\nexec "$@"\n')
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = library("require_packages 'the tests' no-such-1", PATH=path)
    assert done.returncode == 3
    assert "E: the network is down" in done.stderr
    assert done.stderr.endswith("try: apt-get could not install: no-such-1\n")


BASE_PYTHON = sys._base_executable  # type: ignore[attr-defined]
FIRST_ON_PATH = {
    "a shim without a Python": "#!/bin/sh\nexit 127\n",
    "Debian's without python3-venv": (
        f'#!/bin/sh\nPYTHONPATH="$(dirname "$0")" exec "{BASE_PYTHON}" "$@"\n'
    ),
}


@pytest.mark.parametrize("first", FIRST_ON_PATH.values(), ids=FIRST_ON_PATH)
def test_an_unusable_python_first_on_path_is_passed_over(tmp_path: Path, first: str) -> None:
    executable(tmp_path / "python3", first)
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
    executable(tmp_path / "python3.10", f'#!/bin/sh\nexec "{BASE_PYTHON}" "$@"\n')
    done = library(
        'find_python; echo "$python"; "$python" -c \'import sys; print(sys.version_info[:2])\'',
        PATH=f"{tmp_path}:{os.environ['PATH']}",
    )
    assert done.returncode == 0, done.stderr
    chosen, version = done.stdout.splitlines()
    assert chosen != str(tmp_path / "python3")
    assert version in {"(3, 10)", "(3, 11)", "(3, 12)", "(3, 13)"}


@pytest.mark.parametrize(
    ("version", "implementation", "usable"),
    [
        ((3, 9), "CPython", False),
        ((3, 10), "CPython", True),
        ((3, 13), "CPython", True),
        ((3, 14), "CPython", False),
        ((3, 11), "PyPy", False),
    ],
)
def test_versions_and_implementations_that_are_taken(
    tmp_path: Path, version: tuple[int, int], implementation: str, usable: bool
) -> None:
    """A real interpreter that says that it is another one."""
    (tmp_path / "sitecustomize.py").write_text(
        f"import platform, sys\nsys.version_info = {(*version, 0, 'final', 0)}\n"
        f"platform.python_implementation = lambda: {implementation!r}\n"
    )
    executable(
        tmp_path / "other",
        f'#!/bin/sh\nPYTHONPATH="{tmp_path}" exec "{sys.executable}" "$@"\n',
    )
    done = library(f"usable_python '{tmp_path}/other' 'json sqlite3'")
    assert (done.returncode == 0) is usable
    assert library(f"usable_python '{tmp_path}/other' no_such_module").returncode != 0


def test_an_unknown_option_of_the_harness_reaches_it(tmp_path: Path) -> None:
    """Options that scripts/run does not know go through, and its exit code comes back."""
    done = subprocess.run(
        [SCRIPTS / "run", "--quick", "--results", str(tmp_path / "r.db"), "--no-such-option"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--no-such-option" in done.stderr
    assert list(tmp_path.iterdir()) == []
