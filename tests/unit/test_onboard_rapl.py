"""RAPL: zones that contain one another, counters that wrap, and rights."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.clock import FakeClock
from benchharness.errors import MeterError
from benchharness.meters.onboard.rapl import RaplMeter
from benchharness.meters.onboard.wrapping import WrappingCounter
from tests.unit.onboard_tree import SECOND, Tree, instrument, step

PACKAGE_RANGE = 262_143_328_850
DRAM_RANGE = 65_712_999_613


def meter_of(tree: Tree, clock: FakeClock, **options: object) -> RaplMeter:
    return RaplMeter(instrument("rapl", options), clock, sysroot=str(tree.root))


def refusal(tree: Tree, **options: object) -> str:
    with pytest.raises(MeterError) as caught:
        meter_of(tree, FakeClock(), **options).open()
    return caught.value.line()


def zones(meter: RaplMeter) -> str:
    return next(check.found for check in meter.check() if check.subject.endswith("zones"))


@pytest.fixture
def laptop(tmp_path: Path) -> Tree:
    return Tree("sys-rapl-laptop", tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Tree:
    return Tree("sys-rapl-server", tmp_path)


def test_energy_counts_from_0_and_power_is_the_mean_since_the_last_look(server: Tree) -> None:
    clock = FakeClock()
    meter = meter_of(server, clock, poll_s=0.5)
    meter.open()
    (first,) = meter.read()
    assert (first.power_w, first.energy_j) == (None, 0.0)
    server.put("intel-rapl:0/energy_uj", 12_001_234_567 + 20_000_000)
    server.put("intel-rapl:0:0/energy_uj", 4_002_345_678 + 2_000_000)
    server.put("intel-rapl:1/energy_uj", 13_003_456_789 + 10_000_000)
    server.put("intel-rapl:1:0/energy_uj", 4_104_567_890 + 1_000_000)
    (second,) = step(meter, clock)
    assert second.energy_j == pytest.approx(33.0)
    assert second.power_w == pytest.approx(66.0)
    can = meter.capabilities()
    assert can.energy_resolution_j == pytest.approx(2 * 2**-14)  # four zones
    assert can.latency_bound_s == pytest.approx(0.251)
    assert (meter.instrument.target, meter.instrument.part_of) == ("processor", "board")


def test_the_usual_zones(laptop: Tree, server: Tree) -> None:
    assert zones(meter_of(laptop, FakeClock())).startswith("psys (intel-rapl:1):")
    found = zones(meter_of(server, FakeClock()))
    assert found.startswith(
        "package-0 (intel-rapl:0), dram (intel-rapl:0:0), "
        "package-1 (intel-rapl:1), dram (intel-rapl:1:0):"
    )
    # A psys that never counted is a platform that its maker did not wire.
    laptop.put("intel-rapl:1/energy_uj", 0)
    assert zones(meter_of(laptop, FakeClock())).startswith("package-0 (intel-rapl:0):")


@pytest.mark.parametrize(
    ("zone", "why"),
    [
        (["package-0", "core"], "the package contains core"),
        ("uncore+package", "the package contains uncore"),
        (["psys", "package-0"], "psys contains the others"),
        (["package", "package-0"], "a zone is named twice"),
    ],
)
def test_zones_that_contain_one_another_are_never_added(
    laptop: Tree, zone: object, why: str
) -> None:
    assert f"cannot be added: {why}; name one zone" in refusal(laptop, zone=zone)


def test_zones_inside_a_package_may_be_added_without_it(laptop: Tree) -> None:
    meter = meter_of(laptop, FakeClock(), zone=["core", "uncore"])
    assert zones(meter).startswith("core (intel-rapl:0:0), uncore (intel-rapl:0:1):")
    assert meter.instrument.target == "core + uncore"


def test_a_wrap_between_two_looks_is_made_good(server: Tree) -> None:
    clock = FakeClock()
    server.put("intel-rapl:0:0/energy_uj", DRAM_RANGE - 400_000)
    meter = meter_of(server, clock, zone="dram", poll_s=1.0)
    meter.open()
    meter.read()
    server.put("intel-rapl:0:0/energy_uj", 600_000)
    assert step(meter, clock)[0].energy_j == pytest.approx(1.0)
    server.put("intel-rapl:0:0/energy_uj", 1_600_000)
    (reading,) = step(meter, clock)
    assert reading.energy_j == pytest.approx(2.0)
    assert reading.power_w == pytest.approx(1.0)
    assert meter.events() == []


def test_a_counter_that_was_set_back_is_not_taken_for_a_wrap(laptop: Tree) -> None:
    clock = FakeClock()
    meter = meter_of(laptop, clock)
    meter.open()
    meter.read()
    for _ in range(3):
        (reading,) = step(meter, clock)
    last_ns = reading.t_ns
    laptop.put("intel-rapl:1/energy_uj", 1_000)  # woken from sleep: 142 kJ would be a wrap
    (reading,) = step(meter, clock)
    assert (reading.power_w, reading.energy_j) == (None, 0.0)
    (event,) = meter.events()
    assert (event.kind, event.t_ns) == ("offline", last_ns)  # nobody vouches for that time
    laptop.put("intel-rapl:1/energy_uj", 501_000)
    assert step(meter, clock)[0].energy_j == pytest.approx(0.5)


def test_more_than_one_wrap_is_not_guessed_at(server: Tree) -> None:
    clock = FakeClock()
    meter = meter_of(server, clock, zone="dram")
    meter.open()
    meter.read()
    clock.sleep_s(60.0)  # at 2 kW the range of 65.7 kJ would pass in 33 s
    server.put("intel-rapl:0:0/energy_uj", 4_002_345_678 + 90_000_000)
    (reading,) = meter.read()
    assert reading.energy_j == 0.0
    assert [event.kind for event in meter.events()] == ["offline"]


@given(
    st.lists(st.tuples(st.integers(1, 10), st.integers(0, 150)), min_size=1, max_size=50),
    st.integers(0, PACKAGE_RANGE - 1),
)
def test_the_sum_of_rises_is_the_energy_whatever_the_wraps(
    walk: list[tuple[int, int]], start_uj: int
) -> None:
    counter = WrappingCounter(PACKAGE_RANGE, 2000e6)
    t_ns, true_uj, counted_uj = 0, start_uj, 0
    assert counter.rise(t_ns, true_uj % PACKAGE_RANGE) == 0
    for seconds, power_w in walk:
        t_ns += seconds * SECOND
        true_uj += seconds * power_w * 1_000_000
        rise = counter.rise(t_ns, true_uj % PACKAGE_RANGE)
        assert rise is not None
        counted_uj += rise
    assert counted_uj == true_uj - start_uj


def test_only_root_may_read_it(laptop: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    line = refusal(laptop)
    assert "intel-rapl:1/energy_uj: only root may read it; run as root, or: sudo chmod" in line


def test_what_is_not_there_is_one_line_with_its_remedy(laptop: Tree, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (check,) = RaplMeter(instrument("rapl"), sysroot=str(tmp_path / "empty")).check()
    assert check.found.endswith("powercap: no RAPL on this machine: no zone intel-rapl:*")
    assert check.advice is not None and "modprobe intel_rapl_msr" in check.advice
    assert "no zone 'dram'; there are: core, package-0, psys, uncore" in refusal(
        laptop, zone="dram"
    )


def test_a_pace_at_which_a_counter_could_wrap_twice_is_refused(server: Tree) -> None:
    longest_s = DRAM_RANGE / 2000e6  # at the 2 kW that a socket is taken to draw at most
    line = refusal(server, poll_s=longest_s + 1.0)
    assert "may wrap twice unseen" in line
    assert f"set poll_s below {longest_s - 0.05:.3g} s" in line
    meter_of(server, FakeClock(), poll_s=longest_s - 1.0).open()
