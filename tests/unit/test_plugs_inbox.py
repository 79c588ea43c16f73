"""The gate of transport: what a message must be before it is a raw reading."""

from __future__ import annotations

from functools import partial

import pytest

from benchharness.clock import FakeClock
from benchharness.meters.mqtt.routes import Arrival
from benchharness.meters.plugs.dialect import Topic
from benchharness.meters.plugs.inbox import RETAINED, TWICE, TWO_DEVICES, PlugInbox
from benchharness.meters.plugs.order import LATE, OLDER_COUNTER, OUT_OF_ORDER
from benchharness.meters.plugs.payload import PlugReading, Rejection
from benchharness.meters.plugs.said import Availability, Identity, RelayState, Said

SECOND = 1_000_000_000
BOUND_S = 1.5


def topic(*said: Said, believe_retained: bool = False, answers: bool = False) -> Topic:
    """A topic whose payloads mean what the test says, whatever is in them."""
    return Topic("t", lambda _: said, believe_retained, answers)


def at(t_s: float, payload: bytes = b"x", **flags: bool) -> Arrival:
    return Arrival(round(t_s * SECOND), "t", payload, flags.get("retained", False), **{
        key: value for key, value in flags.items() if key == "duplicate"
    })  # fmt: skip


class Plug:
    """An inbox with a plug's clock (whole seconds) and counter behind it."""

    def __init__(self) -> None:
        self.inbox = PlugInbox(FakeClock(), BOUND_S)
        self.number = 0

    def says(
        self, t_s: float, energy_j: float | None = None, device_s: float | None = None
    ) -> bool:
        """Deliver a reading of 5 W at ``t_s``; returns whether it became one."""
        self.number += 1
        reading = PlugReading(5.0, energy_j, device_s=device_s, device_step_s=1.0)
        self.inbox.take(topic(reading), at(t_s, str(self.number).encode()))
        return bool(self.inbox.take_readings())

    def kinds(self) -> list[str]:
        return [event.kind for event in self.inbox.take_events(last=True)]

    def counts(self) -> dict[str, int]:
        return self.inbox.rejections.counts()


@pytest.fixture
def plug() -> Plug:
    return Plug()


def test_a_dialect_that_fails_costs_one_message_and_not_the_thread(plug: Plug) -> None:
    def parse(payload: bytes) -> Said:
        raise IndexError(payload)

    assert not plug.inbox.take(Topic("t", parse), at(1))
    assert plug.counts() == {"its driver failed with IndexError": 1}
    assert plug.says(2)


def test_silence_is_noted_once_until_a_reading_comes() -> None:
    clock = FakeClock()
    inbox = PlugInbox(clock, BOUND_S)
    inbox.note_silence(3.0)
    power = topic(PlugReading(5.0, None))
    inbox.take(power, Arrival(clock.now_ns(), "t", b"5", False))
    for _ in range(5):
        clock.sleep_s(1)
        inbox.note_silence(3.0)
    (event,) = inbox.take_events(last=False)
    assert (event.kind, event.detail) == ("stale", "no reading for 4.0 s")
    inbox.take(power, Arrival(clock.now_ns(), "t", b"5", False))
    clock.sleep_s(4)
    inbox.note_silence(3.0)
    assert [event.kind for event in inbox.take_events(last=False)] == ["stale"]
    assert [reading.power_w for reading in inbox.take_readings()] == [5.0, 5.0]


def test_readings_of_one_moment_keep_distinct_times(plug: Plug) -> None:
    for _ in range(3):
        plug.inbox.take(topic(PlugReading(5.0, None)), Arrival(77, "t", b"5", False))
    assert [reading.t_ns for reading in plug.inbox.take_readings()] == [77, 78, 79]


def test_lwt_changes_are_events_and_a_retained_online_is_not(plug: Plug) -> None:
    messages: list[tuple[int, Said, bool]] = [
        (1, Availability(True), True),
        (2, Availability(False), False),
        (3, Availability(False), False),
        (4, Availability(True), False),
        (5, Rejection("LWT is neither Online nor Offline"), False),
    ]
    said = [
        plug.inbox.take(topic(one, believe_retained=True), Arrival(t, "t", b"x", retained))
        for t, one, retained in messages
    ]
    assert said == [False, False, False, True, False]
    assert [(e.t_ns, e.kind) for e in plug.inbox.take_events(last=True)] == [
        (2, "offline"),
        (4, "online"),
        (5, "rejected"),
    ]


