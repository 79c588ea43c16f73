"""The examples of docs/python.md run as they are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchharness.api import recording
from benchharness.api.pytest_energy import pytest_addoption
from benchharness.cli.main import COMMANDS
from benchharness.trial.equip import Rest

DOCUMENT = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.mark.parametrize("code", EXAMPLES)
@pytest.mark.slow
def test_an_example_runs_as_it_is_written(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(recording, "rest_for", lambda _meters, _idle_s: Rest(0.1, 0.3))
    exec(compile(code, "docs/python.md", "exec"), {"__name__": "example"})
    if "print" in code:
        assert capsys.readouterr().out
    if "lab.db" in code:
        assert (tmp_path / "lab.db").is_file()


def test_every_option_that_it_names_exists() -> None:
    class Group:
        def __init__(self) -> None:
            self.names: set[str] = set()

        def addoption(self, name: str, **_: object) -> None:
            self.names.add(name)

    class Parser:
        group = Group()

        def getgroup(self, *_: str) -> Group:
            return self.group

    pytest_addoption(Parser())  # type: ignore[arg-type]
    assert set(re.findall(r"--energy[a-z-]*", DOCUMENT)) == Parser.group.names
    assert "import" in COMMANDS
