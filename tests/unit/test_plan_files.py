from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from benchharness.plan.environment import environment
from benchharness.plan.files import MOST_FILES, campaign_files, sha256
from benchharness.plan.records import Manifest


def workload(folder: Path) -> Manifest:
    folder.mkdir()
    (folder / "workload.toml").write_text("name = 'sum'\n")
    (folder / "sum.py").write_text("print(1)\n")
    (folder / ".hidden").write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / "scalar.wasm").write_bytes(b"\0asm")
    return Manifest(
        name="sum",
        title="Sum",
        folder=folder,
        argv=("{python}", "{workload}/sum.py"),
        file=folder / "workload.toml",
        module_file="{workload}/{build}.wasm",
        module_when={"runtime": ("wasmtime",)},
    )


def test_files_are_named_below_the_workload_and_hashed(tmp_path: Path) -> None:
    manifest = workload(tmp_path / "sum")
    campaign = tmp_path / "night.toml"
    campaign.write_text("workload = 'sum'\n")
    factors = {"runtime": "wasmtime", "build": "scalar"}
    found = campaign_files([(manifest, factors), (manifest, {"runtime": "native"})], campaign)
    assert [(f["name"], f["kind"]) for f in found] == [
        ("night.toml", "campaign"),
        ("sum/workload.toml", "manifest"),
        ("sum/scalar.wasm", "program"),
        ("sum/sum.py", "program"),
    ]
    by_name = {f["name"]: f for f in found}
    assert by_name["sum/sum.py"]["bytes"] == 9
    assert by_name["sum/sum.py"]["sha256"] == hashlib.sha256(b"print(1)\n").hexdigest()
    assert str(tmp_path) not in json.dumps(found)


def test_modules_beside_no_workload_are_hashed_too(tmp_path: Path) -> None:
    manifest = workload(tmp_path / "sum")
    module = tmp_path / "else" / "m.wasm"
    module.parent.mkdir()
    module.write_bytes(b"\0asm\1")
    elsewhere = Manifest(
        name="sum", title="", folder=manifest.folder, argv=(), module_file=str(module)
    )
    found = campaign_files([(elsewhere, {})])
    assert found[-1] == {
        "name": "sum/m.wasm", "kind": "module", "bytes": 5, "sha256": sha256(module),
    }  # fmt: skip


def test_of_a_command_the_program_is_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    command = Manifest(name="tool", title="", folder=tmp_path, argv=("tool", "-x"), ad_hoc=True)
    assert [f["name"] for f in campaign_files([(command, {})])] == ["tool"]
    missing = Manifest(name="no", title="", folder=tmp_path, argv=("no",), ad_hoc=True)
    assert campaign_files([(missing, {})]) == []


def test_what_cannot_be_read_is_left_out_and_there_is_a_limit(tmp_path: Path) -> None:
    manifest = workload(tmp_path / "sum")
    assert campaign_files([], tmp_path / "gone.toml") == []
    for number in range(MOST_FILES + 5):
        (manifest.folder / f"f{number}").write_text("")
    assert len(campaign_files([(manifest, {"runtime": "native"})])) == MOST_FILES


def test_the_environment_carries_them() -> None:
    file = {"name": "a", "kind": "program", "bytes": 1, "sha256": "0" * 64}
    assert environment(files=[file])["files"] == [file]
    assert environment()["files"] is None
