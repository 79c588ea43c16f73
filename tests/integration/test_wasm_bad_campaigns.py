"""What goes wrong with a module, a model, a server, a line or a runtime fails its own trials.

Every campaign has a variant that is good beside those that are not: one line each, the good one
is measured, and the exit code is 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import Harness, Outcome, processes_with
from tests.integration.wasm_hosts import (
    BENCH,
    FOLDER,
    OPEN,
    WRITE,
    built,
    command,
    data,
    finding_folder,
    opening,
    printing,
)
from tests.integration.wasm_programs import DATA_HOME, MODULES
from tests.unit.nn_workload import MODEL
from tests.unit.tflite_models import relu
from wasm_modules.hosts import find_wasmedge, find_wasmer, start

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
GPIO = ROOT / "workloads" / "gpio-http"
# What test_wasm_host_bad_input.py has for every runtime is here under one of them.
UNDER_ONE = {"cut": "wasmtime", "grows": "wasmedge", "outside": "wasmer"}
SAID = "cannot read bird.ppm: No such file\n"
OUTSIDE = "cannot open ../secret\n"
# The mode that starts soonest: WasmEdge's compiler takes its time.
SOONEST = """
[[part.exclude]]
runtime = "wasmedge"
mode = "jit"
[[part.exclude]]
runtime = "wasmtime"
mode = "interpreter"
"""
EVERYWHERE = 'runtime = ["wasmtime", "wasmer", "wasmedge"]\nmode = ["jit", "interpreter"]'


def guests(folder: Path) -> dict[str, str]:
    """Write modules; return which word is in the reason of each, "" for the good one."""
    (folder / "given").mkdir()
    (folder / "given" / "known").touch()
    (folder / "secret").touch()
    (folder / "text.wasm").write_text("text\n")
    whole = (MODULES / "matrix-scalar.wasm").read_bytes()
    (folder / "cut.wasm").write_bytes(whole[:5000])
    grown = "(i32.eq (memory.grow (i32.const 64)) (i32.const -1))"
    said = f"{printing(2, 256, len(SAID))} (call $exit (i32.const 1))"
    tried = (
        f"(if {opening(128, 9)} (then {printing(2, 256, len(OUTSIDE))} (call $exit (i32.const 7))))"
    )
    for name, text in {
        "good": command(""),
        "unknown": command("", '(import "env" "magic" (func))'),
        "trap": command("unreachable"),
        "endless": command("(call $start) (loop (br 0))", BENCH),
        "grows": command(f"(if {grown} (then (drop (i32.div_s (i32.const 1) (i32.const 0)))))"),
        "says": command(said, WRITE, data(256, SAID)),
        "outside": command(
            finding_folder(64, 5) + tried,
            WRITE + OPEN,
            FOLDER + data(64, "known") + data(128, "../secret") + data(256, OUTSIDE),
        ),
    }.items():
        built(folder, text, f"{name}.wasm")
    return {
        "good": "",
        "text": "cannot be prepared: text.wasm: is not a WebAssembly module",
        "cut": "exit code 2: cut.wasm: is not a valid module: ",
        "unknown": "cannot be prepared: unknown.wasm: imports env::magic, which no host",
        "trap": "exit code 134: trap.wasm: the guest trapped: ",
        "endless": "endless.wasm: the guest ran longer than its limit of 0.3 s",
        "grows": "exit code 134: grows.wasm: the guest trapped: ",
        "says": f"says.wasm: the guest ended with exit code 1: {SAID.strip()}",
        "outside": f"outside.wasm: the guest ended with exit code 7: {OUTSIDE.strip()}",
    }


def reasons(outcome: Outcome, *factors: str) -> dict[tuple[str, ...], str]:
    """Return the reason of each trial by the levels of some factors, "" for one that is good."""
    assert outcome.code == 1, outcome.stderr
    found = {}
    for trial in outcome.document["trials"]:
        assert trial["status"] == ("ok" if trial["reason"] is None else "failed")
        reason = trial["reason"] or ""
        assert "\n" not in reason
        assert "Traceback" not in outcome.stderr
        levels = (str(trial["factors"].get(name, trial["workload"])) for name in factors)
        found[tuple(Path(level).stem for level in levels)] = reason
    return found


def test_modules(tmp_path: Path) -> None:
    words = guests(tmp_path)
    harness = Harness(tmp_path)
    rules = [
        f'[[exclude]]\nruntime = {json.dumps(rest)}\nmodule = "{name}.wasm"\n'
        for name, runtime in UNDER_ONE.items()
        for rest in [[each for each in start.RUNTIMES if each != runtime]]
    ]
    (tmp_path / "c.toml").write_text(
        'workload = "wasm"\n[set]\nfolder = "given"\nmemory_limit_bytes = 2097152\n'
        f"time_limit_s = 0.3\n[vary]\nmodule = {json.dumps([f'{name}.wasm' for name in words])}\n"
        f"runtime = {json.dumps(start.RUNTIMES)}\n{''.join(rules)}"
    )
    outcome = harness.run("c.toml")
    found = reasons(outcome, "module", "runtime")
    assert len(found) == len(words) * len(start.RUNTIMES) - 2 * len(UNDER_ONE)
    for (module, runtime), reason in found.items():
        assert words[module] in reason, (module, runtime, reason)
        assert bool(words[module]) == bool(reason), (module, runtime, reason)
    assert processes_with("endless.wasm") == []
    for name in ("text", "unknown"):  # said before any trial as well, and nothing was run
        said = [line for line in outcome.stderr.splitlines() if line.endswith("; its trials fail")]
        assert sum(line.startswith(f"{name}.wasm") for line in said) == len(start.RUNTIMES)


def test_an_endless_loop_within_the_harness_own_limit(tmp_path: Path) -> None:
    built(tmp_path, command(""), "good.wasm")
    built(tmp_path, command("(call $start) (loop (br 0))", BENCH), "endless.wasm")
    outcome = Harness(tmp_path).run(
        # Wasmer's call holds the interpreter's lock: the hardest to end.
        *("wasm", "--vary", "module=good.wasm,endless.wasm", "--timeout", "1.5"),
        *("--set", "runtime=wasmer"),
    )
    assert outcome.code == 1, outcome.stderr
    ended = {
        (Path(trial["factors"]["module"]).stem, trial["status"], trial["reason"])
        for trial in outcome.document["trials"]
    }
    late = "did not end within 1.5 s: killed (--timeout sets the limit)"
    assert ended == {("good", "ok", None), ("endless", "timeout", late)}
    assert processes_with("endless.wasm") == []


def test_models(tmp_path: Path) -> None:
    (tmp_path / "text.tflite").write_text("no model")
    (tmp_path / "small.tflite").write_bytes(relu((1, 96, 96, 3), "UINT8"))
    models = ["text.tflite", "small.tflite", str(MODEL)]
    (tmp_path / "c.toml").write_text(
        '[[part]]\nworkload = "nn-module"\n[part.set]\nrepeat = 2\n[part.vary]\n'
        f"{EVERYWHERE}\nmodel = {json.dumps(models)}\n{SOONEST}"
    )
    found = reasons(Harness(tmp_path).run("c.toml"), "model", "runtime")
    words = {
        "text": "the model is not a TFLite file",
        "small": "the model's input is uint8 1 x 96 x 96 x 3, not uint8 1 x 224 x 224 x 3",
        MODEL.stem: "",
    }
    assert found.keys() == {(model, runtime) for model in words for runtime in start.RUNTIMES}
    for (model, _), reason in found.items():
        assert words[model] in reason
        assert bool(words[model]) == bool(reason), reason


def gpio_http(folder: Path, name: str, *fault: str) -> None:
    """Write the workload gpio-http under another name, its server with a fault."""
    text = (GPIO / "workload.toml").read_text().replace("{workload}", str(GPIO))
    mark = '"--line", "{line}"]\nrole'
    assert mark in text
    words = "".join(f', "{word}"' for word in fault)
    text = text.replace(mark, f'"--line", "{{line}}"{words}]\nrole')
    (folder / name).mkdir()
    (folder / name / "workload.toml").write_text(text.replace('"gpio-http"', f'"{name}"', 1))


def test_servers_and_lines(tmp_path: Path) -> None:
    gpio_http(tmp_path, "refusing", "--fail-with", "500")
    gpio_http(tmp_path, "slow", "--delay", "30")
    settings = "[part.set]\nperiod_s = 0.05\nduration_s = 0.05\n"
    everywhere = f'[part.vary]\n{EVERYWHERE}\nline = ["recorded", "gpiochip987:1"]\n{SOONEST}'
    everywhere += '[[part.exclude]]\nruntime = ["wasmer", "wasmedge"]\nline = "recorded"\n'
    (tmp_path / "c.toml").write_text(
        f'[[part]]\nworkload = "gpio-http"\n{settings}{everywhere}'
        f'[[part]]\nworkload = "./refusing"\n{settings}'
        f'[[part]]\nworkload = "./slow"\n{settings}'
    )
    outcome = Harness(tmp_path).run("c.toml")
    assert outcome.code == 1, outcome.stderr
    words = {
        ("gpio-http", "recorded"): "",
        ("gpio-http", "gpiochip987:1"): "there is no GPIO line gpiochip987:1",
        ("refusing", "recorded"): "output 'refused' is 1, expected 0",
        ("slow", "recorded"): "output 'failed' is 1, expected 0",
    }
    trials = outcome.document["trials"]
    assert len(trials) == 1 + len(start.RUNTIMES) + 2
    for trial in trials:
        word = words[trial["workload"], trial["factors"]["line"]]
        assert word in (trial["reason"] or ""), trial["reason"]
        assert trial["status"] == ("failed" if word else "ok"), trial["reason"]


REMOVER = (
    "import sys; from pathlib import Path\nfor p in sys.argv[1:]: Path(p).unlink(missing_ok=True)"
)


def python_of_its_own(folder: Path) -> tuple[Path, Path]:
    """Make an environment that has what this one has; return its Python and its Wasmtime."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith("__") and entry.suffix != ".pth":
            (site / entry.name).symlink_to(entry)
    (site / "root.pth").write_text(f"{ROOT}\n")
    return folder / "bin" / "python", site / "wasmtime"


