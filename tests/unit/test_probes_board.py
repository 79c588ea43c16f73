from __future__ import annotations

import math
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.probes.frequency import frequency
from benchharness.probes.network import interface_bytes, network
from benchharness.probes.temperature import choose_sensors, temperature
from benchharness.probes.throttling import PROGRAM_PERIOD_S, decode, parse, throttling
from tests.unit.open_files import open_files

DATA = Path(__file__).parents[1] / "data"
PI4 = str(DATA / "sys-pi4")
NANO = str(DATA / "sys-jetson-nano")


def test_pi4_temperature_frequency_and_throttling() -> None:
    hot, clock, bits = temperature(PI4), frequency(PI4), throttling(PI4)
    assert hot is not None and clock is not None and bits is not None
    assert hot.read() == [82.764]
    assert hot.meta == {"temperature": "hottest of thermal_zone0 cpu-thermal"}
    assert clock.read() == [1e9]
    assert clock.meta["frequency"].endswith("mean of 4 cores")
    assert bits.read() == [0x50005]
    for probe in (hot, clock, bits):
        probe.close()


def test_jetson_takes_the_zone_of_its_processor() -> None:
    # AO-therm is hotter, PMIC-Die always says 100 °C: neither is the processor.
    hot, clock = temperature(NANO), frequency(NANO)
    assert hot is not None and clock is not None
    assert hot.read() == [41.5]
    assert clock.read() == [(1479000 + 921600) / 2 * 1000]
    assert throttling(NANO) is None
    hot.close()
    clock.close()


def test_a_sensor_that_disappears_is_missing_and_never_zero(tmp_path: Path) -> None:
    shutil.copytree(DATA / "sys-pi4", tmp_path / "board")
    root = str(tmp_path / "board")
    probes = [temperature(root), frequency(root), throttling(root)]
    files = ["sys/class/thermal/thermal_zone0/temp"]
    files.append("sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq")
    files.append("sys/devices/platform/soc/soc:firmware/get_throttled")
    for probe, file in zip(probes, files, strict=True):
        assert probe is not None
        assert probe.read()[0] > 0
        (tmp_path / "board" / file).write_text("")
        assert math.isnan(probe.read()[0])
        (tmp_path / "board" / file).write_text("no number\n")
        assert math.isnan(probe.read()[0])
        probe.close()


def test_a_zone_that_is_switched_off_or_absurd_leaves_the_others(tmp_path: Path) -> None:
    for zone, (kind, value) in enumerate(
        [("cpu0-thermal", "45000"), ("cpu1-thermal", "47000"), ("cpu2-thermal", "-274000")]
    ):
        folder = tmp_path / f"sys/class/thermal/thermal_zone{zone}"
        folder.mkdir(parents=True)
        (folder / "type").write_text(kind)
        (folder / "temp").write_text(value)
    probe = temperature(str(tmp_path))
    assert probe is not None
    assert probe.read() == [47.0]
    (tmp_path / "sys/class/thermal/thermal_zone1/temp").write_text("")
    assert probe.read() == [45.0]
    probe.close()


def test_sensors_of_the_processor_come_before_all_others() -> None:
    zones = [("acpitz", "z0"), ("x86_pkg_temp", "z1"), ("iwlwifi_1", "z2")]
    monitors = [("nvme", "m0"), ("coretemp", "m1")]
    assert choose_sensors(zones, monitors) == ["z1"]
    assert choose_sensors(zones[:1], monitors) == ["m1"]
    assert choose_sensors(zones[:1], monitors[:1]) == ["z0"]
    assert choose_sensors([], [("applesmc", "m2"), ("nvme", "m0")]) == ["m2"]
    assert choose_sensors([("PMIC-Die", "z")], [("nvme", "m0")]) == []


