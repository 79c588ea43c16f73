"""nn-module under every runtime: LiteRT's scores to the byte, one line for what is wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wasmtime import wat2wasm

from tests.integration.wasm_programs import DATA_HOME, HOST, ROOT, Done, run
from tests.unit.nn_workload import FOLDER, IMAGE, LABELS, MODEL, ppm, program
from tests.unit.tflite_models import relu
from wasm_modules.hosts import start

PROGRAM = FOLDER / "nn_module.py"
MODULE = ROOT / "wasm_modules" / "nn-module" / "nn-module.wasm"
LABEL = "pattern 102"
STEPS = ("read", "preprocess", "load_model", "first", "steady")
METRICS = {
    *("preprocess_s", "load_s", "first_inference_s"),
    *("inference_s", "inference_median_s", "inference_min_s"),
}
# WasmEdge's compiler takes seconds; a test of its own waits for it.
QUICK_MODES = [("wasmtime", "jit"), ("wasmer", "jit"), ("wasmedge", "interpreter")]
preprocess = program("preprocess")


def expected(*options: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "expected.py"), *map(str, options)],
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return expected()


def start_program(folder: Path, *options: object) -> Done:
    return run(PROGRAM, *options, folder=folder, XDG_DATA_HOME=DATA_HOME)


def start_guest(folder: Path, *arguments: object) -> Done:
    """Run the module under Wasmtime; the guest sees ``folder`` as /here."""
    options = ("--report", "--dir", f"{folder}::/here", MODULE)
    return run(HOST, *options, *arguments, folder=folder)


@pytest.mark.parametrize(("runtime", "mode"), [*QUICK_MODES, ("native", "jit")])
def test_every_runtime_gives_the_scores_of_litert(
    tmp_path: Path, runtime: str, mode: str, reference: dict[str, Any]
) -> None:
    done = start_program(tmp_path, "--runtime", runtime, "--mode", mode, "--repeat", 3)
    assert (done.code, done.stdout, done.stderr) == (0, b"", "")
    assert done.outputs() == reference
    assert reference["label"] == LABEL
    assert reference["top5"][0] == [102, 255]
    assert reference["nn_kernel"] == "xnnpack"
    metrics = done.metrics()
    assert metrics.keys() >= METRICS
    assert 0 < metrics["inference_min_s"] <= metrics["inference_median_s"]
    assert metrics["inference_min_s"] <= metrics["inference_s"] < metrics["first_inference_s"] * 100
    marks = done.marks()
    inside = [f"{name} {edge}" for name in STEPS for edge in ("start", "end")]
    assert marks[marks.index("window start") :] == [
        *("window start", "run start"),
        *inside,
        *("run end", "window end"),
    ]
    assert "load_nn start" in marks
    assert ("load start" in marks) == (runtime != "native")
    assert metrics["nn_bytes"] > 10_000_000  # LiteRT and NumPy, which no runtime brings
    assert ("host_bytes" in metrics) == (runtime != "native")


def test_a_runtime_is_as_large_as_without_litert(tmp_path: Path) -> None:
    empty = tmp_path / "empty.wasm"
    empty.write_bytes(wat2wasm('(module (func (export "_start")))'))
    alone = run(HOST, empty, folder=tmp_path).metrics()["host_bytes"]
    assert start_program(tmp_path).metrics()["host_bytes"] == alone


@pytest.mark.parametrize(
    ("runtime", "mode"),
    [
        ("wasmtime", "aot"),
        ("wasmtime", "interpreter"),
        ("wasmer", "aot"),
        pytest.param("wasmedge", "jit", marks=pytest.mark.slow),
        pytest.param("wasmedge", "aot", marks=pytest.mark.slow),
    ],
)
def test_modes_change_nothing_but_time(
    tmp_path: Path, runtime: str, mode: str, reference: dict[str, Any]
) -> None:
    options = ("--runtime", runtime, "--mode", mode)
    if mode == "aot":
        assert start_program(tmp_path, "--prepare", *options).code == 0
    assert start_program(tmp_path, *options).outputs() == reference


def test_threads_change_nothing_and_other_kernels_are_named(
    tmp_path: Path, reference: dict[str, Any]
) -> None:
    assert start_program(tmp_path, "--threads", 2).outputs() == reference
    done = start_program(tmp_path, "--delegate", "none")
    assert done.outputs()["nn_kernel"] == "builtin"
    assert done.outputs() == expected("--delegate", "none")
    assert done.outputs()["digest"] != reference["digest"]


def test_of_a_plugin_the_input_and_the_label_are_expected(reference: dict[str, Any]) -> None:
    assert expected("--nn", "plugin") == {
        "input_digest": reference["input_digest"],
        "label": LABEL,
    }


def test_a_users_own_files(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    shutil.copy(MODEL, own / "birds.tflite")
    names = [f'bird "{k}" \\ \t\'é' for k in range(965)]
    (own / "birds.txt").write_text("\n".join(names), encoding="utf-8")
    pixels = np.random.default_rng(5).integers(0, 256, 300 * 231 * 3, dtype=np.uint8)
    (own / "wren.ppm").write_bytes(ppm(300, 231, pixels.tobytes()))
    files = ("--model", own / "birds.tflite", "--image", own / "wren.ppm")
    wanted = expected(*files, "--labels", own / "birds.txt")
    assert wanted["label"] == names[wanted["top5"][0][0]].strip()
    done = start_program(tmp_path, *files, "--labels", own / "birds.txt")
    assert (done.code, done.stderr) == (0, "")
    assert done.outputs() == wanted
    del wanted["label"]
    assert (
        start_program(tmp_path, *files).outputs() == wanted
    )  # its labels are not the shipped ones


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (2, 3), (223, 225), (224, 224), (640, 97), (101, 1000)]
)
def test_the_module_and_numpy_preprocess_alike(tmp_path: Path, width: int, height: int) -> None:
    pixels = np.random.default_rng(width).integers(0, 256, width * height * 3, dtype=np.uint8)
    path = tmp_path / "image.ppm"
    path.write_bytes(ppm(width, height, pixels.tobytes()))
    done = start_guest(tmp_path, "--preprocess", "/here/image.ppm")
    wanted = preprocess.digest(preprocess.preprocess(preprocess.read_ppm(path)).tobytes())
    assert done.outputs() == {"input_digest": wanted}


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (b"GIF89a", "/here/image.ppm is not a binary PPM image (P6)"),
        (b"P6\n1 x\n255\n123", "its header is broken"),
        (b"P6\n# no end", "its header is broken"),
        (b"P6\n1 1 255", "its header is broken"),
        (b"P6\n16385 1\n255\n", "is 16385 x 1; each side is from 1 to 16384"),
        (b"P6\n1 1\n65535\n123456", "has colours up to 65535; only 255 is read"),
        (b"P6\n2 1\n255\n12345", "is cut short"),
        (None, "/here/image.ppm cannot be read: No such file or directory"),
    ],
)
def test_an_image_that_is_none_is_one_line(tmp_path: Path, image: bytes | None, why: str) -> None:
    if image is not None:
        (tmp_path / "image.ppm").write_bytes(image)
    done = start_guest(tmp_path, "--preprocess", "/here/image.ppm")
    assert done.code == 1
    said, ended = done.stderr.splitlines()
    assert said.startswith("nn-module: ")
    assert why in said
    assert ended == "nn-module.wasm: the guest ended with exit code 1"


@pytest.mark.parametrize(
    ("model", "errno", "why"),
    [
        (b"\0asm\1\0\0\0", "load: invalid_encoding", "the model is not a TFLite file"),
        (MODEL.read_bytes()[:-5000], "load: invalid_encoding", "the model is cut short or broken"),
        (
            relu((1, 96, 96, 3), "UINT8"),
            "set_input: invalid_argument",
            "input 0 is uint8 1 x 96 x 96 x 3, the guest gave uint8 1 x 224 x 224 x 3",
        ),
        (
            relu((1, 224, 224, 3)),
            "set_input: invalid_argument",
            "input 0 is float32 1 x 224 x 224 x 3, the guest gave uint8 1 x 224 x 224 x 3",
        ),
        (relu((1, 224, 224, 3), "UINT8"), "get_output: too_large", "the guest has room for 65536"),
    ],
)
def test_a_model_that_does_not_fit_is_an_errno_and_the_reason(
    tmp_path: Path, model: bytes, errno: str, why: str
) -> None:
    (tmp_path / "model").write_bytes(model)
    shutil.copy(IMAGE, tmp_path / "image.ppm")
    done = start_guest(tmp_path, "/here/model", "/here/image.ppm")
    assert done.code == 1
    said, ended = done.stderr.splitlines()
    assert said == f"nn-module: wasi-nn refuses {errno}"
    assert ended.startswith("nn-module.wasm: the guest ended with exit code 1: wasi-nn: ")
    assert why in ended


@pytest.mark.parametrize(("runtime", "mode"), QUICK_MODES)
def test_a_broken_model_is_one_line_under_every_runtime(
    tmp_path: Path, runtime: str, mode: str
) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(MODEL.read_bytes()[:100_000])
    done = start_program(tmp_path, "--runtime", runtime, "--mode", mode, "--model", model)
    assert done.code == 1
    assert done.stderr.splitlines()[-1].startswith(
        "nn-module.wasm: the guest ended with exit code 1: wasi-nn: the model is cut short"
    )


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (b"no model", "the model is not a TFLite file"),
        (relu((1, 96, 96, 3), "UINT8"), "the model's input is uint8 1 x 96 x 96 x 3, not uint8"),
        (relu((1, 224, 224, 3)), "the model's input is float32 1 x 224 x 224 x 3, not uint8"),
    ],
)
def test_the_expected_program_says_the_same_before_any_trial(
    tmp_path: Path, model: bytes, why: str
) -> None:
    (tmp_path / "model.tflite").write_bytes(model)
    done = subprocess.run(
        [sys.executable, str(FOLDER / "expected.py"), "--model", str(tmp_path / "model.tflite")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"{tmp_path / 'model.tflite'}: {why}" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (("--model", "gone.tflite"), 2, "there is no file"),
        (("--repeat", "0"), 2, "0 is not between 1 and 1000000"),
        (("--runtime", "v8"), 2, "invalid choice: 'v8'"),
        (("--mode", "jit-x"), 2, "wasmtime has no mode jit-x"),
        (("--threads", "65"), 2, "nn.threads is 1 to 64, got '65'"),
    ],
)
def test_wrong_usage_is_one_line(
    tmp_path: Path, options: tuple[str, ...], code: int, why: str
) -> None:
    done = start_program(tmp_path, *options)
    assert done.code == code
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_runtimes_are_all_here() -> None:
    assert tuple(runtime for runtime, _ in QUICK_MODES) == start.RUNTIMES


@pytest.mark.parametrize("runtime", ["wasmtime", "native"])
def test_a_run_reads_copies_of_its_files_in_folders_of_their_own(
    tmp_path: Path, runtime: str, reference: dict[str, Any]
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    done = start_program(tmp_path, "--runtime", runtime, "--folder", scratch, "--repeat", 1)
    assert (done.code, done.stderr, done.outputs()) == (0, "", reference)
    copies = {
        "model/patterns.tflite": MODEL,
        "labels/labels.txt": LABELS,
        "image/pattern-102.ppm": IMAGE,
    }
    found = {str(file.relative_to(scratch)) for file in scratch.rglob("*") if file.is_file()}
    assert found == copies.keys()
    for name, file in copies.items():
        assert (scratch / name).read_bytes() == file.read_bytes()
        assert not (scratch / name).samefile(file)


def test_a_guest_gets_the_folders_of_the_copies_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    scratch = tmp_path / "scratch"
    for folder in (own, scratch):
        folder.mkdir()
    shutil.copy(MODEL, own / "birds.tflite")
    (own / "secret").write_text("not for the guest")
    nn_module = program("nn_module")
    monkeypatch.setattr(sys, "argv", ["nn_module", "--model", str(own / "birds.tflite")])
    words = nn_module.host_options(nn_module._parse(), scratch)
    mapped = [word for before, word in pairwise(words) if before == "--dir"]
    assert mapped == [f"{scratch}/{name}::/{name}" for name in ("model", "image")]
    assert words[-4:-2] == ["/model/birds.tflite", "/image/pattern-102.ppm"]
    assert [file.name for file in (scratch / "model").iterdir()] == ["birds.tflite"]
    assert "--dir" not in nn_module.host_options(nn_module._parse(), None)


@pytest.mark.parametrize("runtime", ["wasmtime", "native"])
def test_a_run_by_hand_leaves_no_copies(tmp_path: Path, runtime: str) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    done = run(
        *(PROGRAM, "--runtime", runtime, "--repeat", 1),
        folder=tmp_path,
        XDG_DATA_HOME=DATA_HOME,
        TMPDIR=str(place),
    )
    assert (done.code, list(place.iterdir())) == (0, [])


def test_files_that_cannot_be_copied_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("in the way")
    done = start_program(tmp_path, "--folder", tmp_path)
    assert done.code == 1
    assert done.stderr == (
        f"nn-module: {MODEL} cannot be copied into {tmp_path}/model: File exists\n"
    )


def test_a_guest_sees_the_folder_that_it_is_given_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    shutil.copy(IMAGE, tmp_path / "outside.ppm")
    done = start_guest(tmp_path / "inside", "--preprocess", "/here/../outside.ppm")
    assert done.code == 1
    assert "/here/../outside.ppm cannot be read" in done.stderr


def test_a_label_that_is_missing_is_one_line(tmp_path: Path) -> None:
    for file in (MODEL, IMAGE):
        shutil.copy(file, tmp_path)
    (tmp_path / "labels").write_text("".join(LABELS.read_text().splitlines(keepends=True)[:102]))
    paths = [f"/here/{file.name}" for file in (MODEL, IMAGE)]
    done = start_guest(tmp_path, *paths, "/here/labels")
    assert done.code == 1
    assert "nn-module: there is no label for class 102\n" in done.stderr
