"""Where a model computes: on the CPU, or on an NVIDIA GPU through CUDA."""

from __future__ import annotations

from benchharness.errors import UnfitError, UnknownNameError
from benchharness.learning import needs

CHOICES = ("auto", "cpu", "cuda")


def choose(wanted: str) -> str:
    """Return "cpu" or "cuda"; "auto" takes CUDA where PyTorch finds a device.

    Raises UnknownNameError for another word, and UnfitError where CUDA is asked for and absent, or
    is there and fails: a GPU that does not compute is never replaced in silence.
    """
    if wanted not in CHOICES:
        raise UnknownNameError("compute", wanted, CHOICES)
    if wanted == "cpu":
        return "cpu"
    needs.require("torch")
    import torch

    if not torch.cuda.is_available():
        if wanted == "auto":
            return "cpu"
        built = torch.version.cuda
        raise UnfitError(
            "CUDA is asked for and PyTorch finds no such device"
            + ("" if built else f" (PyTorch {torch.__version__} is built without CUDA)"),
            where="compute = cuda",
            remedy="take compute = cpu, or install the driver and a PyTorch built for it",
        )
    try:
        (torch.zeros(1, device="cuda") + 1).item()
    except (RuntimeError, AssertionError) as error:  # as PyTorch says it, by its build
        raise UnfitError(
            f"the CUDA device does not compute: {str(error).splitlines()[0]}",
            where=f"compute = {wanted}",
            remedy="take compute = cpu, or install a PyTorch built for this device",
        ) from error
    return "cuda"


def device_name(compute: str) -> str:
    """Return what computes, for people: the GPU's name, or "CPU"."""
    if compute != "cuda":
        return "CPU"
    import torch

    return str(torch.cuda.get_device_name())
