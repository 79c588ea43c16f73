from __future__ import annotations

import importlib.util
import subprocess
import sys
from types import SimpleNamespace

import pytest

from benchharness.errors import UnfitError, UnknownNameError, UsageError
from benchharness.learning import compute, data, models, needs

INSTALL = f"install it: {sys.executable} -m pip install 'benchharness[fl]'"


def without(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """Make ``modules`` as good as not installed."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *rest: None if name in modules else found(name, *rest),
    )


def test_what_is_missing_is_said_with_the_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "torch", "sklearn")
    with pytest.raises(UsageError) as refused:
        models.build("wide-resnet", depth=1, width=1, classes=10, seed=1)
    assert refused.value.line() == f"the Python module 'torch' is missing; {INSTALL}"
    with pytest.raises(UsageError, match="'torch' is missing"):
        compute.choose("auto")
    with pytest.raises(UsageError, match="'sklearn' is missing"):
        data.load("digits", seed=1)
    needs.require("numpy")


def test_flower_is_not_promised_to_an_old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "flwr")
    monkeypatch.setattr(needs, "sys", SimpleNamespace(version_info=(3, 10, 4), executable="py"))
    with pytest.raises(UsageError, match=r"Flower needs CPython 3.11 and this is 3.10; |make an"):
        needs.require("flwr")
    monkeypatch.setattr(needs, "sys", SimpleNamespace(version_info=(3, 13, 0), executable="py"))
    with pytest.raises(UsageError, match="install it: py -m pip install"):
        needs.require("flwr")


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    program = (
        "import sys\n"
        "from benchharness.learning import arrays, compute, data, memory, models, needs\n"
        "from benchharness.learning import partition, seeds, training\n"
        "data.load('synthetic:4', seed=1, examples=8, test_examples=8)\n"
        "assert compute.choose('cpu') == 'cpu'\n"
        "print(sorted({'torch', 'flwr', 'sklearn', 'scipy', 'pandas'} & set(sys.modules)))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert answer.stdout == "[]\n"


def test_the_cpu_is_there_and_other_words_are_refused() -> None:
    assert compute.choose("cpu") == "cpu"
    assert compute.device_name("cpu") == "CPU"
    with pytest.raises(UnknownNameError, match="unknown compute 'gpu'"):
        compute.choose("gpu")


def test_cuda_that_is_absent_is_never_replaced_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert compute.choose("auto") == "cpu"
    with pytest.raises(UnfitError) as refused:
        compute.choose("cuda")
    line = refused.value.line()
    assert line.startswith("compute = cuda: CUDA is asked for and PyTorch finds no such device")
    assert line.endswith("take compute = cpu, or install the driver and a PyTorch built for it")


def test_a_device_that_fails_is_never_replaced_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def broken(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("CUDA error: no kernel image is available for execution\nmore")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "zeros", broken)
    for wanted in ("auto", "cuda"):
        with pytest.raises(UnfitError) as refused:
            compute.choose(wanted)
        assert refused.value.line() == (
            f"compute = {wanted}: the CUDA device does not compute: CUDA error: no kernel image "
            "is available for execution; take compute = cpu, or install a PyTorch built for this "
            "device"
        )
