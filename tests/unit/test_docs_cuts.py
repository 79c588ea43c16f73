"""The page on cuts says what is there: its table is printed so, its profile can be read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchharness.cli.main import main
from benchharness.cuts.profile import from_document
from benchharness.cuts.slips import NAMES

PAGE = (Path(__file__).parents[2] / "docs" / "cuts.md").read_text(encoding="utf-8")


def test_its_table_is_what_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (shown,) = re.findall(r"```\n\$ benchharness split optimum\n(.*?)```", PAGE, re.DOTALL)
    assert main(["split", "optimum"]) == 0
    printed = [line.rstrip() for line in capsys.readouterr().err.splitlines()]
    assert shown.splitlines() == printed
    assert max(map(len, printed)) <= 80


def test_its_profile_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (snippet,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    profile = from_document(json.loads(snippet), "docs")
    assert (profile.layers.last_cut, profile.devices[0].name) == (2, "device-1")
    path = tmp_path / "profile.json"
    path.write_text(snippet, encoding="utf-8")
    assert main(["split", "optimum", "--profile", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 1


def test_it_has_every_slip() -> None:
    assert all(f"| `{name}` |" in PAGE for name in NAMES)


def test_its_program_runs() -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (listed,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    profile = from_document(json.loads(listed), "docs")
    names = {"layers": profile.layers, "devices": profile.devices}
    exec(compile(snippet, "docs/cuts.md", "exec"), names)
    assert names["choice"].cuts == (0,)  # type: ignore[attr-defined]