def test_a_version_makes_emulated_and_a_retained_one_says_nothing(plug: Plug) -> None:
    inbox = plug.inbox
    version = topic(Identity(version="14.2.0(benchharness-emulated)"))
    inbox.take(version, at(1, retained=True))
    assert not inbox.seen.emulated and not inbox.identified.is_set()
    assert plug.counts() == {RETAINED: 1}
    inbox.take(version, at(2))
    assert inbox.seen.emulated and inbox.identified.is_set()


def test_a_retained_reading_is_none_even_where_retained_words_are_believed(plug: Plug) -> None:
    both = topic(Availability(True), PlugReading(5.0, None), believe_retained=True)
    plug.inbox.take(both, at(1, retained=True))
    assert plug.inbox.take_readings() == []
    assert plug.inbox.seen.online is True
    assert plug.counts() == {RETAINED: 1}


def test_halves_are_readings_and_none_is_filled_in(plug: Plug) -> None:
    plug.inbox.take(topic(PlugReading(5.0, None)), at(1))
    plug.inbox.take(topic(PlugReading(None, 60.0)), at(2))
    found = [(reading.power_w, reading.energy_j) for reading in plug.inbox.take_readings()]
    assert found == [(5.0, None), (None, 60.0)]
    assert plug.inbox.seen.has_power and plug.inbox.seen.has_counter


def test_a_message_that_is_not_for_us_is_nothing_and_not_counted(plug: Plug) -> None:
    plug.inbox.take(topic(), at(1))
    assert plug.inbox.take_readings() == [] and plug.counts() == {}


def test_what_the_sender_sends_again_is_delivered_twice_if_it_came(plug: Plug) -> None:
    power = topic(PlugReading(5.0, None))
    plug.inbox.take(power, at(1, b"5", duplicate=True))  # the first delivery was lost
    plug.inbox.take(power, at(2, b"5", duplicate=True))
    plug.inbox.take(power, at(3, b"5"))  # a steady load
    assert len(plug.inbox.take_readings()) == 2
    assert plug.counts() == {TWICE: 1}


def test_telemetry_with_a_time_stamp_never_comes_twice(plug: Plug) -> None:
    stamped = topic(PlugReading(5.0, 100.0, device_s=7.0, device_step_s=1.0))
    for t_s in (1.0, 1.1):
        plug.inbox.take(stamped, at(t_s, b"same"))
    assert len(plug.inbox.take_readings()) == 1
    assert plug.counts() == {TWICE: 1}


@pytest.mark.parametrize(("step_s", "number"), [(0.001, 2), (1.0, 3)])
def test_figures_of_one_millisecond_come_once_whatever_else_is_in_the_message(
    plug: Plug, step_s: float, number: int
) -> None:
    for t_s, device_s in [(1.0, 7.0), (1.4, 7.0), (2.0, 8.0)]:
        reading = PlugReading(5.0, 100.0, device_s=device_s, device_step_s=step_s)
        plug.inbox.asked()
        plug.inbox.take(topic(reading, answers=True), at(t_s, f"signal {t_s}".encode()))
    assert len(plug.inbox.take_readings()) == number
    assert plug.counts() == ({TWICE: 1} if number == 2 else {})


def test_two_equal_answers_to_two_questions_are_both_true(plug: Plug) -> None:
    reading = PlugReading(5.0, 100.0, device_s=7.0, device_step_s=1.0)
    for _ in range(2):
        plug.inbox.asked()
    for t_s in (1.0, 1.1, 1.2):
        plug.inbox.take(topic(reading, answers=True), at(t_s, b"same"))
    assert len(plug.inbox.take_readings()) == 2
    assert plug.counts() == {TWICE: 1}


def test_a_message_that_was_overtaken_is_out_of_order(plug: Plug) -> None:
    order = [(10, 100), (11, 101), (13, 103), (12, 102), (14, 104)]
    came = [plug.says(1000 + n, 5.0 * s, s) for n, (_, s) in enumerate(order)]
    assert came == [True, True, True, False, True]
    assert plug.counts() == {OUT_OF_ORDER: 1}
    assert plug.kinds() == ["rejected"]


