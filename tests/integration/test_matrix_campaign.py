"""matrix and noop through the harness: right results pass, wrong ones fail, phases are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.harness import Harness
from tests.integration.wasm_programs import ROOT


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    return Harness(tmp_path)


@pytest.mark.slow
@pytest.mark.rust
@pytest.mark.alone
def test_every_runtime_gives_the_expected_result(harness: Harness) -> None:
    vary = ("--vary", "runtime=wasmtime,native,numpy", "--vary", "build=scalar,simd128")
    done = harness.run("matrix", "--set", "n=300", *vary)
    assert done.code == 0, done.stderr
    trials = done.document["trials"]
    assert [trial["status"] for trial in trials] == ["ok"] * 4
    assert len({trial["outputs"]["checksum"] for trial in trials}) == 1
    labels = {variant["label"]: variant for variant in done.document["variants"]}
    assert sorted(labels) == ["native", "numpy", "wasmtime scalar", "wasmtime simd128"]
    for build in ("scalar", "simd128"):
        module = ROOT / "wasm_modules" / "matrix" / f"matrix-{build}.wasm"
        assert labels[f"wasmtime {build}"]["module_bytes"] == module.stat().st_size
    for trial in trials:
        phases = trial["phases_s"]
        inner = phases["fill"] + phases["multiply"] + phases["check"]
        assert 0 < inner <= phases["run"] <= trial["duration_s"]
        if trial["factors"]["runtime"] == "wasmtime":  # compiled before the window, not in it
            assert phases["compile"] > 0
            compiled_ns = trial["window_start_ns"] - 1e9 * (phases["load"] + phases["compile"])
            assert compiled_ns > next(
                stage["start_ns"] for stage in trial["stages"] if stage["name"] == "window"
            )


@pytest.mark.slow
@pytest.mark.alone
def test_a_wrong_result_is_a_failed_trial(harness: Harness) -> None:
    """The same workload, asked for other matrices than those that it expects."""
    folder = harness.folder / "config" / "benchharness" / "workloads" / "wrong"
    folder.mkdir(parents=True)
    text = (ROOT / "workloads" / "matrix" / "workload.toml").read_text()
    text = text.replace('name = "matrix"', 'name = "wrong"', 1)
    shipped = str(ROOT / "workloads" / "matrix")
    text = text.replace("{workload}", shipped)
    changed = text.replace('"--n", "{n}", "--runtime"', '"--seed", "2", "--n", "{n}", "--runtime"')
    assert changed != text
    (folder / "workload.toml").write_text(changed)
    done = harness.run("wrong", "--set", "n=20")
    assert done.code == 1
    (trial,) = done.document["trials"]
    assert trial["status"] == "failed"
    assert "output 'checksum' is" in done.stderr or "output 'checksum' is" in done.stdout


@pytest.mark.slow
@pytest.mark.alone
def test_noop_is_measured(harness: Harness) -> None:
    done = harness.run("noop")
    assert done.code == 0, done.stderr
    (trial,) = done.document["trials"]
    assert trial["status"] == "ok"
    assert 0 < trial["duration_s"] < 5
    assert trial["outputs"] == {}
