"""What a control group draws: exact energy from its CPU counter, of version 1 or 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import MeterError
from benchharness.meters.emulator.group_load import Draw, GroupLoad
from benchharness.meters.emulator.link_use import LinkPlan, check_counters

S = 1_000_000_000


class Counter:
    """A counter's file, of either version, with what the test says."""

    def __init__(self, folder: Path, version: int) -> None:
        self.path = folder / ("cpuacct.usage" if version == 1 else "cpu.stat")
        self._version = version
        self.set(0)

    def set(self, used_us: int) -> None:
        if self._version == 1:
            text = f"{used_us * 1000}\n"
        else:
            text = f"usage_usec {used_us}\nuser_usec 9\nsystem_usec 9\nnr_periods 5\n"
        self.path.write_text(text)


@pytest.mark.parametrize("version", [1, 2])
def test_power_goes_straight_from_idle_to_busy(tmp_path: Path, version: int) -> None:
    counter = Counter(tmp_path, version)
    counter.set(7_000_000)  # from before the plug was switched on
    load = GroupLoad(counter.path, cores=0.5, idle_w=2.0, busy_w=6.0)
    assert load.start(10 * S).power_w == 2.0
    counter.set(7_250_000)  # 0.25 of 0.5 core seconds
    (point,) = load.advance(11 * S)
    assert [point.power_w, point.energy_j] == pytest.approx([4.0, 4.0])
    counter.set(8_250_000)  # all of 1 core second in 2 s
    (point,) = load.advance(13 * S)
    assert [point.power_w, point.energy_j] == pytest.approx([6.0, 16.0])
    (point,) = load.advance(14 * S)
    assert [point.power_w, point.energy_j] == pytest.approx([2.0, 18.0])
    assert load.advance(14 * S) == []
    load.close()
    load.close()


def test_what_is_used_beyond_the_quota_is_drawn_later(tmp_path: Path) -> None:
    counter = Counter(tmp_path, 1)
    load = GroupLoad(counter.path, cores=0.1, idle_w=1.0, busy_w=3.0)
    load.start(0)
    counter.set(150_000)  # 1.5 times the quota of a second
    first, second = load.advance(S), load.advance(2 * S)
    assert first[0].power_w == pytest.approx(3.0)
    assert second[0].power_w == pytest.approx(2.0)
    assert second[0].energy_j == pytest.approx(5.0)
    load.close()


@given(
    steps=st.lists(st.tuples(st.integers(1, 3000), st.floats(0, 1.3)), min_size=1, max_size=30),
    cores=st.floats(0.01, 4.0),
)
def test_energy_is_idle_time_and_every_cpu_second(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, float]], cores: float
) -> None:
    counter = Counter(tmp_path_factory.mktemp("group"), 2)
    load = GroupLoad(counter.path, cores, idle_w=2.0, busy_w=7.0)
    load.start(0)
    now_ms = used_us = 0
    for length_ms, share in steps:
        now_ms += length_ms
        used_us += round(share * cores * length_ms * 1000)
        counter.set(used_us)
        (point,) = load.advance(now_ms * 1_000_000)
        assert 2.0 <= point.power_w <= 7.0 + 1e-9
    now_ms += 30 * 3000  # long enough for what is carried on
    (point,) = load.advance(now_ms * 1_000_000)
    expected_j = 2.0 * now_ms / 1e3 + (7.0 - 2.0) * used_us / 1e6 / cores
    assert point.energy_j == pytest.approx(expected_j, rel=1e-9)
    load.close()


@pytest.mark.parametrize("text", ["", "what\n", "user_usec 5\n", "usage_usec \n"])
def test_a_counter_that_counts_nothing_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cpu.stat"
    path.write_text(text)
    load = GroupLoad(path, 1.0, 1.0, 2.0)
    with pytest.raises(MeterError, match="counts no CPU time"):
        load.start(0)
    load.close()


def test_a_group_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MeterError, match="cannot be opened"):
        GroupLoad(tmp_path / "cpuacct.usage", 1.0, 1.0, 2.0)


class Port:
    """The byte counters of a link's port."""

    def __init__(self, folder: Path) -> None:
        self.up, self.down = folder / "rx_bytes", folder / "tx_bytes"
        self.set(0, 0)

    def set(self, up_bytes: int, down_bytes: int) -> None:
        self.up.write_text(f"{up_bytes}\n")
        self.down.write_text(f"{down_bytes}\n")

    def plan(self, up_bit_s: float | None, down_bit_s: float | None) -> LinkPlan:
        return LinkPlan(str(self.up), str(self.down), up_bit_s, down_bit_s)