def test_a_message_that_was_held_back_is_late_by_the_plug_s_own_clock(plug: Plug) -> None:
    # In order, but 8 s behind: the network had kept it, and its stamp would be 8 s wrong.
    assert plug.says(1000, 10.0, 0)
    assert not plug.says(1018, 20.0, 10)
    assert plug.says(1020, 30.0, 20)
    assert plug.counts() == {LATE: 1}


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, -20.0, 20.0])
def test_a_clock_that_is_set_is_an_event_and_every_reading_counts(
    plug: Plug, jump_s: float
) -> None:
    came = [
        plug.says(1000 + t, 5.0 * t, 50_000 + t + (jump_s if t >= 60 else 0.0))
        for t in range(0, 120, 10)
    ]
    events = [e.detail for e in plug.inbox.take_events(last=True) if e.kind == "clock"]
    assert events == [f"the plug's clock was set by {jump_s:+.0f} s"]
    assert came == [True] * 12 or plug.counts() == {LATE: 1}


def test_a_clock_set_back_is_recognised_within_seconds_though_the_counter_stands_still(
    plug: Plug,
) -> None:
    came = [plug.says(1000 + t, 3600.0, 50_000 + t - (3600 if t >= 10 else 0)) for t in range(30)]
    assert came == [True] * 10 + [False] * 3 + [True] * 17
    assert plug.counts() == {OUT_OF_ORDER: 3}
    assert plug.kinds() == ["rejected", "clock"]


def test_a_slow_crystal_does_not_make_messages_late(plug: Plug) -> None:
    # 200 ppm over ten hours are 7 s.
    times = range(0, 36_000, 60)
    assert all(plug.says(1000 + t, float(t), int(t * (1 - 2e-4))) for t in times)


def test_whole_seconds_and_a_jittering_network_are_in_order(plug: Plug) -> None:
    # Latencies of 0 to 1.2 s, in order: nothing to object to.
    late_s = [0.0, 1.2, 0.3, 0.9, 0.1, 1.1, 0.0, 0.6] * 20
    times = [n + late for n, late in enumerate(late_s)]
    assert all(plug.says(1000 + t, float(n), n) for n, t in enumerate(times))


def test_a_counter_that_is_behind_is_an_old_message_where_there_is_no_clock(plug: Plug) -> None:
    came = [plug.says(t, j) for t, j in enumerate([10.0, 20.0, 40.0, 30.0, 50.0])]
    assert came == [True, True, True, False, True]
    assert plug.counts() == {OLDER_COUNTER: 1}


def test_a_counter_that_begins_anew_is_believed_once_the_next_agrees(plug: Plug) -> None:
    came = [plug.says(t, j) for t, j in enumerate([1000.0, 1010.0, 0.0, 10.0, 20.0])]
    assert came == [True, True, False, True, True]
    assert plug.kinds() == ["rejected", "counter"]


def test_a_counter_that_begins_anew_is_believed_at_once_after_a_restart(plug: Plug) -> None:
    assert plug.says(1, 1000.0)
    plug.inbox.take(topic(Availability(True)), at(2))
    assert plug.says(3, 0.0)
    assert plug.counts() == {}


def test_a_counter_that_begins_anew_is_believed_at_once_if_the_clock_goes_on(plug: Plug) -> None:
    came = [plug.says(t, j, t) for t, j in enumerate([1000.0, 1010.0, 0.0, 10.0, 20.0])]
    assert came == [True] * 5
    events = [e.detail for e in plug.inbox.take_events(last=True)]
    assert events == ["the counter went back from 1010 J to 0 J"]


@pytest.mark.parametrize("pattern", ["AB", "AABB", "AAABAB"])
@pytest.mark.parametrize("clock", [False, True])
def test_two_counters_that_take_turns_are_two_devices(
    plug: Plug, pattern: str, clock: bool
) -> None:
    counters = {"A": 5e8, "B": 1e6}
    for n, who in enumerate(pattern * 10):
        counters[who] += 5.0
        plug.says(n, counters[who], n if clock else None)
        if plug.inbox.contested.is_set():
            break
    assert n < 40
    assert not plug.says(n + 1, counters["A"] + 5.0, n + 1 if clock else None)
    assert plug.kinds().count("two-devices") == 1
    assert plug.counts().get(TWO_DEVICES, 0) >= 1


