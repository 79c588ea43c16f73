"""The bench itself: virtual time, the broker in memory, loads, bounds."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
from scipy.stats import binom

from benchharness.conformance.intervals import Hits, least_hits
from benchharness.conformance.loopback import TRANSIT_S, LoopbackBroker
from benchharness.conformance.suite import spread_cases
from benchharness.conformance.virtual_time import START_NS, VirtualTime, nanoseconds
from benchharness.conformance.waveforms import WAVEFORMS, Span, make_waveform, with_gain
from benchharness.meters.address import Broker
from benchharness.meters.emulator.waveform import Waveform
from benchharness.meters.mqtt.connection import Arrival, MqttSettings

SETTINGS = MqttSettings(Broker("broker", 1883, False))
SECOND = 1_000_000_000


class TestVirtualTime:
    def test_what_is_due_happens_at_its_time_and_in_order(self) -> None:
        time = VirtualTime()
        seen: list[tuple[str, int]] = []
        for name, t_s in (("b", 2.0), ("a", 1.0), ("c", 2.0)):
            time.at(
                START_NS + nanoseconds(t_s),
                lambda name=name: seen.append((name, time.now_ns() - START_NS)),  # type: ignore[misc]
            )
        time.sleep_s(1.5)
        assert seen == [("a", SECOND)]
        time.sleep_s(1.5)
        assert seen == [("a", SECOND), ("b", 2 * SECOND), ("c", 2 * SECOND)]
        assert time.now_ns() == START_NS + 3 * SECOND

    def test_a_timer_does_not_drift_and_can_be_ended(self) -> None:
        time = VirtualTime()
        seen: list[int] = []
        stop = time.every(0.3, lambda: seen.append(time.now_ns() - START_NS))
        time.sleep_s(1.0)
        stop()
        time.sleep_s(1.0)
        assert seen == [300_000_000, 600_000_000, 900_000_000]

    def test_waiting_ends_when_the_event_is_set(self) -> None:
        time, event = VirtualTime(), threading.Event()
        time.at(START_NS + SECOND, event.set)
        assert time.wait(event, 5.0)
        assert time.now_ns() == START_NS + SECOND
        event.clear()
        assert not time.wait(event, 2.0)
        assert time.now_ns() == START_NS + 3 * SECOND

    def test_who_sleeps_within_an_action_lets_the_others_act(self) -> None:
        time = VirtualTime()
        seen: list[str] = []

        def sleep() -> None:
            time.sleep_s(2.0)
            seen.append("slept")

        time.at(START_NS + SECOND, sleep)
        time.at(START_NS + 2 * SECOND, lambda: seen.append("between"))
        time.sleep_s(5.0)
        assert seen == ["between", "slept"]


class TestLoopback:
    def setup_method(self) -> None:
        self.time = VirtualTime()
        self.broker = LoopbackBroker(self.time)
        self.link = self.broker.open(SETTINGS)
        self.seen: list[Arrival] = []

    def test_a_message_arrives_a_moment_later_with_its_time(self) -> None:
        self.link.subscribe({"a/+": self.seen.append})
        self.broker.publish("a/b", "5")
        assert self.seen == []
        self.time.sleep_s(1.0)
        t_ns = START_NS + nanoseconds(TRANSIT_S)
        assert self.seen == [Arrival(t_ns, "a/b", b"5", False)]

    def test_retained_messages_are_marked_for_those_who_come_later_only(self) -> None:
        self.link.subscribe({"a": self.seen.append})
        self.broker.publish("a", "5", retain=True)
        late: list[Arrival] = []
        self.broker.open(SETTINGS).subscribe({"a": late.append})
        self.time.sleep_s(1.0)
        assert [arrival.retained for arrival in (*self.seen, *late)] == [False, True]

    def test_an_empty_retained_message_ends_it(self) -> None:
        self.broker.publish("a", "5", retain=True)
        self.broker.publish("a", "", retain=True)
        self.link.subscribe({"a": self.seen.append})
        self.time.sleep_s(1.0)
        assert self.seen == []

    def test_a_restart_is_told_and_loses_what_comes_meanwhile(self) -> None:
        told: list[bool] = []
        self.link.watch(lambda _t_ns, connected, _detail: told.append(connected))
        self.link.subscribe({"a": self.seen.append})
        self.broker.publish("a", "under way")
        self.broker.stop()
        assert not self.link.publish("b", "x")
        self.broker.publish("a", "lost")
        self.time.sleep_s(1.0)
        self.broker.start()
        self.broker.publish("a", "back")
        self.time.sleep_s(1.0)
        assert [arrival.payload for arrival in self.seen] == [b"back"]
        assert told == [False, True]

    def test_what_a_driver_raises_is_kept(self) -> None:
        self.link.subscribe({"a": lambda arrival: int(arrival.payload)})
        self.broker.publish("a", "five")
        self.time.sleep_s(1.0)
        (failure,) = self.broker.failures
        assert failure.startswith("message on a: ValueError: invalid literal for int()")

    def test_a_closed_link_hears_nothing_and_asks_nothing(self) -> None:
        asked: list[int] = []
        self.link.every(1.0, lambda: asked.append(1))
        self.link.subscribe({"a": self.seen.append})
        self.link.close()
        self.link.close()
        self.broker.publish("a", "5")
        self.time.sleep_s(3.0)
        assert self.seen == [] and asked == [] and not self.link.publish("a", "5")


class TestLoads:
    SPAN = Span(25.0, 145.0)

    def make(self, name: str, seed: int) -> Waveform:
        return make_waveform(name, self.SPAN, random.Random(seed), idle_w=3.0, swing_w=6.0)

    @pytest.mark.parametrize("name", WAVEFORMS)
    def test_the_integral_is_what_a_fine_grid_sums_up(self, name: str) -> None:
        load = self.make(name, 5)
        t_s = 25.0 + 120.0 * (np.arange(48_000) + 0.5) / 48_000
        summed_j = float(np.mean([load.power_w(t) for t in t_s])) * 120.0
        assert load.energy_j(145.0) - load.energy_j(25.0) == pytest.approx(summed_j, rel=3e-4)

    @pytest.mark.parametrize("name", WAVEFORMS)
    def test_before_and_after_the_window_is_rest(self, name: str) -> None:
        load = self.make(name, 6)
        assert [load.power_w(t_s) for t_s in (0.0, 24.9, 145.1, 200.0)] == [3.0] * 4
        assert load.energy_j(25.0) == pytest.approx(75.0)

    @pytest.mark.parametrize("name", WAVEFORMS)
    def test_any_window_will_do(self, name: str) -> None:
        rng = random.Random(9)
        for _ in range(40):
            start_s = rng.uniform(0.0, 100.0)
            span = Span(start_s, start_s + rng.choice([1.0, 60.0, 120.0, 300.0, 6000.0]))
            make_waveform(name, span, rng, idle_w=3.0, swing_w=6.0)

    def test_seeds_differ_and_repeat(self) -> None:
        assert self.make("random", 1) == self.make("random", 1) != self.make("random", 2)

    def test_a_gain_scales_the_energy(self) -> None:
        load = self.make("bursts", 3)
        assert with_gain(load, 1.01).energy_j(100.0) == pytest.approx(1.01 * load.energy_j(100.0))


class TestBounds:
    @pytest.mark.parametrize("count", [1, 7, 14, 54, 105, 1000])
    def test_the_least_number_of_hits_is_the_quantile_of_the_binomial(self, count: int) -> None:
        assert least_hits(count) == binom.ppf(1e-3, count, 0.95)

    def test_no_interval_is_no_complaint(self) -> None:
        assert not Hits.of([None, None]).too_few
        assert Hits.of([None]).share is None

    def test_half_of_the_intervals_is_too_few(self) -> None:
        assert Hits.of([True, False] * 10).too_few

    def test_spread_cases_use_every_waveform(self) -> None:
        cases = list(spread_cases([f"fault {i}" for i in range(7)], seed=3, each=3))
        assert {case.waveform for case in cases} == set(WAVEFORMS)
        assert len(set(cases)) == 21
