"""A runtime that disappears between two trials: those trials fail, the campaign goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.harness import Harness
from tests.integration.wasm_programs import DATA_HOME
from wasm_modules.hosts import find_wasmer

# Runs Wasmer's Python, and is gone from its second run on: the first is the preparation.
SELF_REMOVING = """#!/bin/sh
[ -e {folder}/ran ] && rm {folder}/bin/python
touch {folder}/ran
exec {python} "$@"
"""


@pytest.mark.slow
def test_trials_without_their_runtime_fail_and_the_others_go_on(tmp_path: Path) -> None:
    real = find_wasmer.environment_python({"XDG_DATA_HOME": DATA_HOME})
    folder = tmp_path / "wasmer"
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").symlink_to(real.parent.parent / "lib")
    python = folder / "bin" / "python"
    python.write_text(SELF_REMOVING.format(folder=folder, python=real))
    python.chmod(0o755)
    harness = Harness(tmp_path)
    done = harness(
        *("run", "--json", "--meter", "none", "--idle", "0", "matrix", "--set", "n=32"),
        *("--vary", "runtime=wasmer,numpy", "--repeat", "2"),
        environment={"BENCHHARNESS_WASMER_PYTHON": str(python)},
    )
    assert done.code == 1, done.stderr
    trials = done.document["trials"]
    outcomes = {
        name: [trial["status"] for trial in trials if trial["factors"]["runtime"] == name]
        for name in ("wasmer", "numpy")
    }
    assert outcomes == {"wasmer": ["ok", "failed"], "numpy": ["ok", "ok"]}
    line = f"exit code 3: matrix: BENCHHARNESS_WASMER_PYTHON is {python}, which is no program here"
    assert done.stderr.count(line) == 1
    assert "runtimes" in done.document["environment"]
    assert done.document["environment"]["runtimes"]["wasmer"] == "1.1.0"
