"""Packing is lossless, and does pack. numpy's own bytes are the independent reference."""

from __future__ import annotations

import math
import struct
from array import array

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchharness.store import codec
from benchharness.store.reading import _items, _times, _values

INT64 = st.integers(-(2**63), 2**63 - 1)
PATTERNS = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=200)


def unpack_values(rows: list[bytes], counts: list[int]) -> bytes:
    items, _ = _items(zip(counts, rows, strict=True), (), sum(counts))
    return _values(items).tobytes()


@given(PATTERNS)
def test_every_bit_pattern_of_a_float64_comes_back(patterns: list[int]) -> None:
    data = struct.pack(f"<{len(patterns)}Q", *patterns)
    assert unpack_values([codec.pack(data)], [len(patterns)]) == data


@given(st.lists(INT64, min_size=1, max_size=200))
def test_every_int64_time_comes_back(times: list[int]) -> None:
    packed = codec.pack_times(struct.pack(f"<{len(times)}q", *times))
    items, parts = _items([(len(times), packed)], (), len(times))
    assert _times(items, parts).tolist() == times


@given(st.lists(st.lists(INT64, min_size=1, max_size=20), min_size=1, max_size=5))
def test_packed_rows_and_raw_rows_join(rows: list[list[int]]) -> None:
    encoded = [struct.pack(f"<{len(row)}q", *row) for row in rows]
    half = len(rows) // 2
    packed = [(len(r), codec.pack_times(e)) for r, e in zip(rows[:half], encoded, strict=False)]
    raw = [(len(r), e) for r, e in zip(rows[half:], encoded[half:], strict=True)]
    items, parts = _items(packed, raw, sum(map(len, rows)))
    assert _times(items, parts).tolist() == [t for row in rows for t in row]


def test_each_form_is_used_and_comes_back() -> None:
    rng = np.random.default_rng(3)
    cases = {
        codec.RAW: rng.integers(0, 2**63, 600).astype("<i8").tobytes(),
        codec.PLAIN: np.round(5 + rng.normal(0, 0.3, 600), 1).astype("<f8").tobytes(),
        codec.SHUFFLED: (np.arange(600) * 1_000_003).astype("<i8").tobytes(),
        codec.SPLIT: (5 + rng.normal(0, 0.3, 600)).astype("<f8").tobytes(),
    }
    for form, data in cases.items():
        packed = codec.pack(data)
        assert packed[codec.CRC_BYTES : codec.CRC_BYTES + 1] == form
        assert unpack_values([packed], [600]) == data


def test_a_minute_at_10_hz_shrinks() -> None:
    rng = np.random.default_rng(4)
    watts = np.round(5 + rng.normal(0, 0.3, 600), 3)
    late = rng.exponential(60_000, 600).astype(np.int64)
    times = np.arange(600, dtype=np.int64) * 100_000_000 + late
    assert len(codec.pack(watts.tobytes())) < 0.5 * watts.nbytes
    assert len(codec.pack_times(times.tobytes())) < 0.4 * times.nbytes


def test_a_raw_row_is_times_then_columns_in_little_endian() -> None:
    row = codec.encode_row(array("q", [1, -2]), [array("d", [0.5, math.nan])])
    assert row == struct.pack("<qqdd", 1, -2, 0.5, math.nan)
    assert codec.split_row(row, 2) == [row[:16], row[16:]]


@given(st.binary(min_size=8, max_size=80), st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_is_noticed(data: bytes, place: int, change: int) -> None:
    packed = bytearray(codec.pack(data[: len(data) // 8 * 8]))
    assert codec.is_intact(bytes(packed))
    packed[place % len(packed)] ^= change
    assert not codec.is_intact(bytes(packed))