def test_a_counter_that_is_rounded_up_and_down_is_one_device(plug: Plug) -> None:
    inbox = PlugInbox(FakeClock(), BOUND_S)
    for number, energy_j in enumerate([100.0, 100, 101, 100, 101, 100, 101, 100, 101, 102, 103]):
        reading = PlugReading(5.0, energy_j, energy_step_j=1.0)
        inbox.take(topic(reading), at(number, str(number).encode()))
    assert not inbox.contested.is_set()


def test_what_two_devices_said_is_forgotten_with_the_connection(plug: Plug) -> None:
    for number, energy_j in enumerate([1e3, 9e5, 1e3, 9e5, 1e3, 9e5, 1e3, 9e5, 1e3]):
        plug.says(number, energy_j)
    assert plug.inbox.contested.is_set()
    plug.inbox.link_changed()
    assert not plug.inbox.contested.is_set()
    assert [plug.says(20 + n, 1e3 + n) for n in range(3)] == [True, True, True]


def test_reordering_alone_never_makes_two_devices(plug: Plug) -> None:
    order = [n + (2 if n % 3 == 0 else 0) - (1 if n % 3 else 0) for n in range(300)]
    for t, n in enumerate(order):
        plug.says(t, 5.0 * n)
    assert not plug.inbox.contested.is_set()


def test_two_mac_addresses_are_two_devices(plug: Plug) -> None:
    for n, mac in enumerate(["AA:01", "AA:01", "AA:02"]):
        plug.inbox.take(topic(Identity(hardware=mac)), at(n))
    assert plug.inbox.contested.is_set()
    assert plug.inbox.rivals == "AA:01 and AA:02"


def test_a_plug_that_was_replaced_while_it_was_off_is_not_a_second_one(plug: Plug) -> None:
    plug.inbox.take(topic(Identity(hardware="AA:01")), at(1))
    plug.inbox.take(topic(Availability(False)), at(2))
    assert plug.inbox.take(topic(Availability(True)), at(3))
    plug.inbox.take(topic(Identity(hardware="AA:02")), at(4))
    assert not plug.inbox.contested.is_set()
    assert plug.kinds() == ["offline", "online", "replaced"]
    plug.inbox.take(topic(Identity(hardware="AA:01")), at(5))  # both answer
    assert plug.inbox.contested.is_set()


def test_the_finest_step_counts_where_zeros_are_dropped() -> None:
    for fixed, expected in ((True, 1.0), (False, 0.1)):
        inbox = PlugInbox(FakeClock(), BOUND_S, fixed_decimals=fixed)
        for step_w in (1.0, 0.1, 1.0):
            inbox.take(topic(PlugReading(5.0, None, power_step_w=step_w)), at(1))
        assert inbox.seen.power_step_w == expected


def test_a_relay_is_confirmed_by_the_state_that_was_asked_for(plug: Plug) -> None:
    done = plug.inbox.expect_relay(False)
    for on, retained in [(True, False), (False, True)]:
        plug.inbox.take(topic(RelayState(on), believe_retained=True), at(1, retained=retained))
        assert not done.is_set()
    plug.inbox.take(topic(RelayState(False)), at(2))
    assert done.is_set()


def test_a_relay_that_somebody_switches_is_an_event(plug: Plug) -> None:
    for n, on in enumerate([True, True, False, True]):
        plug.inbox.take(topic(RelayState(on)), at(n))
    events = [(event.kind, event.detail) for event in plug.inbox.take_events(last=True)]
    assert events == [("relay", "switched off"), ("relay", "switched on")]


def test_parsers_get_the_payload(plug: Plug) -> None:
    got: list[bytes] = []

    def parse(into: list[bytes], payload: bytes) -> Said:
        into.append(payload)
        return Rejection("seen")

    plug.inbox.take(Topic("t", partial(parse, got)), at(1, b"\xff\x00"))
    assert got == [b"\xff\x00"]
