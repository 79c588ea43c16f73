"""NVML through the real client, nvidia-ml-py, with a library of our own behind it."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import pynvml
import pytest

from benchharness.clock import FakeClock
from benchharness.errors import MeterError
from benchharness.meters.onboard.nvml import NvmlMeter
from benchharness.model import CheckState, MeasurementClass
from tests.unit.nvml_stand_in import LOST, Card, Library
from tests.unit.onboard_tree import instrument, step

DRIVER_NOT_LOADED = 9


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Callable[[Library], Library]:
    """Put a library where the client has loaded the driver's."""

    def put(library: Library) -> Library:
        monkeypatch.setattr(pynvml, "nvmlLib", library)
        monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
        monkeypatch.setattr(pynvml, "_nvmlLib_refcount", 0)
        return library

    return put


def meter_of(clock: FakeClock | None = None, /, **options: object) -> NvmlMeter:
    return NvmlMeter(instrument("nvml", options), clock or FakeClock())


def refusal(**options: object) -> str:
    with pytest.raises(MeterError) as caught:
        NvmlMeter(instrument("nvml", options), FakeClock()).open()
    return caught.value.line()


def test_power_and_counter(behind: Callable[[Library], Library]) -> None:
    library = behind(Library([Card()]))
    clock = FakeClock()
    meter = meter_of(clock)
    meter.open()
    (reading,) = meter.read()
    assert (reading.power_w, reading.energy_j) == (75.5, 9_000_000.0)
    library.cards[0].energy_mj = 9_000_007_550
    (reading,) = step(meter, clock)
    assert reading.energy_j == 9_000_007.55
    can = meter.capabilities()
    assert (can.has_power, can.has_counter, can.energy_resolution_j) == (True, True, 0.001)
    assert can.latency_bound_s == pytest.approx(1.0)
    assert (meter.instrument.target, meter.instrument.part_of) == ("gpu-0", "board")
    meter.close()
    assert library.open == 0


def test_a_library_that_says_it_is_emulated_is_not_measured(
    behind: Callable[[Library], Library],
) -> None:
    behind(Library([Card()]))
    meter = meter_of()
    meter.open()
    meter.close()
    assert meter.capabilities().measurement_class is MeasurementClass.EMULATED
    behind(Library([Card(name="NVIDIA H200")]))
    meter.open()
    assert meter.capabilities().measurement_class is MeasurementClass.MEASURED
    meter.close()


def test_a_gpu_by_index_or_uuid(behind: Callable[[Library], Library]) -> None:
    behind(Library([Card(power_mw=1_000), Card(uuid="GPU-2", power_mw=2_000)]))
    ways: tuple[dict[str, object], ...]
    ways = ({"gpu": 1}, {"gpu": "GPU-2"}, {"address": "1"}, {"address": "GPU-2"})
    for way in ways:
        meter = NvmlMeter(instrument("nvml", way), FakeClock())
        meter.open()
        assert meter.read()[0].power_w == 2.0
        meter.close()
    assert "there is no GPU '2'; there is 0 to 1; nvidia-smi -L" in refusal(gpu=2)


def test_an_older_gpu_has_power_alone_and_an_odd_one_nothing(
    behind: Callable[[Library], Library],
) -> None:
    behind(Library([Card(energy_mj=None), Card(power_mw=None, energy_mj=None)]))
    meter = meter_of()
    meter.open()
    assert meter.read()[0].energy_j is None
    assert not meter.capabilities().has_counter
    meter.close()
    assert "tells neither power nor energy; Volta and later do" in refusal(gpu=1)


def test_a_gpu_that_falls_off_the_bus_is_counted(behind: Callable[[Library], Library]) -> None:
    library = behind(Library([Card()]))
    clock = FakeClock()
    meter = meter_of(clock)
    meter.open()
    meter.read()
    library.cards[0].fault = LOST
    assert step(meter, clock) == []
    assert meter.rejected() == {"nvmlDeviceGetPowerUsage: GPU is lost": 1}
    library.cards[0].fault = 0
    assert len(step(meter, clock)) == 1


def test_no_gpu_and_no_driver(behind: Callable[[Library], Library]) -> None:
    library = behind(Library([]))
    assert "the driver sees no GPU" in refusal()
    assert library.open == 0  # closed again
    behind(Library([], init=DRIVER_NOT_LOADED))
    assert "the NVIDIA driver says: Driver Not Loaded; see that nvidia-smi works" in refusal()


def test_no_library_of_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", not_found)
    (check,) = meter_of().check()
    assert check.state is CheckState.ERROR
    assert "libnvidia-ml.so.1 is not on this machine" in check.found
    assert check.advice == "it comes with the driver of an NVIDIA GPU; a Jetson has ina3221 instead"


def test_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_pynvml(name: str, *rest: Any) -> Any:
        if name == "pynvml":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_pynvml)
    assert "nvidia-ml-py is not installed; pip install 'benchharness[nvidia]'" in refusal()
