"""Several users of one topic: who is handed what, and what nobody wants any more."""

from __future__ import annotations

from benchharness.meters.mqtt.routes import Arrival, Routes


def arrival(topic: str) -> Arrival:
    return Arrival(1, topic, b"x", False)


def test_a_message_goes_to_all_who_want_it_exactly_or_by_a_filter() -> None:
    routes, got = Routes(), []
    routes.add({"a/b": lambda _: got.append("exact")})
    routes.add({"a/b": lambda _: got.append("again")})
    routes.add({"a/+": lambda _: got.append("plus"), "a/#": lambda _: got.append("hash")})
    routes.add({"c/+": lambda _: got.append("other")})
    routes.hand_out(arrival("a/b"))
    assert got == ["exact", "again", "plus", "hash"]
    routes.hand_out(arrival("nobody"))
    assert len(got) == 4


def test_only_the_last_user_s_leaving_orphans_a_topic() -> None:
    routes, got = Routes(), []

    def one(_: Arrival) -> None:
        got.append(1)

    def other(_: Arrival) -> None:
        got.append(2)

    routes.add({"t": one, "f/+": one})
    routes.add({"t": other})
    assert routes.topics() == ["t", "f/+"]
    assert routes.remove({"t": one, "f/+": one}) == ["f/+"]
    assert routes.remove({"t": one}) == []  # it has gone already
    routes.hand_out(arrival("t"))
    assert got == [2]
    assert routes.remove({"t": other, "unknown": other}) == ["t"]
    assert routes.topics() == []


def test_a_user_may_leave_while_it_is_handed_a_message() -> None:
    routes, got = Routes(), []

    def leaving(_: Arrival) -> None:
        got.append("leaving")
        routes.remove({"t": leaving})

    routes.add({"t": leaving})
    routes.add({"t": lambda _: got.append("staying")})
    for _ in range(2):
        routes.hand_out(arrival("t"))
    assert got == ["leaving", "staying", "staying"]
