"""An NVIDIA GPU by its own counter, through NVML (not on Jetsons, which have INA3221).

``nvmlDeviceGetTotalEnergyConsumption`` counts millijoules since the driver was loaded, on Volta and
later; ``nvmlDeviceGetPowerUsage`` is the mean of the last second on Ampere and later, except
GA100, and a snapshot before, within ±5 % (NVML API Reference, "Device Queries"). A GPU is a part
of the board: its joules are never added to a plug's.

    gpu = 0        the index of nvidia-smi, or a UUID
"""

from __future__ import annotations

from typing import ClassVar

from benchharness.meters.common import CommonDefaults
from benchharness.meters.onboard.nvml_library import Gpu, find_gpu, load
from benchharness.meters.onboard.polled import PolledMeter
from benchharness.meters.onboard.sample import Figures, Sample
from benchharness.meters.options import OptionReader
from benchharness.model import Check, CheckState, MeasurementClass

# A stand-in for the library says of itself that it is one, as an emulated plug does.
EMULATED_MARK = "emulated"


class NvmlMeter(PolledMeter):
    """One GPU; the target is ``gpu-<index>`` unless the instrument names another."""

    default_poll_s: ClassVar[float] = 0.1
    defaults: ClassVar[CommonDefaults] = CommonDefaults(
        check_s=2.0,
        power_resolution_w=0.001,
        energy_resolution_j=0.001,
        gain_bound=0.05,
        latency_bound_s=1.0,
    )

    def _configure(self, keys: OptionReader) -> None:
        address = keys.text("address")
        given = self.instrument.options.get("gpu")
        if isinstance(given, int):
            self._wanted = str(keys.integer("gpu", 0, minimum=0, maximum=1023))
        else:
            self._wanted = keys.text("gpu") or address or "0"
        self._gpu: Gpu | None = None
        self._loaded = False
        self._named(f"gpu-{self._wanted}")

    def _connect(self) -> None:
        where = self.instrument.where
        self._nvml = load(where)
        self._loaded = True
        self._gpu = find_gpu(self._nvml, self._wanted, where)

    def _sample(self) -> Sample:
        assert self._gpu is not None
        return Sample(power_w=self._gpu.power_w(), energy_j=self._gpu.energy_j())

    def _disconnect(self) -> None:
        # What is known of the GPU stays known, its class above all.
        loaded, self._loaded = self._loaded, False
        if loaded:
            self._nvml.nvmlShutdown()

    def _figures(self) -> Figures:
        gpu = self._gpu
        if gpu is None:
            return Figures(has_counter=True)
        emulated = EMULATED_MARK in gpu.name.lower()
        return Figures(
            has_power=gpu.has_power,
            has_counter=gpu.has_energy,
            measurement_class=MeasurementClass.EMULATED if emulated else None,
        )

    def _about(self) -> list[Check]:
        gpu = self._gpu
        assert gpu is not None
        found = f"GPU {gpu.index}, {gpu.name}, {gpu.uuid}: a part of the board"
        return [Check(f"{self.instrument.name}: GPU", CheckState.OK, found)]
