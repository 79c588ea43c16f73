"""The workload wasm through the harness: any module, what it must print, paths, limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.harness import Harness
from tests.integration.wasm_hosts import (
    INPUT_NAME,
    SAID_ERROR,
    SAID_OUT,
    built,
    command,
    sightglass_like,
)
from wasm_modules.hosts import start

pytestmark = pytest.mark.slow


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    return Harness(tmp_path)


@pytest.fixture
def benchmark_folder(tmp_path: Path) -> Path:
    """A folder like one of sightglass."""
    folder = tmp_path / "echo"
    folder.mkdir()
    (folder / INPUT_NAME).write_text("x\n")
    (folder / "benchmark.stdout.expected").write_text(f"{SAID_OUT}x\n")
    (folder / "benchmark.stderr.expected").write_text(SAID_ERROR)
    built(folder, sightglass_like(), "benchmark.wasm")
    return folder


def test_a_sightglass_module_under_every_runtime(harness: Harness, benchmark_folder: Path) -> None:
    module = ("--set", "module=echo/benchmark.wasm", "--set", "sightglass=true")
    done = harness.run("wasm", *module, "--vary", f"runtime={','.join(start.RUNTIMES)}")
    assert done.code == 0, done.stderr
    size = (benchmark_folder / "benchmark.wasm").stat().st_size
    for trial in done.document["trials"]:
        assert trial["outputs"] == {"stdout": f"{SAID_OUT}x\n", "stderr": SAID_ERROR}
        assert trial["methods"]["window"] != "the whole process"
        assert 0 < trial["duration_s"] < trial["phases_s"]["run"]
        assert trial["module_bytes"] == size


def test_another_output_is_a_failed_trial(harness: Harness, benchmark_folder: Path) -> None:
    (benchmark_folder / "benchmark.stderr.expected").write_text("else\n")
    done = harness.run("wasm", "--set", "module=echo/benchmark.wasm", "--set", "sightglass=true")
    assert done.code == 1
    (trial,) = done.document["trials"]
    assert trial["reason"] == (
        'wrong output: output \'stderr\' is "[guest] done\\n", expected "else\\n"'
    )


def test_a_folder_and_an_expected_file_by_path(harness: Harness, benchmark_folder: Path) -> None:
    words = ("module=echo/benchmark.wasm", "folder=echo")
    expected = "expected_stdout=echo/benchmark.stdout.expected"
    sets = [part for word in (*words, expected) for part in ("--set", word)]
    done = harness.run("wasm", *sets)
    assert done.code == 0, done.stderr
    without_folder = harness.run("wasm", "--set", words[0])
    assert without_folder.code == 1
    assert "the guest ended with exit code 9" in without_folder.document["trials"][0]["reason"]


def test_arguments_are_words_as_in_a_shell(harness: Harness) -> None:
    sizes = (
        '(import "wasi_snapshot_preview1" "args_sizes_get" (func $n (param i32 i32) (result i32)))'
    )
    counted = "(drop (call $n (i32.const 0) (i32.const 4)))"
    bytes_of = "(call $exit (i32.load (i32.const 4)))"
    built(harness.folder, command(counted + bytes_of, sizes), "m.wasm")
    done = harness.run("wasm", "--set", "module=m.wasm", "--set", "arguments=--a 'b c' {d}")
    (trial,) = done.document["trials"]
    expected = len("m.wasm") + len("--a") + len("b c") + len("{d}") + 4
    assert f"exit code {expected}" in trial["reason"]


@pytest.mark.parametrize(
    ("setting", "body", "reason"),
    [
        ("time_limit_s=0.2", "(loop (br 0))", "ran longer than its limit of 0.2 s"),
        ("fuel=10000", "(loop (br 0))", "used up its fuel of 10000"),
        (
            "memory_limit_bytes=131072",
            "(if (i32.eq (memory.grow (i32.const 2)) (i32.const -1)) (then unreachable))",
            "the guest trapped: ",
        ),
    ],
)
def test_a_limit_fails_the_trial_and_the_campaign_goes_on(
    harness: Harness, setting: str, body: str, reason: str
) -> None:
    built(harness.folder, command(body), "m.wasm")
    built(harness.folder, command(""), "good.wasm")
    done = harness.run("wasm", "--vary", "module=m.wasm,good.wasm", "--set", setting)
    assert done.code == 1
    trials = {Path(t["factors"]["module"]).name: t for t in done.document["trials"]}
    assert trials["m.wasm"]["status"] == "failed"
    assert reason in trials["m.wasm"]["reason"]
    assert trials["good.wasm"]["status"] == "ok"
    assert {v["label"] for v in done.document["variants"]} == {"m.wasm", "good.wasm"}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ((), "no module is named; name one: --set module=FILE.wasm"),
        (("--set", "module=nothing.wasm"), "--set module: there is no nothing.wasm"),
        (("--set", "module=text.wasm"), "text.wasm: is not a WebAssembly module"),
        (("--set", "module=good.wasm", "--set", "arguments='"), "arguments: no closing quotation"),
        (("--set", "module=good.wasm", "--set", "sightglass=true"), "good.stdout.expected"),
        (
            ("--set", "module=good.wasm", "--set", "runtime=wasmtime", "--set", "mode=jit-llvm"),
            "makes no sense",
        ),
    ],
)
def test_what_cannot_be_run_is_one_line_before_any_trial(
    harness: Harness, options: tuple[str, ...], line: str
) -> None:
    (harness.folder / "text.wasm").write_text("text")
    built(harness.folder, command(""), "good.wasm")
    done = harness.run("wasm", *options)
    assert done.code in (1, 2)
    assert line in done.last_line
    assert done.stdout == ""
