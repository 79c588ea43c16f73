"""Testbed files: what they say becomes devices; every complaint has file, line and remedy."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import UnfitError, UnknownNameError, UsageError
from benchharness.plan import testbed_file
from benchharness.plan.testbed_file import find_testbed, load_testbed
from benchharness.testbed import document as stored
from benchharness.testbed.document import require_room
from benchharness.testbed.records import Device, PlugSettings, PowerMode, Testbed

DEVICE = '[[device]]\nname = "a"\nspeed = 2\nidle_w = 1\nbusy_w = 3\n'


def read(tmp_path: Path, text: str) -> Testbed:
    file = tmp_path / "bed.toml"
    file.write_text(text)
    return load_testbed(file)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    return caught.value.line()


def test_what_a_file_leaves_out_has_defaults_and_speeds_are_relative(tmp_path: Path) -> None:
    bed = read(tmp_path, DEVICE + DEVICE.replace('"a"', '"b"').replace("2", "0.5"))
    assert [(device.name, device.speed) for device in bed.devices] == [("a", 1.0), ("b", 0.25)]
    assert (bed.name, bed.title, bed.share, bed.plugs) == ("bed", "bed", 0.8, PlugSettings())


def test_count_makes_numbered_devices(tmp_path: Path) -> None:
    bed = read(tmp_path, DEVICE + "count = 3\n")
    assert [device.name for device in bed.devices] == ["a-1", "a-2", "a-3"]


MODES = """
transmit_w = 2
[device.mode.fast]
speed = 4
busy_w = 5
nvpmodel = 0
[device.mode.low]
speed = 1
idle_w = 0.5
receive_w = 0.75
source = "a  paper"
"""


def test_a_mode_has_what_it_does_not_say_from_its_device(tmp_path: Path) -> None:
    bed = read(tmp_path, DEVICE + MODES + DEVICE.replace('"a"', '"b"'))
    first, second = bed.devices
    # Relative to the fastest of all, which is a mode here.
    assert first.modes == (
        PowerMode("fast", 1.0, 1.0, 5.0, 2.0, None, 0),
        PowerMode("low", 0.25, 0.5, 3.0, 2.0, 0.75, None, "a paper"),
    )
    assert (first.speed, first.top_speed, second.top_speed) == (0.5, 1.0, 0.5)
    low = first.in_mode("low")
    assert (low.name, low.speed, low.idle_w, low.receive_w, low.source) == (
        "a", 0.25, 0.5, 0.75, "a paper",
    )  # fmt: skip
    assert first.in_mode(None) is first
    assert first.in_mode("fast").source == first.source
    with pytest.raises(KeyError):
        second.in_mode("low")
    # Of this machine as much is kept as the fastest mode needs.
    cores = bed.cores(1)
    assert cores["a"] == cores["b"] == pytest.approx(0.8 * 0.5 / 1.5)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "has no device; write [[device]]"),
        ("share = 1.5\n" + DEVICE, 1, "write 1 or less"),
        ("share = 0\n" + DEVICE, 1, "more than 0"),
        ("sahre = 0.5\n" + DEVICE, 1, "did you mean 'share'"),
        (DEVICE.replace("speed", "sped"), 3, "did you mean 'speed'"),
        (DEVICE.replace("speed = 2\n", ""), 1, "speed: is missing; write speed = ..."),
        (DEVICE.replace("speed = 2", "speed = -1"), 3, "more than 0"),
        (DEVICE.replace("busy_w = 3", "busy_w = 0.5"), 5, "is below idle_w, 1 W"),
        (DEVICE.replace('"a"', '"a b/c"'), 2, "use letters, digits, - and _"),
        (DEVICE + DEVICE, 7, "'a' is there twice"),
        (DEVICE + 'compute = "tpu"\n', 6, "unknown compute 'tpu'"),
        (DEVICE + "count = 0\n", 6, "at least 1"),
        (DEVICE + 'count = 2\nmeter = "plug-1"\n', 7, "one instrument cannot meter 2 devices"),
        (DEVICE + "transmit_w = 0.5\n", 6, "transmit_w: 0.5 W is below idle_w, 1 W; write what"),
        (DEVICE + "[device.mode.5W]\nreceive_w = 0.5\n", 7, "0.5 W is below idle_w, 1 W"),
        (DEVICE + "[device.mode.5W]\nbusy_w = 0.5\n", 7, "0.5 W is below idle_w, 1 W; write"),
        (DEVICE + "[device.mode.5W]\nspeed = 0\n", 7, "device[0].mode.5W.speed"),
        (DEVICE + "[device.mode.5W]\nnvpmodle = 1\n", 7, "did you mean 'nvpmodel'"),
        (DEVICE + '[device.mode."5 W"]\n', 6, "not a power mode's name: '5 W'"),
        (DEVICE + '[plugs]\nchip = "x"\n', 7, "unknown chip 'x'"),
        (DEVICE + "[plugs]\ngain = 0.1\ngain_bound = 0.05\n", 7, "raise gain_bound"),
        (DEVICE + "[plugs]\nenergy_res = 6\n", 7, "at most 5"),
        (DEVICE + '[plugs]\nbroker = "http://x"\n', 7, "use mqtt:// or mqtts://"),
        (DEVICE + '[plugs]\npoll_s = "1"\n', 7, "leave the quotes out"),
    ],
)
def test_a_complaint_names_file_line_and_remedy(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    said = refused(tmp_path, text)
    assert f"bed.toml:{line}" in said
    assert words in said


def test_a_testbed_is_found_by_name_the_users_own_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert set(testbed_file.testbed_files()) >= {"d1.4", "two-speeds"}
    own = tmp_path / "benchharness" / "testbeds"
    own.mkdir(parents=True)
    (own / "d1.4.toml").write_text('title = "mine"\n' + DEVICE)
    assert find_testbed("d1.4").title == "mine"
    assert find_testbed(str(own / "d1.4.toml")).title == "mine"
    with pytest.raises(UnknownNameError, match="did you mean 'two-speeds'"):
        find_testbed("two-speed", "--testbed")
    with pytest.raises(UsageError, match="no such testbed file"):
        find_testbed("there/is/none.toml")


def test_the_meter_of_a_device_is_a_name_or_a_path_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path holds in every folder: the campaign may be gone on with from another one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plug.toml").write_text("")
    (device,) = read(tmp_path, DEVICE + 'meter = "plug.toml"\n').devices
    assert device.meter is not None
    assert device.meter == str((tmp_path / "plug.toml").resolve())
    (device,) = read(tmp_path, DEVICE + 'meter = "rapl"\n').devices
    assert device.meter == "rapl"


def test_d14_has_the_speeds_and_the_watts_of_its_own_figures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    bed = find_testbed("d1.4")
    names = ["agx-orin", *(f"nano-gpu-{n}" for n in range(1, 5)), "nano-cpu", "pi4-1", "pi4-2"]
    assert [device.name for device in bed.devices] == names
    # Wh as printed and W at the plateau, of which hours are the quotient.
    printed = {
        "agx-orin": (227, 15),
        "nano-gpu-1": (46, 8),
        "nano-cpu": (131, 7),
        "pi4-1": (120, 6),
    }
    devices = {device.name: device for device in bed.devices}
    for name, (energy_wh, plateau_w) in printed.items():
        assert devices[name].busy_w == plateau_w
        hours = energy_wh / plateau_w
        assert devices[name].speed == pytest.approx((46 / 8) / hours, rel=0.005)
        assert "idle_w" in devices[name].source and "D1.4" in devices[name].source
    assert (bed.plugs.telemetry_s, bed.plugs.poll_s) == (30.0, 1.0)
    assert sum(bed.cores(2).values()) == pytest.approx(0.8 * 2)


@pytest.mark.parametrize(("name", "nanos"), [("ares", 4), ("ares-3", 2)])
def test_ares_has_the_published_times_and_powers(
    name: str, nanos: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    bed = find_testbed(name)
    pi, *others = bed.devices
    assert [device.name for device in others] == [f"nano-{n}" for n in range(1, nanos + 1)]
    nano = others[0]
    # Forward and backward of the whole network, in seconds a batch.
    assert pi.speed / nano.speed == pytest.approx((0.12375 + 0.08125) / (1.852 + 2.092), abs=5e-4)
    assert (pi.busy_w, pi.transmit_w, pi.receive_w) == (3.8, 1.1, 0.8)
    published_mw = {
        "MAXN": (7252, 2319, 2260),
        "5W": (4200, 1917, 1912),
        "CUSTOM": (2396, 1755, 1754),
    }
    for mode, powers_mw in published_mw.items():
        now = nano.in_mode(mode)
        watts = (now.busy_w, now.transmit_w, now.receive_w)
        assert watts == tuple(power_mw / 1000 for power_mw in powers_mw)
        assert now.receive_w is not None
        assert now.idle_w <= now.receive_w
    assert replace(nano.in_mode("MAXN"), source="") == replace(nano, source="")
    assert [mode.speed for mode in nano.modes] == [1.0, 0.694, 0.38]
    # What is assumed is said to be.
    for text in (pi.source, nano.source, *(mode.source for mode in nano.modes[1:])):
        assert "not published: assumed" in text
    assert sum(bed.cores(2).values()) == pytest.approx(1.0)  # the other core is the server's
    assert bed.cores(2)["pi"] > 0.01  # which the kernel holds in its own period of 100 ms


@given(
    st.lists(st.floats(0.01, 1.0), min_size=1, max_size=12),
    st.integers(1, 64),
    st.floats(0.05, 1.0),
    st.integers(1, 4),
)
def test_shares_keep_the_ratios_and_never_ask_for_more(
    speeds: list[float], machine: int, share: float, threads: int
) -> None:
    devices = tuple(
        Device(f"d{n}", "", speed, 1.0, 2.0, threads=threads) for n, speed in enumerate(speeds)
    )
    cores = Testbed("t", "t", devices, share=share).cores(machine)
    assert sum(cores.values()) <= share * machine * (1 + 1e-9)
    for device in devices:
        assert cores[device.name] <= threads * (1 + 1e-9)
        assert cores[device.name] * speeds[0] == pytest.approx(cores["d0"] * device.speed)
    require_room(cores, machine + 1)


def test_it_comes_back_from_the_store_as_it_was(tmp_path: Path) -> None:
    bed = read(tmp_path, 'title = "T"\nsource = "S"\n[plugs]\ngain = 0.02\n' + DEVICE + MODES)
    bed = replace(bed, share=0.5)
    document = json.loads(json.dumps(stored.testbed_document(bed, bed.cores(2))))
    assert document["class"] == "emulated"
    assert stored.testbed_from(document) == (bed, bed.cores(2))
    # What a later version adds is left aside.
    document["plugs"]["colour"] = document["devices"][0]["colour"] = "red"
    assert stored.testbed_from(document)[0] == bed
    # Nor has an older one said what is known now.
    for key in ("modes", "transmit_w", "receive_w"):
        del document["devices"][0][key]
    (device,) = stored.testbed_from(document)[0].devices
    assert device == replace(bed.devices[0], modes=(), transmit_w=None)


def test_a_campaign_of_a_larger_machine_is_not_resumed_on_a_smaller_one() -> None:
    with pytest.raises(UnfitError, match=r"want 3.2 cores together and this machine has 2"):
        require_room({"a": 1.6, "b": 1.6}, 2)
    require_room({}, len(os.sched_getaffinity(0)))