def test_runtimes_that_disappear_between_two_trials(tmp_path: Path) -> None:
    python, wasmtime = python_of_its_own(tmp_path / "python")
    real = find_wasmer.environment_python(home())
    wasmer = tmp_path / "wasmer" / "bin" / "python"
    wasmer.parent.mkdir(parents=True)
    (tmp_path / "wasmer" / "lib").symlink_to(real.parent.parent / "lib")
    wasmer.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    wasmer.chmod(0o755)
    library = find_wasmedge.find(home()).library
    folder = library.parents[3] if library.parents[2].name == "usr" else library.parent
    wasmedge = tmp_path / "wasmedge"
    wasmedge.symlink_to(library if (Path("/usr") in library.parents) else folder)
    built(tmp_path, command(""), "good.wasm")
    (tmp_path / "remover").mkdir()
    paths = json.dumps([str(path) for path in (wasmtime, wasmer, wasmedge)])
    (tmp_path / "remover" / "workload.toml").write_text(
        f'name = "remover"\nargv = ["{{python}}", "-c", {json.dumps(REMOVER)}, {paths[1:]}\n'
    )
    (tmp_path / "c.toml").write_text(
        'repeat = 2\nseed = 1\n[[part]]\nworkload = "wasm"\n[part.set]\nmodule = "good.wasm"\n'
        f"[part.vary]\n{EVERYWHERE}\n{SOONEST}"
        '[[part]]\nworkload = "./remover"\n'
    )
    harness = Harness(tmp_path)
    _, *words = harness.command("run", "--json", "--meter", "none", "--idle", "0", "c.toml")
    done = subprocess.run(
        [str(python), *words],
        cwd=tmp_path,
        env={
            **harness.environment,
            "BENCHHARNESS_WASMER_PYTHON": str(wasmer),
            "BENCHHARNESS_WASMEDGE": str(wasmedge),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    second: dict[str, dict[str, Any]] = {
        trial["factors"].get("runtime", "remover"): trial
        for trial in json.loads(done.stdout)["trials"]
        if trial["repetition"] == 1
    }
    assert second.pop("remover")["status"] == "ok"
    words_of = {
        "wasmtime": "the Python module wasmtime cannot be imported",
        "wasmer": f"BENCHHARNESS_WASMER_PYTHON is {wasmer}, which is no program here",
        "wasmedge": f"BENCHHARNESS_WASMEDGE is {wasmedge}, where no libwasmedge.so.0 is",
    }
    assert second.keys() == words_of.keys()
    for runtime, trial in second.items():
        assert trial["status"] == "failed"
        assert trial["reason"].startswith("exit code 3: ")
        assert words_of[runtime] in trial["reason"]


def home() -> Mapping[str, str]:
    return {"XDG_DATA_HOME": DATA_HOME, "HOME": os.environ["HOME"]}
