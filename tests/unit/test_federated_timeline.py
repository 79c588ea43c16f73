"""Phases of a leg on the server's clock, also of a client with a clock of its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchharness.federated.legs import Reply
from benchharness.federated.timeline import Span, Work, is_same_clock, spans

HERE, ELSEWHERE = "boot-a", "boot-b"
NS = st.integers(0, 2**62)


def reply(sent_ns: int, done_ns: int) -> Reply:
    return Reply(node_id=1, client=1, sent_ns=sent_ns, done_ns=done_ns)


def test_on_one_clock_the_client_says_when_it_began_and_ended() -> None:
    assert spans(reply(100, 200), Work(110, 170, HERE), "train", HERE) == (
        Span("download", 100, 110),
        Span("train", 110, 170),
        Span("upload", 170, 200),
    )


def test_of_another_clock_only_the_length_of_the_work_is_known() -> None:
    far = Work(5_000_110, 5_000_170, ELSEWHERE)
    assert not is_same_clock(reply(100, 200), far, HERE)
    assert spans(reply(100, 200), far, "evaluate", HERE) == (
        Span("download", 100, 120),
        Span("evaluate", 120, 180),
        Span("upload", 180, 200),
    )


def test_cpu_seconds_are_those_of_the_work_on_whichever_clock() -> None:
    for boot_id in (HERE, ELSEWHERE):
        found = spans(reply(100, 200), Work(110, 170, boot_id, 0.25), "train", HERE)
        assert [span.cpu_s for span in found] == [None, 0.25, None]


def test_stamps_outside_the_leg_are_of_another_clock_whatever_the_boot_id_says() -> None:
    assert not is_same_clock(reply(100, 200), Work(90, 150, HERE), HERE)
    assert not is_same_clock(reply(100, 200), Work(150, 201, HERE), HERE)
    assert is_same_clock(reply(100, 200), Work(100, 200, HERE), HERE)


def test_without_a_boot_id_no_clocks_are_the_same() -> None:
    assert not is_same_clock(reply(100, 200), Work(110, 120, ""), "")


@given(NS, NS, NS, NS, st.booleans())
def test_phases_fill_the_leg_without_gap_or_overlap(
    sent_ns: int, leg_ns: int, begin_ns: int, length_ns: int, together: bool
) -> None:
    leg = reply(sent_ns, sent_ns + leg_ns)
    work = Work(begin_ns, begin_ns + length_ns, HERE if together else ELSEWHERE)
    download, train, upload = spans(leg, work, "train", HERE)
    assert (download.start_ns, upload.end_ns) == (leg.sent_ns, leg.done_ns)
    assert (download.end_ns, train.end_ns) == (train.start_ns, upload.start_ns)
    assert all(span.start_ns <= span.end_ns for span in (download, train, upload))
    assert train.end_ns - train.start_ns == min(length_ns, leg_ns)
