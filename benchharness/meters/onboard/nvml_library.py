"""NVIDIA's management library through nvidia-ml-py, imported late; its errors in one line each."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

from benchharness.errors import MeterError
from benchharness.meters.onboard.held_file import Unreadable

_NO_DRIVER = "the NVIDIA driver's library libnvidia-ml.so.1 is not on this machine"


def load(where: str) -> ModuleType:
    """Return pynvml, with the driver's library loaded. Raises MeterError with the remedy."""
    try:
        import pynvml
    except ImportError:
        remedy = "pip install 'benchharness[nvidia]'"
        raise MeterError("nvidia-ml-py is not installed", where=where, remedy=remedy) from None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError_LibraryNotFound:
        remedy = "it comes with the driver of an NVIDIA GPU; a Jetson has ina3221 instead"
        raise MeterError(_NO_DRIVER, where=where, remedy=remedy) from None
    except pynvml.NVMLError as error:
        remedy = "see that nvidia-smi works"
        raise MeterError(f"the NVIDIA driver says: {error}", where=where, remedy=remedy) from None
    module: ModuleType = pynvml
    return module


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU, and what it tells of its energy."""

    nvml: Any  # pynvml, which has no types
    handle: Any
    index: int
    name: str
    uuid: str
    has_power: bool
    has_energy: bool

    def power_w(self) -> float | None:
        """Return the power. Raises Unreadable with the driver's words."""
        if not self.has_power:
            return None
        return float(self._ask("nvmlDeviceGetPowerUsage")) / 1e3

    def energy_j(self) -> float | None:
        """Return the energy since the driver was loaded. Raises Unreadable."""
        if not self.has_energy:
            return None
        return float(self._ask("nvmlDeviceGetTotalEnergyConsumption")) / 1e3

    def _ask(self, function: str) -> int:
        try:
            value: int = getattr(self.nvml, function)(self.handle)
        except self.nvml.NVMLError as error:
            raise Unreadable(f"{function}: {error}") from None
        return value


def find_gpu(nvml: Any, wanted: str, where: str) -> Gpu:
    """Return the GPU of an index or a UUID. Raises MeterError: what there is, and the remedy."""
    try:
        count = nvml.nvmlDeviceGetCount()
    except nvml.NVMLError as error:
        raise MeterError(f"the NVIDIA driver says: {error}", where=where) from None
    if count == 0:
        raise MeterError("the driver sees no GPU", where=where, remedy="see nvidia-smi -L")
    for index in range(count):
        gpu = _gpu(nvml, index, where)
        if wanted in (str(index), gpu.uuid):
            if gpu.has_power or gpu.has_energy:
                return gpu
            what = f"GPU {index} ({gpu.name}) tells neither power nor energy"
            raise MeterError(what, where=where, remedy="Volta and later do; else use a plug")
    known = "0" if count == 1 else f"0 to {count - 1}"
    remedy = f"there is {known}; nvidia-smi -L lists them with their UUIDs"
    raise MeterError(f"there is no GPU {wanted!r}", where=where, remedy=remedy)


def _gpu(nvml: Any, index: int, where: str) -> Gpu:
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        name, uuid = nvml.nvmlDeviceGetName(handle), nvml.nvmlDeviceGetUUID(handle)
    except nvml.NVMLError as error:
        raise MeterError(f"GPU {index} cannot be asked: {error}", where=where) from None
    return Gpu(
        nvml,
        handle,
        index,
        _text(name),
        _text(uuid),
        has_power=_answers(nvml, nvml.nvmlDeviceGetPowerUsage, handle),
        has_energy=_answers(nvml, nvml.nvmlDeviceGetTotalEnergyConsumption, handle),
    )


def _answers(nvml: Any, function: Any, handle: Any) -> bool:
    try:
        function(handle)
    except nvml.NVMLError:
        return False
    return True


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