def test_a_board_without_sensors_has_no_such_channels(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert temperature(root) is None
    assert frequency(root) is None
    assert throttling(root) is None
    assert network(root) is None


def test_policies_count_by_their_cores_and_offline_ones_do_not(tmp_path: Path) -> None:
    for policy, cores, kilohertz in ((0, "0 1 2 3", "1800000"), (4, "4 5", "2400000")):
        folder = tmp_path / f"sys/devices/system/cpu/cpufreq/policy{policy}"
        folder.mkdir(parents=True)
        (folder / "affected_cpus").write_text(cores)
        (folder / "scaling_cur_freq").write_text(kilohertz)
    probe = frequency(str(tmp_path))
    assert probe is not None
    assert probe.read() == [pytest.approx((4 * 1.8e9 + 2 * 2.4e9) / 6)]
    (tmp_path / "sys/devices/system/cpu/cpufreq/policy4/scaling_cur_freq").write_text("")
    assert probe.read() == [1.8e9]
    probe.close()


def test_names_of_the_throttling_bits() -> None:
    # The values are those of the Raspberry Pi documentation of get_throttled.
    assert decode(0) == ()
    assert decode(0x50005) == (
        "under-voltage",
        "throttled",
        "under-voltage since boot",
        "throttled since boot",
    )
    assert decode(0x80008) == ("soft temperature limit", "soft temperature limit since boot")
    assert decode(0x20002 | 1 << 7) == ("frequency capped", "bit 7", "frequency capped since boot")


@pytest.mark.parametrize(
    ("text", "bits"),
    [(b"50005\n", 0x50005), (b"throttled=0x50000\n", 0x50000), (b"throttled=0x0", 0), (b"0", 0)],
)
def test_both_ways_to_write_the_bits(text: bytes, bits: int) -> None:
    assert parse(text) == bits


@pytest.mark.parametrize("text", [b"", b"VCHI initialization failed\n", b"-1", b"100000000"])
def test_what_is_no_answer_is_missing(text: bytes) -> None:
    assert math.isnan(parse(text))


@given(st.binary(max_size=64))
def test_bits_from_any_bytes_are_32_bits_or_missing(data: bytes) -> None:
    value = parse(data)
    assert math.isnan(value) or 0 <= value < 1 << 32


@given(st.integers(0, (1 << 32) - 1))
def test_bits_survive_both_formats(bits: int) -> None:
    assert parse(b"throttled=0x%x\n" % bits) == parse(b"%x\n" % bits) == bits
    assert len(decode(bits)) == bits.bit_count()


def fake_vcgencmd(root: Path, script: str) -> None:
    program = root / "usr/bin/vcgencmd"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)


def test_vcgencmd_is_asked_now_and_then_and_never_waited_for(tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    answer.write_text("throttled=0x0\n")
    fake_vcgencmd(tmp_path, f"[ $1 = get_throttled ] && cat {answer} && echo x >>{tmp_path}/log\n")
    probe = throttling(str(tmp_path))
    assert probe is not None
    answer.write_text("throttled=0x50005\n")
    assert probe.read() == [0]  # starts the program and gives the last answer
    values: list[float] = []
    limit = time.monotonic() + 10
    while (not values or values[-1] == 0) and time.monotonic() < limit:
        values += probe.read()
    assert values[-1] == 0x50005
    assert (tmp_path / "log").read_text().count("x") <= 2 + len(values) // PROGRAM_PERIOD_S
    probe.close()


def test_a_vcgencmd_that_fails_is_no_probe_and_one_that_goes_is_missing(tmp_path: Path) -> None:
    fake_vcgencmd(tmp_path, "echo VCHI initialization failed >&2; exit 255\n")
    assert throttling(str(tmp_path)) is None
    fake_vcgencmd(tmp_path, "echo throttled=0x0\n")
    probe = throttling(str(tmp_path))
    assert probe is not None
    (tmp_path / "usr/bin/vcgencmd").unlink()
    assert math.isnan(probe.read()[0])
    probe.close()


def test_network_counts_real_interfaces_once() -> None:
    probe = network(PI4)
    assert probe is not None
    assert probe.meta == {"network": "eth0, wlan0"}
    assert probe.read() == [9876543210 + 1000000, 1234567890 + 2000000]
    probe.close()


def test_network_without_devices_takes_all_but_the_loopback() -> None:
    probe = network(NANO)
    assert probe is not None
    assert probe.read() == [100, 200]
    probe.close()


def test_networks_of_trials_are_none_of_the_machines(tmp_path: Path) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "sys/class/net").mkdir(parents=True)
    for name in ("lo", "eth0", "bh12b0", "bh12p1", "bhx"):
        (tmp_path / "sys/class/net" / name).mkdir()
    row = ": 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n"
    text = "".join(f"{name}{row}" for name in ("lo", "eth0", "bh12b0", "bh12p1", "bhx"))
    (tmp_path / "proc/net/dev").write_text(text)
    probe = network(str(tmp_path))
    assert probe is not None
    assert probe.meta == {"network": "eth0, bhx"}
    assert probe.read() == [2, 4]
    probe.close()


def test_an_interface_that_goes_away_makes_the_sum_unknown(tmp_path: Path) -> None:
    shutil.copytree(DATA / "sys-pi4", tmp_path / "board")
    probe = network(str(tmp_path / "board"))
    assert probe is not None
    file = tmp_path / "board/proc/net/dev"
    lines = [line for line in file.read_text().splitlines(True) if "wlan0" not in line]
    file.write_text("".join(lines))
    assert all(math.isnan(value) for value in probe.read())
    probe.close()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_interfaces_or_none(data: bytes) -> None:
    assert all(rx >= 0 and tx >= 0 for rx, tx in interface_bytes(data).values())


def test_every_file_is_closed(tmp_path: Path) -> None:
    before = open_files()
    for make in (temperature, frequency, throttling, network):
        probe = make(PI4)
        assert probe is not None
        probe.close()
        make(str(tmp_path))
    assert open_files() == before
