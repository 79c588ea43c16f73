"""Metering chips: pulses at times worked out by hand, and what firmware makes of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchharness.errors import UnknownNameError
from benchharness.meters.emulator.board_load import random_waveform
from benchharness.meters.emulator.chips import PULSE_J, Chip, PulseChip, SerialChip, make_chip
from benchharness.meters.emulator.load import Switched, WaveformLoad
from benchharness.meters.emulator.metering import Metering, MeteringSettings
from benchharness.meters.emulator.segments import crossing_ns
from benchharness.meters.emulator.shapes import Sine
from benchharness.meters.emulator.waveform import Curve, Waveform

SECOND = 1_000_000_000


def flat(power_w: float) -> Waveform:
    return Waveform((0.0,), (power_w,))


class Socket:
    """A chip behind a metered socket, asked at any time."""

    def __init__(self, chip: Chip, curve: Curve, latency_s: float = 0.0) -> None:
        settings = MeteringSettings(latency_s=latency_s)
        self.metering = Metering(Switched(WaveformLoad(curve)), chip, settings)
        self.metering.start(0)

    def at(self, t_s: float) -> tuple[float, float]:
        self.metering.advance(round(t_s * SECOND))
        return self.metering.power_w, self.metering.energy_j


def test_pulse_energies_are_those_of_the_facts() -> None:
    # One pulse per 12.5 J and per 1.7 J, to their digits.
    assert PULSE_J["hlw8012"] == pytest.approx(12.5, abs=0.05)
    assert PULSE_J["bl0937"] == pytest.approx(1.7, abs=0.05)


def test_at_5_w_a_pulse_of_12_5_j_comes_each_2_5_s() -> None:
    socket = Socket(PulseChip(12.5), flat(5.0))
    # The first pulse, at 2.5 s, only starts the measurement; the second gives a length.
    assert socket.at(4.9) == (0.0, 0.0)
    assert socket.at(5.0)[0] == 5.0
    assert socket.at(5.9)[1] == 12.5  # taken in at 5 s: pulses at 2.5 (not counted) and 5.0
    assert socket.at(100.0) == (5.0, 39 * 12.5)


@pytest.mark.parametrize(("pulse_j", "limit_w"), [(12.5, 1.25), (1.7, 0.17)])
def test_below_one_pulse_in_10_s_a_board_is_invisible(pulse_j: float, limit_w: float) -> None:
    below = Socket(PulseChip(pulse_j, step_w=0.0), flat(0.97 * limit_w))
    assert below.at(1000.0) == (0.0, 0.0)
    above = Socket(PulseChip(pulse_j, step_w=0.0), flat(1.03 * limit_w))
    power_w, energy_j = above.at(1000.0)
    assert power_w == pytest.approx(1.03 * limit_w)
    assert energy_j == pytest.approx(1030.0 * limit_w, abs=2.01 * pulse_j)


def test_power_falls_to_0_w_10_s_after_the_last_pulse() -> None:
    # 5 W until just after the pulse at 20 s, then nothing: looked at each 200 ms, and once more.
    socket = Socket(PulseChip(12.5), Waveform((0.0, 20.05), (5.0, 0.0)))
    assert socket.at(30.3)[0] == 5.0
    assert socket.at(30.4)[0] == 0.0


def test_the_pulse_after_a_silence_is_not_counted() -> None:
    # 4 pulses at 2.5 s ... 10 s (3 counted); from 40 s on again 12.5 J each 2.5 s.
    socket = Socket(PulseChip(12.5), Waveform((0.0, 10.0, 40.0), (5.0, 0.0, 5.0)))
    assert socket.at(39.0)[1] == 3 * 12.5
    assert socket.at(43.0) == (0.0, 3 * 12.5)  # the pulse at 42.5 s
    assert socket.at(45.0) == (5.0, 4 * 12.5)


def test_power_is_that_of_the_last_pulses_not_the_mean() -> None:
    # 10 W to 10 s, then 4 W: until the next pulse after 10 s the firmware goes on saying 10 W.
    socket = Socket(PulseChip(12.5), Waveform((0.0, 10.0), (10.0, 4.0)))
    assert socket.at(13.0)[0] == 10.0  # pulses at 1.25 k to 10 s; the next at 13.125 s
    assert socket.at(13.2)[0] == 4.0


def test_many_pulses_are_averaged_over_200_ms() -> None:
    # 100 W for 100 ms and 300 W for 100 ms of each look: 40 J, in 2 x 1.7 J steps: 200 W.
    times = tuple(i * 0.1 for i in range(60))
    socket = Socket(PulseChip(0.01), Waveform(times, (100.0, 300.0) * 30))
    assert socket.at(4.0)[0] == pytest.approx(200.0, abs=0.11)


def test_power_is_cut_to_a_tenth_of_a_watt() -> None:
    assert Socket(PulseChip(1.7066), flat(4.98)).at(60.0)[0] == pytest.approx(4.9)
    assert Socket(PulseChip(1.7066, step_w=0.0), flat(4.98)).at(60.0)[0] == pytest.approx(4.98)


def test_gain_scales_power_and_counter_alike() -> None:
    sound, off = Socket(PulseChip(1.7), flat(5.0)), Socket(PulseChip(1.7, gain=0.03), flat(5.0))
    assert off.at(600.0)[0] == pytest.approx(5.1)  # 5.15 W, cut
    assert off.at(600.0)[1] / sound.at(600.0)[1] == pytest.approx(1.03, abs=0.002)
    serial = Socket(SerialChip(gain=-0.02), flat(5.0))
    assert serial.at(100.0) == pytest.approx((4.9, 490.0))


def test_latency_delays_power_and_counter() -> None:
    socket = Socket(SerialChip(), Waveform((0.0, 10.0), (4.0, 8.0)), latency_s=3.0)
    # At t it sees what was drawn until t - 3 s, from 3 s at 4 W before the start on.
    assert socket.at(2.0) == pytest.approx((4.0, 8.0))
    assert socket.at(13.0) == pytest.approx((4.0, 12.0 + 40.0))
    assert socket.at(14.0) == pytest.approx((8.0, 12.0 + 48.0))
    assert socket.at(20.0) == pytest.approx((8.0, 12.0 + 40.0 + 56.0))


def test_a_serial_chip_is_doubtful_below_5_w_only() -> None:
    def spread(power_w: float) -> float:
        socket = Socket(make_chip("cse7766", seed=3), flat(power_w))
        powers = [socket.at(float(t_s))[0] for t_s in range(1, 401)]
        mean_w = sum(powers) / len(powers)
        assert mean_w == pytest.approx(power_w, abs=0.02)
        return math.sqrt(sum((p - mean_w) ** 2 for p in powers) / len(powers))

    assert spread(3.0) == pytest.approx(0.1, rel=0.15)
    assert spread(6.0) == pytest.approx(0.0, abs=1e-9)
    assert Socket(make_chip("ideal"), flat(3.0)).at(9.0)[0] == pytest.approx(3.0)


def test_a_chip_that_is_not_there() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'hlw8012'"):
        make_chip("hlw8o12")


@given(st.integers(0, 10_000), st.sampled_from(["hlw8012", "bl0937"]), st.floats(-0.05, 0.05))
def test_the_counter_is_within_a_pulse_of_the_truth(seed: int, name: str, gain: float) -> None:
    # Never below one pulse in 10 s, so that none is lost to a silence.
    wave = random_waveform(seed, 60.0, idle_w=3.0, full_w=12.0)
    socket = Socket(make_chip(name, gain, seed), wave)
    start_s = 11.0  # the first pulse, which is not counted, has come
    offset_j = socket.at(start_s)[1] - (1 + gain) * wave.energy_j(start_s)
    for t_s in (20.0, 35.0, 59.0, 70.0):
        seen_j, true_j = socket.at(t_s)[1], (1 + gain) * wave.energy_j(t_s)
        assert abs(seen_j - true_j - offset_j) <= PULSE_J[name] * (1 + 1e-9)
        assert seen_j <= true_j + PULSE_J[name]


@settings(max_examples=40)
@given(st.lists(st.integers(1, 30 * SECOND), min_size=1, max_size=20), st.floats(0.0, 2.0))
def test_how_it_is_moved_on_does_not_matter(times_ns: list[int], latency_s: float) -> None:
    def make() -> Metering:
        chip, settings = PulseChip(1.7, step_w=0.0), MeteringSettings(latency_s=latency_s)
        return Metering(Switched(WaveformLoad(Sine(5.0, 4.0, 7.0))), chip, settings)

    often, seldom = make(), make()
    often.start(0)
    seldom.start(0)
    for t_ns in sorted(times_ns):
        often.advance(t_ns)
    often.advance(31 * SECOND)
    seldom.advance(31 * SECOND)
    assert often.counted_j == seldom.counted_j
    # A pulse's time is known to the nanosecond, and the curve between two points to 1e-8.
    assert often.power_w == pytest.approx(seldom.power_w, rel=1e-6)


@pytest.mark.parametrize("share", [0.001, 0.25, 0.5, 0.999, 1.0])
def test_the_moment_at_which_a_ramp_has_drawn_an_energy(share: float) -> None:
    # 2 to 6 W in 10 s draw 40 J; E = 2 t + 0.2 t^2, so t = (sqrt(4 + 0.8 E) - 2) / 0.4.
    wanted_j = 40.0 * share
    t_ns = crossing_ns(0, 10 * SECOND, 2.0, 6.0, 40.0, wanted_j, linear=True)
    assert t_ns == pytest.approx((math.sqrt(4 + 0.8 * wanted_j) - 2) / 0.4 * 1e9, abs=1.5)
