"""jtop: its total, its pace, a service that dies, and what is said where it is not there.

A package in the library's shape stands in (tests/data/jtop-stand-in); its service is this file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchharness.clock import FakeClock
from benchharness.errors import MeterError, UsageError
from benchharness.meters.onboard.jtop import JtopMeter
from benchharness.model import MeasurementClass
from tests.unit.onboard_tree import DATA, Tree, instrument

# As the library hands it out: mW; ``avg`` is what no figure may come from.
POWER = {
    "rail": {
        "VDD_CPU_GPU_CV": {"online": True, "volt": 5064, "curr": 168, "power": 850, "avg": 9999},
        "VDD_SOC": {"online": True, "volt": 5064, "curr": 288, "power": 1458, "avg": 9999},
    },
    "tot": {"name": "VDD_IN", "volt": 5072, "curr": 1136, "power": 5761, "avg": 9999},
}


@pytest.fixture
def jtop(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(DATA / "jtop-stand-in"))
    sys.modules.pop("jtop", None)
    import jtop as stand_in

    stand_in.Service.power = POWER
    yield stand_in
    del sys.modules["jtop"]


@pytest.fixture
def orin(tmp_path: Path) -> Tree:
    return Tree("sys-ina3221-orin-nx", tmp_path)


def meter_of(tree: Tree, **options: object) -> tuple[JtopMeter, FakeClock]:
    clock = FakeClock()
    return JtopMeter(instrument("jtop", options), clock, sysroot=str(tree.root)), clock


def run(meter: JtopMeter, clock: FakeClock, duration_s: float) -> list[float | None]:
    powers_w = []
    for _ in range(round(duration_s / 0.1)):
        clock.sleep_s(0.1)
        powers_w += [reading.power_w for reading in meter.read()]
    return powers_w


def refusal(tree: Tree, **options: object) -> str:
    with pytest.raises((MeterError, UsageError)) as caught:
        meter_of(tree, **options)[0].open()
    line = caught.value.line()
    assert "\n" not in line
    return line


def test_the_total_is_the_input_s_and_each_answer_is_a_reading(
    jtop: ModuleType, orin: Tree
) -> None:
    meter, clock = meter_of(orin)
    meter.open()
    (reading,) = meter.read()
    assert reading.power_w == 5.761
    assert jtop.jtop.last.wished == 0.5
    for _ in range(12):
        clock.sleep_s(0.5)
        came_ns = clock.now_ns()
        jtop.jtop.last.answer(POWER)
        clock.sleep_s(0.05)  # it is looked at a little later
        (reading,) = meter.read()
        assert reading.t_ns == came_ns
    assert meter.capabilities().period_s == pytest.approx(0.55)
    assert (meter.instrument.target, meter.instrument.part_of) == ("board", None)
    assert meter.capabilities().measurement_class is MeasurementClass.REPLAYED
    meter.close()
    assert jtop.jtop.last.closed and jtop.jtop.last.observers == set()


def test_rails_of_jtop_are_a_part_and_never_added_to_the_whole(
    jtop: ModuleType, orin: Tree
) -> None:
    meter, _ = meter_of(orin, rail=["VDD_CPU_GPU_CV", "VDD_SOC"])
    meter.open()
    assert meter.read()[0].power_w == pytest.approx(2.308)
    assert meter.instrument.part_of == "board"
    assert "VDD_IN contains the others" in refusal(orin, rail=["VDD_IN", "VDD_SOC"])


def test_jtop_s_own_sum_is_not_believed(jtop: ModuleType, tmp_path: Path) -> None:
    tree = Tree("sys-ina3221-agx-orin", tmp_path)
    rails = {"VDD_GPU_SOC": 3052, "VDD_CPU_CV": 763, "VIN_SYS_5V0": 3924, "VDDQ_VDD2_1V8AO": 504}
    power = {name: {"online": True, "power": mw, "avg": 1} for name, mw in rails.items()}
    jtop.Service.power = {"rail": power, "tot": {"power": sum(rails.values()), "avg": 1}}
    meter, _ = meter_of(tree)
    meter.open()
    assert meter.read()[0].power_w == pytest.approx(7.739)  # not 8.243: the memory is in the 5 V


def test_a_service_of_another_pace_is_said(jtop: ModuleType, orin: Tree) -> None:
    jtop.Service.interval = 2.0
    meter, _ = meter_of(orin)
    meter.open()
    (event,) = meter.events()
    assert event.kind == "period"
    assert event.detail == "the service's interval is 2 s, as its first client wished, not 0.5 s"
    assert meter.capabilities().latency_bound_s == pytest.approx(2.75)


def test_a_service_that_falls_silent_is_left_for_sysfs(jtop: ModuleType, orin: Tree) -> None:
    meter, clock = meter_of(orin)
    meter.open()
    assert meter.read()[0].power_w == 5.761
    orin.put("curr1_input", 2000)
    assert run(meter, clock, 1.4) == []  # within three intervals nothing is said
    assert meter.events() == []
    powers_w = run(meter, clock, 2.0)
    assert len(powers_w) >= 3 and powers_w[0] == pytest.approx(10.144)
    (event,) = meter.events()
    assert event.kind == "source"
    assert event.detail.startswith(
        "the service of jtop has been silent for 1.5 s: from here on VDD_IN (5 mΩ) in "
    )
    assert meter.source == "INA3221 in /sys"
    # It comes back: the source is not changed again.
    jtop.jtop.last.answer(POWER)
    assert run(meter, clock, 1.0)[-1] == pytest.approx(10.144)
    assert meter.capabilities().power_resolution_w == pytest.approx(0.008 * 5.072)


def test_an_answer_that_is_handed_out_again_is_not_news(jtop: ModuleType, orin: Tree) -> None:
    # The library does so each three intervals when the service hangs.
    meter, clock = meter_of(orin)
    meter.open()
    meter.read()
    for _ in range(2):
        assert run(meter, clock, 0.7) == []
        jtop.jtop.last.answer(POWER, again=True)
    orin.put("curr1_input", 2000)
    assert run(meter, clock, 1.0)[0] == pytest.approx(10.144)
    assert [event.kind for event in meter.events()] == ["source"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [("exception", "Lost connection with jtop server"), ("eof", "EOFError"), ("closed", "is gone")],
)
def test_a_service_that_dies_is_left_at_once(
    jtop: ModuleType, orin: Tree, kind: str, words: str
) -> None:
    meter, clock = meter_of(orin)
    meter.open()
    meter.read()
    client = jtop.jtop.last
    if kind == "closed":
        client.closed = True
    else:
        lost = jtop.JtopException("Lost connection with jtop server")
        client.error = EOFError() if kind == "eof" else lost
    powers_w = run(meter, clock, 1.0)
    assert powers_w and powers_w[0] == pytest.approx(5.761792)
    (event,) = meter.events()
    assert event.kind == "source" and words in event.detail


def test_without_sysfs_a_dead_service_is_silence(jtop: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "sys").mkdir()
    clock = FakeClock()
    meter = JtopMeter(instrument("jtop"), clock, sysroot=str(tmp_path))
    meter.open()
    meter.read()
    assert run(meter, clock, 4.0) == []
    kinds = [event.kind for event in meter.events()]
    assert kinds.count("offline") == 1 and "stale" in kinds


@pytest.mark.parametrize(
    ("power", "reason"),
    [
        (None, "jtop tells no power"),
        ({}, "jtop tells no power"),
        ({"rail": {}, "tot": {}}, "jtop tells nothing of the whole board"),
        ({"rail": {}, "tot": {"name": "VDD_IN", "power": "5 W"}}, "nothing of the whole board"),
        ({"rail": {}, "tot": {"name": "VDD_IN", "power": -3}}, "nothing of the whole board"),
        ({"rail": {}, "tot": {"name": "VDD_IN", "avg": 5000}}, "nothing of the whole board"),
    ],
)
def test_an_answer_without_power_is_no_reading(
    jtop: ModuleType, orin: Tree, power: Any, reason: str
) -> None:
    meter, clock = meter_of(orin)
    meter.open()
    meter.read()
    clock.sleep_s(0.5)
    jtop.jtop.last.answer(power)
    assert meter.read() == []
    (counted,) = meter.rejected()
    assert reason in counted


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            "The jtop.service is not active. Please run:\nsudo",
            "jtop.service: it does not run; sudo",
        ),
        ("I can't access jtop.service.\nPlease logout", "jtop.service: this user may not speak to"),
        (
            "Mismatch version jtop service: [4.2.1] and client: [4.3.0]",
            "jtop.service: Mismatch ver",
        ),
    ],
)
def test_what_hinders_is_one_line_with_the_remedy(
    jtop: ModuleType, orin: Tree, error: str, line: str
) -> None:
    jtop.Service.refuses = jtop.JtopException(error)
    said = refusal(orin)
    assert said.startswith(line)
    assert said.endswith("or use --meter ina3221, which needs no service")


def test_the_socket_s_own_errors_are_said_too(jtop: ModuleType, orin: Tree) -> None:
    jtop.Service.refuses = PermissionError(13, "Permission denied")
    assert "sudo usermod -aG jtop $USER and log in again" in refusal(orin)
    jtop.Service.refuses = ConnectionRefusedError(111, "Connection refused")
    assert "it does not run; sudo systemctl start jtop.service" in refusal(orin)


def test_a_service_that_hangs_is_not_waited_for(jtop: ModuleType, orin: Tree) -> None:
    jtop.Service.hangs = True
    said = refusal(orin, wait_s=0.1)
    assert "the service does not answer within 0.1 s; sudo systemctl restart" in said


def test_without_the_library(orin: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jtop", None)
    said = refusal(orin)
    assert "jetson-stats is not installed; pip install 'benchharness[jetson]'" in said
