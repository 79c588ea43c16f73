"""Rates of links over time: what holds when, and what cannot be a link."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import UsageError
from benchharness.links.records import LEAST_BIT_S, LinkTrace, constant
from benchharness.links.setting import LINK_VARIABLE, LinkSetting, own_link

STEPS = LinkTrace("steps", "made up", (0.0, 10.0, 30.0), (1e6, 2e6, 3e6), (4e6, 5e6, 6e6))
AGAIN = LinkTrace("again", "", (0.0, 0.1), (1e6, 2e6), (1e6, 2e6), repeat_s=0.3)
RATES = st.floats(LEAST_BIT_S, 1e9)


@st.composite
def traces(draw: st.DrawFn) -> LinkTrace:
    gaps = draw(st.lists(st.floats(0.1, 50.0), max_size=6))
    t_s = [0.0]
    for gap in gaps:
        t_s.append(t_s[-1] + gap)
    up, down = (tuple(draw(RATES) for _ in t_s) for _ in range(2))
    repeat_s = draw(st.none() | st.floats(0.1, 50.0).map(lambda more: t_s[-1] + more))
    return LinkTrace("any", "", tuple(t_s), up, down, repeat_s)


@pytest.mark.parametrize(
    ("t_s", "up", "down"),
    [(-5.0, 1e6, 4e6), (0.0, 1e6, 4e6), (9.999, 1e6, 4e6), (10.0, 2e6, 5e6), (1e6, 3e6, 6e6)],
)
def test_the_rate_of_an_entry_holds_until_the_next(t_s: float, up: float, down: float) -> None:
    assert STEPS.rates_at(t_s) == (up, down)


def test_a_trace_begins_again() -> None:
    assert [AGAIN.rates_at(t_s)[0] for t_s in (0.05, 0.15, 0.35, 0.45, 30.05)] == [
        *(1e6, 2e6, 1e6, 2e6, 1e6)
    ]
    assert [round(t_s, 9) for t_s, _, _ in AGAIN.changes(0.75)] == [0, 0.1, 0.3, 0.4, 0.6, 0.7]
    assert list(STEPS.changes(20.0)) == [(0.0, 1e6, 4e6), (10.0, 2e6, 5e6)]
    assert STEPS.next_change_s(30.0) is None
    assert constant(20e6, 5e6).next_change_s(-1.0) is None


@given(traces(), st.floats(0.0, 1e4))
def test_changes_come_later_and_the_rates_hold_until_then(trace: LinkTrace, t_s: float) -> None:
    change_s = trace.next_change_s(t_s)
    if change_s is None:
        assert trace.rates_at(t_s) == trace.rates_at(t_s + 1e6)
        return
    assert change_s > t_s
    assert trace.rates_at(math.nextafter(change_s, 0.0)) == trace.rates_at(t_s)
    following_s = trace.next_change_s(change_s)
    assert following_s is None or following_s > change_s


@given(traces())
def test_a_trace_goes_through_json(trace: LinkTrace) -> None:
    assert LinkTrace.from_json(json.loads(json.dumps(trace.to_json()))) == trace


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"up_bit_s": [0]}, "above 0"),
        ({"down_bit_s": [-1e6]}, "above 0"),
        ({"up_bit_s": [math.nan]}, "above 0"),
        ({"up_bit_s": [math.inf]}, "finite"),
        ({"up_bit_s": [20]}, "20 Mbit/s is 20e6"),
        ({"down_bit_s": [49_999]}, "49999 bit/s is below 50000, the least"),
        ({"up_bit_s": [1e12]}, "is above"),
        ({"t_s": [1.0]}, "the first time is 0"),
        ({"t_s": [math.nan]}, "a time is finite"),
        ({"t_s": [], "up_bit_s": [], "down_bit_s": []}, "at least one"),
        ({"t_s": [0.0, 1.0]}, "as many times"),
        ({"t_s": [0, 1, 1], "up_bit_s": [1e6] * 3, "down_bit_s": [1e6] * 3}, "times rise"),
        ({"t_s": [0, 0.09], "up_bit_s": [1e6] * 2, "down_bit_s": [1e6] * 2}, "holds for 0.1 s"),
        ({"repeat_s": 0.05}, "a rate holds for 0.1 s at least, got 0.05 s: take means"),
        ({"repeat_s": 0.0}, "repeat_s is above the last time"),
        ({"repeat_s": math.nan}, "repeat_s"),
        ({"up_bit_s": [10**400]}, "not a link's rates: OverflowError"),
        ({"t_s": "x"}, "not a link's rates"),
        ({"t_s": None}, "not a link's rates"),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, object], said: str) -> None:
    good = {"t_s": [0.0], "up_bit_s": [1e6], "down_bit_s": [1e6], "repeat_s": None}
    assert LinkTrace.from_json(good).is_constant
    with pytest.raises(UsageError, match=said):
        LinkTrace.from_json({**good, **changed})


def test_a_program_reads_its_link() -> None:
    told = LinkSetting("program", "10.1.2.3", STEPS)
    assert own_link({LINK_VARIABLE: told.to_text()}) == told
    assert own_link({}) == LinkSetting(None, "127.0.0.1", None)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"shaping": "wind", "server": "", "trace": null}', '{"shaping": null}']
)
def test_a_setting_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a link's setting"):
        LinkSetting.from_text(text)
