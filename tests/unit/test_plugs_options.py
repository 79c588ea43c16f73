"""The keys that all instruments and all plugs share: what they give, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.errors import UsageError
from benchharness.meters.base import Instrument
from benchharness.meters.common import CommonDefaults, read_common
from benchharness.meters.instrument import load_meter, read_instrument
from benchharness.meters.options import OptionReader
from benchharness.model import Capabilities, MeasurementClass

DEFAULTS = CommonDefaults(
    period_s=30.0, power_resolution_w=1.0, energy_resolution_j=60.0, gain_bound=0.05
)
PLUG = 'driver = "tasmota"\nbroker = "broker"\ntopic = "p"\n'


def capabilities(options: dict[str, object], **seen: float) -> Capabilities:
    keys = OptionReader(Instrument("m", "bench", "meters/m.toml", options=options))
    common = read_common(keys, DEFAULTS)
    keys.done()
    return common.capabilities(has_power=True, has_counter=True, **seen)  # type: ignore[arg-type]


def test_the_file_stands_above_the_readings_and_they_above_the_defaults() -> None:
    nothing = capabilities({})
    assert (nothing.period_s, nothing.power_resolution_w) == (30.0, 1.0)
    seen = capabilities({}, period_s=10.0, power_step_w=0.1, energy_step_j=36.0)
    assert (seen.period_s, seen.power_resolution_w, seen.energy_resolution_j) == (10.0, 0.1, 36.0)
    said = capabilities({"period_s": 2, "power_resolution_w": 0.5}, period_s=10.0, power_step_w=0.1)
    assert (said.period_s, said.power_resolution_w, said.energy_resolution_j) == (2.0, 0.5, 60.0)


def test_every_key_reaches_the_capabilities() -> None:
    options: dict[str, object] = {
        "period_s": 2.0, "power_resolution_w": 0.2, "energy_resolution_j": 3.0, "floor_w": 0.4,
        "gain": 0.01, "latency_bound_s": 0.6, "latency_s": 0.7, "latency_u_s": 0.08,
        "pulse_j": 9.0, "max_power_w": 15.0, "class": "emulated", "wait_s": 9, "check_s": 8,
    }  # fmt: skip
    assert capabilities(options) == Capabilities(
        MeasurementClass.EMULATED, True, True, 2.0, 0.2, 3.0, 0.4, 0.01, 0.6, 0.7, 0.08, 9.0, 15.0
    )


def test_zero_is_a_value_and_not_missing() -> None:
    can = capabilities({"gain": 0, "power_resolution_w": 0, "latency_bound_s": 0})
    assert (can.gain_bound, can.power_resolution_w, can.latency_bound_s) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"latency_s": 1.0}, "latency_u_s: is missing beside latency_s; add its standard"),
        ({"latency_u_s": 1.0}, "latency_s: is missing beside latency_u_s"),
        ({"max_power_w": 0}, "max_power_w: expected a number above 0, got 0"),
        ({"max_power_w": -5}, "max_power_w: expected a number of at least 0, got -5"),
        ({"max_power_w": 2, "floor_w": 3}, "max_power_w: 2 W is not above floor_w, 3 W"),
        ({"pulse_j": 0}, "pulse_j: expected a number above 0"),
        ({"pulse_j": "12.5 J"}, "pulse_j: expected a number of at least 0, got '12.5 J'"),
        ({"gain": 5}, "gain: expected a number from 0 to 1, got 5"),
        ({"floor_w": float("nan")}, "floor_w: expected a number of at least 0, got nan"),
        ({"period_s": 0}, "period_s: expected a number from 0.01"),
        ({"latency": 1}, "unknown key 'latency'; did you mean 'latency_s'?"),
    ],
)
def test_nonsense_is_refused_with_file_and_key(options: dict[str, object], line: str) -> None:
    with pytest.raises(UsageError) as caught:
        capabilities(options)
    assert caught.value.line().startswith("meters/m.toml: ")
    assert line in caught.value.line()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('relay = "yes"', "relay: expected true or false, got 'yes'"),
        ("relay = 1", "relay: expected true or false, got 1"),
        ('chip = "cse7759"', "unknown chip 'cse7759'"),
        ("channel = 0", "channel: expected a whole number from 1 to 32, got 0"),
        ("poll_s = 7200", "poll_s: expected a number from 0 to 3600, got 7200"),
        ("port = 0", "port: expected a whole number from 1 to 65535, got 0"),
    ],
)
def test_a_plug_s_keys(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "plug.toml"
    path.write_text(f"{PLUG}{text}\n")
    with pytest.raises(UsageError) as caught:
        load_meter(read_instrument(path))
    assert caught.value.line().startswith(f"{path}: ")
    assert line in caught.value.line()
