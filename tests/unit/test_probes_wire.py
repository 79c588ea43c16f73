from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.probes import wire

rows = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.tuples(
            st.integers(-(1 << 63), (1 << 63) - 1),
            st.lists(st.floats(allow_nan=False), min_size=width, max_size=width),
        ),
        min_size=1,
        max_size=20,
    )
)


@given(st.integers(0, (1 << 32) - 1), rows)
def test_a_batch_arrives_as_it_was_sent(number: int, sent: list[tuple[int, list[float]]]) -> None:
    flat = array("d", [value for _, values in sent for value in values])
    frame = wire.batch(number, array("q", [t for t, _ in sent]), flat)
    [(kind, payload)] = wire.take_frames(bytearray(frame))
    assert kind == wire.BATCH
    arrived, times_ns, columns = wire.split_batch(payload)
    assert arrived == number
    assert list(zip(times_ns, map(list, zip(*columns, strict=True)), strict=True)) == sent


def test_a_missing_value_stays_missing() -> None:
    frame = wire.batch(1, array("q", [5]), array("d", [math.nan, 2.0]))
    columns = wire.split_batch(wire.take_frames(bytearray(frame))[0][1])[2]
    assert math.isnan(columns[0][0])
    assert columns[1][0] == 2.0


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=8), st.data())
def test_frames_may_be_cut_anywhere(sent: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(wire.frame(kind, payload) for kind, payload in sent)
    received, arrived = bytearray(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        received += stream[:size]
        stream = stream[size:]
        arrived += wire.take_frames(received)
    assert arrived == sent
    assert not received


@pytest.mark.parametrize("payload", [b"", b"1234", b"\0" * 8, b"\1\0\0\0\1\0\0\0", b"\1\0\0\0" * 3])
def test_a_broken_batch_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError):
        wire.split_batch(payload)