def linked(folder: Path) -> tuple[GroupLoad, Counter, Port]:
    """Return a load at 0 s: 2 W at rest, 6 W busy (0.5 cores), 3 W sending, 2.5 W receiving."""
    counter, port = Counter(folder, 1), Port(folder)
    load = GroupLoad(counter.path, 0.5, 2.0, 6.0, transmit_w=3.0, receive_w=2.5)
    load.start(0)
    return load, counter, port


def test_a_link_draws_for_the_time_that_its_bits_take(tmp_path: Path) -> None:
    load, counter, port = linked(tmp_path)
    port.set(7_000_000, 9_000_000)  # from before it was this device's link
    load.set_link(port.plan(8e6, 16e6))
    port.set(7_250_000, 9_500_000)  # 2 Mbit up and 4 Mbit down: 0.25 s of each
    (point,) = load.advance(S)
    assert point.power_w == pytest.approx(2.0 + 1.0 * 0.25 + 0.5 * 0.25)
    counter.set(500_000)  # and all of the CPU: both are drawn
    port.set(8_250_000, 9_500_000)
    (point,) = load.advance(2 * S)
    assert point.power_w == pytest.approx(6.0 + 1.0)
    (point,) = load.advance(3 * S)
    assert point.power_w == 2.0
    load.close()


def test_a_link_draws_exactly_its_bits_over_its_rate_whatever_the_rate_does(tmp_path: Path) -> None:
    load, _, port = linked(tmp_path)
    load.set_link(port.plan(8e6, None))
    sent_bytes, busy_s = 0, 0.0
    for number in range(40):
        bit_s = 8e6 / (1 + number % 4)
        load.set_link(port.plan(bit_s, None))
        sent_bytes += 30_011 * (number % 3)
        busy_s += 30_011 * (number % 3) * 8 / bit_s
        port.set(sent_bytes, 5_000_000 * number)  # a link that is not shaped draws nothing
        (point,) = load.advance((number + 1) * S // 10)
        assert 2.0 <= point.power_w <= 3.0 + 1e-9
    load.set_link(None)
    port.set(sent_bytes + 10**9, 0)
    (point,) = load.advance(60 * S)  # what the last bursts were is still drawn, and no more
    assert point.energy_j == pytest.approx(60 * 2.0 + (3.0 - 2.0) * busy_s, rel=1e-12)
    assert busy_s > 1.0
    load.close()


def test_without_watts_for_it_a_link_draws_nothing(tmp_path: Path) -> None:
    counter, port = Counter(tmp_path, 2), Port(tmp_path)
    load = GroupLoad(counter.path, 0.5, 2.0, 6.0)
    load.start(0)
    load.set_link(port.plan(1e6, 1e6))
    port.set(10**6, 10**6)
    assert load.advance(S)[0].power_w == 2.0
    load.close()


def test_a_port_that_goes_or_starts_again_is_no_energy(tmp_path: Path) -> None:
    load, _, port = linked(tmp_path)
    load.set_link(port.plan(8e6, 8e6))
    port.set(250_000, 0)
    load.advance(S)
    port.set(0, 0)  # a new port of the old name
    assert load.advance(2 * S)[0].power_w == 2.0
    port.up.write_text("")  # as one reads that is being removed
    assert load.advance(3 * S)[0].power_w == 2.0
    load.close()
    with pytest.raises(MeterError, match="rx_bytes: cannot be read: No such file"):
        check_counters(LinkPlan(str(tmp_path / "no" / "rx_bytes"), str(port.down), 1e6, 1e6))
    with pytest.raises(MeterError, match="rx_bytes: cannot be read: it is no number"):
        check_counters(port.plan(1e6, 1e6))


def test_a_mode_changes_what_is_drawn_from_then_on(tmp_path: Path) -> None:
    load, counter, _ = linked(tmp_path)
    counter.set(5_000_000)  # at the speed of all of this machine: five seconds in one
    load.advance(S)
    load.set_power(Draw(0.25, 1.0, 3.0))
    counter.set(5_125_000)
    (point,) = load.advance(2 * S)
    assert point.power_w == pytest.approx(2.0)  # and nothing of the time before
    assert point.energy_j == pytest.approx(6.0 + 2.0)
    load.close()
