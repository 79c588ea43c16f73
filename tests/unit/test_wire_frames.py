"""Frames of tensors: what goes in comes out, whatever the pieces; anything else is one error."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchharness.wire.frames import (
    DTYPES,
    LARGEST_FRAME_BYTES,
    Decoder,
    Frame,
    WireError,
    encode,
)

PREFIX = "<4sHHIQ"  # as the module's head says
TENSORS = st.dictionaries(
    st.text(max_size=12),
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(
            dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
        )
    ),
    max_size=5,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = st.dictionaries(st.text(max_size=8), JSON, max_size=4)


def bytes_of(*arguments: Any, **options: Any) -> bytes:
    return b"".join(encode(*arguments, **options))


def decode(
    data: bytes, pieces: int = 1 << 30, limit_bytes: int = LARGEST_FRAME_BYTES
) -> list[Frame]:
    """Feed a stream in pieces of at most ``pieces`` bytes; return the frames in it."""
    decoder, frames, rest = Decoder(limit_bytes), [], memoryview(data)
    while rest:
        room = decoder.room()
        assert len(room) > 0
        count = min(len(room), pieces, len(rest))
        room[:count] = rest[:count]
        rest = rest[count:]
        if (frame := decoder.took(count)) is not None:
            frames.append(frame)
    return frames


def header_frame(header: object, payload: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(PREFIX, b"BHFW", 1, 0, len(text), len(payload)) + text + payload


def error_of(data: bytes, **options: Any) -> str:
    with pytest.raises(WireError) as caught:
        decode(data, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


@given(st.text(max_size=10), FIELDS, TENSORS, st.integers(1, 40))
def test_what_goes_in_comes_out_in_any_pieces(
    kind: str, fields: dict[str, Any], tensors: dict[str, Any], pieces: int
) -> None:
    data = bytes_of(kind, fields, tensors)
    (first, second) = decode(data + data, pieces)
    for frame in (first, second):
        assert (frame.kind, frame.fields, frame.size_bytes) == (kind, fields, len(data))
        assert list(frame.tensors) == list(tensors)
        for name, sent in tensors.items():
            got = frame.tensors[name]
            assert (got.dtype, got.shape) == (sent.dtype, sent.shape)
            assert got.tobytes() == sent.tobytes()  # to the bit, NaN and -0 too


def test_the_bytes_are_those_that_the_module_describes() -> None:
    tensors = {"w": np.array([[1.0, 2.0, 3.0]], dtype=np.float32)}
    header = b'{"kind":"train","fields":{"leg":7},"tensors":[["w","<f4",[1,3]]]}'
    payload = struct.pack("<3f", 1.0, 2.0, 3.0) + bytes(4)  # filled up to 8
    prefix = struct.pack(PREFIX, b"BHFW", 1, 0, len(header), len(payload))
    assert bytes_of("train", {"leg": 7}, tensors) == prefix + header + payload


def test_contiguous_tensors_are_sent_from_where_they_lie_and_received_where_they_stay() -> None:
    tensor = np.arange(1000, dtype=np.float32)
    buffers = encode("train", {}, {"w": tensor})
    assert np.shares_memory(np.frombuffer(buffers[1], dtype=np.float32), tensor)
    (frame,) = decode(b"".join(buffers))
    got = frame.tensors["w"]
    assert got.base is not None and got.flags.writeable and got.ctypes.data % 8 == 0


def test_other_orders_are_sent_as_row_major_little_endian() -> None:
    tensor = np.arange(6, dtype=">i4").reshape(2, 3).T
    (frame,) = decode(bytes_of("k", {}, {"t": tensor}))
    assert frame.tensors["t"].dtype.str == "<i4"
    assert frame.tensors["t"].tolist() == [[0, 3], [1, 4], [2, 5]]


@given(FIELDS, TENSORS, st.data())
def test_a_truncated_frame_is_never_one(
    fields: dict[str, Any], tensors: dict[str, Any], data: st.DataObject
) -> None:
    whole = bytes_of("k", fields, tensors)
    cut = data.draw(st.integers(1, len(whole) - 1))
    decoder, rest = Decoder(), memoryview(whole[:cut])
    while rest:
        count = min(len(decoder.room()), len(rest))
        decoder.room()[:count] = rest[:count]
        rest = rest[count:]
        assert decoder.took(count) is None
    assert decoder.missing is not None


@given(st.binary(max_size=200))
def test_foreign_bytes_end_in_one_error_or_wait_for_more(data: bytes) -> None:
    try:
        assert decode(data) == []
    except WireError as error:
        assert "\n" not in str(error)


@given(st.data(), TENSORS)
def test_a_changed_byte_gives_a_frame_or_one_error(
    data: st.DataObject, tensors: dict[str, Any]
) -> None:
    whole = bytearray(bytes_of("k", {"a": [1, None]}, tensors))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        decode(bytes(whole), limit_bytes=1 << 16)
    except WireError as error:
        assert "\n" not in str(error)


def test_a_frame_over_the_limit_is_refused_at_both_ends_before_memory_is_taken() -> None:
    tensors = {"w": np.zeros(100, dtype=np.float32)}
    size = len(bytes_of("k", {}, tensors))
    assert len(decode(bytes_of("k", {}, tensors, limit_bytes=size), limit_bytes=size)) == 1
    with pytest.raises(WireError, match=f"a frame of {size} bytes, and at most {size - 1} are"):
        encode("k", {}, tensors, limit_bytes=size - 1)
    assert "agreed" in error_of(bytes_of("k", {}, tensors), limit_bytes=size - 1)
    huge = struct.pack(PREFIX, b"BHFW", 1, 0, 10, (1 << 64) - 1)
    assert f"at most {LARGEST_FRAME_BYTES} are agreed" in error_of(huge)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n", "begins with b'GET '"),
        (struct.pack(PREFIX, b"BHFW", 2, 0, 2, 0), "version 2 of the protocol"),
        (struct.pack(PREFIX, b"BHFW", 1, 0, 0, 0), "without a header"),
        (struct.pack(PREFIX, b"BHFW", 1, 0, 1 << 25, 0), "a header of 33554432 bytes"),
        (header_frame(b"\xff{}"), "no JSON"),
        (header_frame(b'{"kind":"k","fields":{"x":NaN},"tensors":[]}'), "no JSON"),
        (header_frame(b"[" * 100_000), "no JSON"),
        (header_frame([]), "without kind, fields and tensors"),
        (header_frame({"kind": 1, "fields": {}, "tensors": []}), "another type"),
        (header_frame({"kind": "k", "fields": {}, "tensors": [["w", "<f4"]]}), "without name"),
        (header_frame({"kind": "k", "fields": {}, "tensors": [["w", "|O", [1]]]}), "type '|O'"),
        (header_frame({"kind": "k", "fields": {}, "tensors": [["w", "<f4", [-1]]]}), "shape [-1]"),
        (header_frame({"kind": "k", "fields": {}, "tensors": [["w", "<f4", [True]]]}), "shape"),
        (
            header_frame({"kind": "k", "fields": {}, "tensors": [["w", "<f4", [0, 1 << 61]]]}),
            "shape",
        ),
        (
            header_frame({"kind": "k", "fields": {}, "tensors": [["w", "<f4", [2]]]}, bytes(16)),
            "tensors of 8 bytes in a payload of 16",
        ),
        (
            header_frame(
                {"kind": "k", "fields": {}, "tensors": [["w", "|u1", [1]], ["w", "|u1", [1]]]},
                bytes(16),
            ),
            "two tensors of one name",
        ),
    ],
)
def test_what_is_no_frame_is_refused_in_a_line_that_says_why(data: bytes, says: str) -> None:
    assert says in error_of(data)


@pytest.mark.parametrize(
    ("fields", "tensors", "says"),
    [
        ({"x": float("nan")}, {}, "no JSON"),
        ({"x": b"bytes"}, {}, "no JSON"),
        ({}, {"w": np.array([object()])}, "'w' is object"),
        ({}, {"w": np.array([1 + 2j])}, "'w' is complex128"),
    ],
)
def test_what_the_protocol_does_not_carry_is_refused_before_it_is_sent(
    fields: dict[str, Any], tensors: dict[str, Any], says: str
) -> None:
    with pytest.raises(WireError, match=says):
        encode("k", fields, tensors)
