"""What a device is thought to take: corrected by what it took at each cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchharness.cuts.costs import costs, estimate
from benchharness.cuts.records import DeviceProfile, Layers, Terms, Watts
from benchharness.split.config import SplitConfig
from benchharness.split.estimates import Estimate
from benchharness.split.schemes import Planner
from benchharness.split.watts import cores_of, watts_of

LAYERS = Layers(
    np.array([60e3, 650e3, 160e3, 330e3, 80e3, 80e3, 3e3, 0.0]),
    np.array([0.0, 650e3, 160e3, 330e3, 80e3, 80e3, 3e3, 0.0]),
    np.array([0.0, 4e3, 4e3, 78e3, 78e3, 227e3, 2.32e6, 2.33e6]),
)


def profile(number: int = 1, speed: float = 1.0, bit_s: float = 20e6) -> DeviceProfile:
    return DeviceProfile(
        name=f"device-{number}",
        forward_s=np.linspace(0.0, 0.07, 8) / speed,
        backward_s=np.linspace(0.0, 0.14, 8) / speed,
        server_s=np.linspace(0.021, 0.0, 8),
        up_bit_s=bit_s,
        down_bit_s=2 * bit_s,
        overhead_s=0.001,
        watts=Watts(4.0, 2.0, 1.5, 1.0),
        batches=10,
    )


def taken(cut: int, device: DeviceProfile, **other: float) -> dict[str, float]:
    """Return the sums of a round that went exactly as ``device`` has it."""
    n = device.batches
    up = n * LAYERS.up_bytes[cut] + LAYERS.part_bytes[cut]
    down = n * LAYERS.down_bytes[cut] + LAYERS.part_bytes[cut]
    sums = {
        "forward_s": n * device.forward_s[cut],
        "backward_s": n * device.backward_s[cut],
        "server_s": n * device.server_s[cut],
        "upload_s": 8 * up / device.up_bit_s + (n * device.overhead_s if cut < 7 else 0.0),
        "download_s": 8 * down / device.down_bit_s,
        "bytes_up": up,
        "bytes_down": down,
    }
    return {name: float(value) for name, value in {**sums, **other}.items()}


@pytest.mark.parametrize("cut", range(8))
def test_a_round_as_predicted_changes_nothing(cut: int) -> None:
    device = profile()
    found = Estimate(device, 0.5)
    found.add(cut, taken(cut, device))
    now = found.now()
    assert now.up_bit_s == pytest.approx(20e6)
    np.testing.assert_allclose(now.forward_s, device.forward_s)
    np.testing.assert_allclose(now.server_s, device.server_s)
    predicted = estimate(costs(LAYERS, [now], Terms()), [cut]).round_s
    names = ("forward_s", "backward_s", "upload_s", "server_s", "download_s")
    assert predicted == pytest.approx(sum(taken(cut, device)[name] for name in names))


def test_what_was_slower_at_one_cut_is_slower_at_all() -> None:
    device = profile()
    found = Estimate(device, 1.0)
    sums = taken(4, device)
    slower = {"forward_s": 2 * sums["forward_s"], "backward_s": 2 * sums["backward_s"]}
    found.add(4, {**sums, **slower, "server_s": 3 * sums["server_s"]})
    np.testing.assert_allclose(found.now().backward_s, 2 * device.backward_s)
    surplus_s = 2 * device.server_s[4]  # others kept it busy: they would at other cuts
    np.testing.assert_allclose(found.now().server_s[:7], device.server_s[:7] + surplus_s)
    assert found.now().server_s[7] == 0.0
    found.add(4, {**sums, "server_s": 0.0})
    np.testing.assert_allclose(
        found.now().server_s, np.maximum(device.server_s - device.server_s[4], device.server_s / 4)
    )


def test_a_rehearsal_is_what_the_first_round_is_predicted_from() -> None:
    device, busy = profile(), profile(speed=0.5, bit_s=8e6)
    found = Estimate(device, 0.5)
    found.rehearsed(4, taken(4, busy), device.batches)
    now = found.now()
    np.testing.assert_allclose(now.forward_s, busy.forward_s)
    assert now.up_bit_s == pytest.approx(8e6) and now.down_bit_s == pytest.approx(16e6)
    found.add(4, taken(4, device))  # from here on smoothed, as after any round
    assert found.now().up_bit_s == pytest.approx(14e6)
    np.testing.assert_allclose(found.now().forward_s, 1.5 * device.forward_s)


def test_joules_of_a_twin_are_its_cpu_seconds_above_rest() -> None:
    device = profile()
    found = Estimate(device, 1.0, cores=0.02)
    sums = taken(4, device)
    cpu_s = {"compute_cpu_s": 0.06, "upload_cpu_s": 0.004, "download_cpu_s": 0.002}
    found.add(4, {**sums, **cpu_s})
    watts, now = found.watts, found.now()
    assert now.watts == watts
    (joules,) = costs(LAYERS, [now], Terms(waiting=True)).energy_j[:, 4]
    seconds = sum(sums[f"{each}_s"] for each in ("forward", "backward", "upload", "server"))
    up_s = 8 * sums["bytes_up"] / device.up_bit_s
    rest_j = 1.0 * (seconds + sums["download_s"])
    link_j = (2.0 - 1.0) * up_s + (1.5 - 1.0) * sums["download_s"]
    assert joules == pytest.approx(rest_j + (4.0 - 1.0) * 0.066 / 0.02 + link_j)
    board = Estimate(device, 1.0)  # whose watts were measured while it sent
    board.add(4, {**sums, **cpu_s})
    assert board.watts == device.watts
    empty = Estimate(device, 1.0, cores=0.02)  # nothing comes down: no power of receiving
    empty.add(0, {**taken(0, device), **cpu_s})
    assert empty.watts.receive_w == device.watts.receive_w
    assert empty.watts.compute_w == device.watts.compute_w


def test_rates_are_smoothed_and_stay_where_nothing_crossed() -> None:
    found = Estimate(profile(), 0.5)
    half = profile(bit_s=10e6)
    found.add(4, taken(4, half))
    assert found.now().up_bit_s == pytest.approx(15e6)
    assert found.now().down_bit_s == pytest.approx(30e6)
    found.add(0, taken(0, half))  # images go up, nothing comes down
    assert found.now().up_bit_s == pytest.approx(12.5e6)
    assert found.now().down_bit_s == pytest.approx(30e6)


def plans(*devices: DeviceProfile, **options: Any) -> tuple[tuple[int, ...], float]:
    config = SplitConfig(devices=len(devices), **options)
    found = Planner(config, LAYERS).plan(dict(enumerate(devices, start=1)))
    return tuple(found.cuts.values()), found.predicted.round_s


def test_a_slow_device_gives_layers_away_and_a_fast_one_keeps_more() -> None:
    (slow, fast), _ = plans(profile(1, speed=0.05), profile(2, speed=5.0), alpha=1.0)
    assert slow < fast
    assert plans(profile(1, speed=0.05), alpha=1.0, least_cut=0)[0] == (0,)


def test_a_sequential_round_is_the_sum_and_a_parallel_one_the_slowest() -> None:
    devices = profile(1, speed=0.1), profile(2)
    _, at_once = plans(*devices, scheme="splitfed", cut=4)
    _, in_turn = plans(*devices, scheme="sequential", cut=4)
    each = [plans(device, scheme="splitfed", cut=4)[1] for device in devices]
    assert at_once == pytest.approx(max(each))
    assert in_turn == pytest.approx(sum(each))


def test_cuts_stay_until_others_are_better_by_the_hysteresis() -> None:
    def chosen(hysteresis: float) -> list[int]:
        config = SplitConfig(devices=1, alpha=1.0, hysteresis=hysteresis)
        planner = Planner(config, LAYERS)
        rates = (100e6, 20e6, 2e6, 20e6, 100e6)
        return [planner.plan({1: profile(bit_s=rate)}).cuts[1] for rate in rates]

    eager, stubborn = chosen(0.0), chosen(0.99)
    assert len(set(eager)) > 1
    assert len(set(stubborn)) == 1


def test_the_rule_of_the_public_code_is_another_choice_of_the_same_costs() -> None:
    cuts, _ = plans(profile(1, speed=0.05), profile(2), rule="as-published", alpha=0.5)
    assert all(1 <= cut <= 7 for cut in cuts)


@pytest.mark.parametrize(
    ("described", "watts", "source"),
    [
        (None, (3.8, 1.1, 0.8, None), "no testbed says; taken for the pi"),
        ({"name": "pi", "compute_w": None}, (3.8, 1.1, 0.8, None), "no testbed says"),
        (
            {"name": "nano-1", "idle_w": 1.7, "compute_w": 4.2, "transmit_w": 1.9,
             "receive_w": None, "power_mode": "5W"},
            (4.2, 1.9, 1.7, 1.7),
            "testbed, nano-1 in mode 5W",
        ),
        (
            {"name": "pi", "idle_w": 0.8, "compute_w": 3.8, "transmit_w": 1.1, "receive_w": 0.9,
             "class": "emulated", "cores": 0.025},
            (3.8, 1.1, 0.9, 0.8),
            "testbed, pi; on top of each phase its CPU's use",
        ),
    ],
)  # fmt: skip
def test_watts_are_the_testbeds_or_the_published_ones_and_say_so(
    described: dict[str, Any] | None, watts: tuple[float | None, ...], source: str
) -> None:
    found = watts_of(1, described)
    assert (found.compute_w, found.transmit_w, found.receive_w, found.idle_w) == watts
    assert found.source.startswith(source)


@pytest.mark.parametrize(
    ("described", "cores"),
    [
        (None, None),
        ({"class": "measured", "cores": 0.5}, None),
        ({"class": "emulated", "cores": 0.5}, 0.5),
        ({"class": "emulated", "cores": 0}, None),
        ({"class": "emulated"}, None),
    ],
)
def test_cpu_use_counts_on_a_twin_alone(
    described: dict[str, Any] | None, cores: float | None
) -> None:
    assert cores_of(described) == cores


def test_waiting_cannot_be_counted_without_an_idle_power() -> None:
    config = SplitConfig(devices=1, waiting_energy=True)
    device = DeviceProfile(
        **{
            **{name: getattr(profile(), name) for name in DeviceProfile.__slots__},
            "watts": watts_of(1, None),
        }
    )
    with pytest.raises(Exception, match="power at rest is not known"):
        Planner(config, LAYERS).plan({1: device})


def test_each_cut_keeps_what_was_measured_there() -> None:
    device = profile()
    found = Estimate(device, 1.0)
    for cut, factor in ((2, 0.5), (4, 2.0)):
        longer = {
            name: factor * n
            for name, n in taken(cut, device).items()
            if name in ("forward_s", "backward_s")
        }
        found.add(cut, taken(cut, device, **longer))
    factors = found.now().backward_s[1:] / device.backward_s[1:]
    assert factors == pytest.approx([2.0, 0.5, 2.0, 2.0, 2.0, 2.0, 2.0])
    again = Estimate(device, 1.0)
    again.restore(found.corrections())
    assert again.now().backward_s == pytest.approx(found.now().backward_s)


def test_packing_of_images_is_of_cut_0_alone() -> None:
    device = profile()
    found = Estimate(device, 1.0)
    found.add(0, taken(0, device, forward_s=0.5))
    now = found.now()
    assert now.forward_s[0] == pytest.approx(0.05)  # of 10 batches
    assert now.forward_s[1:] == pytest.approx(device.forward_s[1:])
    assert now.overhead_s == device.overhead_s
