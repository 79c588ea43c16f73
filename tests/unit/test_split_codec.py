"""Numbers on the wire come back within the bound that the codec states, or are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchharness.errors import UnknownNameError
from benchharness.split.codec import (
    CODECS,
    Floats,
    codec_of,
    pack,
    packed_bytes,
    unpack,
)
from benchharness.split.finite import NotFiniteError
from benchharness.wire.frames import Tensor, WireError

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)
FINITE = hnp.arrays(
    np.float32, SHAPES, elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
)
HALVES = hnp.arrays(
    np.float32,
    SHAPES,
    elements=st.floats(-65504.0, 65504.0, width=32, allow_nan=False),
)


def through(array: Floats, codec: str) -> Floats:
    packed = pack(array, codec)
    assert codec_of(packed) == codec
    assert sum(each.nbytes for each in packed.values()) == packed_bytes(array.size, codec)
    back = unpack(packed)
    assert (str(back.dtype), back.shape) == ("float32", array.shape)
    assert np.isfinite(back).all()
    return back


def bound_of_bytes(array: Floats) -> float:
    """Return what the module's head states, in float64."""
    if not array.size:
        return 0.0
    low, high = float(array.min()), float(array.max())
    return (high - low) / 255 / 2 + 1e-6 * max(abs(low), abs(high)) + 1.5e-45


@given(FINITE)
def test_float32_is_as_it_was(array: Floats) -> None:
    assert np.array_equal(through(array, "float32"), array)


@given(HALVES)
def test_float16_is_within_its_bound(array: Floats) -> None:
    error = np.abs(through(array, "float16").astype(np.float64) - array)
    assert (error <= np.maximum(np.abs(array.astype(np.float64)) / 2048, 2.0**-25)).all()


@given(HALVES)
def test_float16_is_to_the_nearest_as_numpy_has_it(array: Floats) -> None:
    assert np.array_equal(pack(array, "float16")["values"], array.astype(np.float16))


@given(FINITE)
def test_bytes_are_within_their_bound_whatever_the_range(array: Floats) -> None:
    error = np.abs(through(array, "uint8").astype(np.float64) - array)
    assert error.max(initial=0.0) <= bound_of_bytes(array)


@given(
    st.floats(-1000, 1000, width=32),
    st.floats(2.0**-10, 1000, width=32),
    st.integers(0, 2**32 - 1),
)
def test_bytes_of_activations_are_within_half_a_step(mean: float, width: float, seed: int) -> None:
    chance = np.random.default_rng(seed)
    array = (mean + width * chance.normal(size=(3, 5, 7))).astype(np.float32)
    error = np.abs(through(array, "uint8").astype(np.float64) - array)
    assert error.max() <= bound_of_bytes(array)
    # A uniform quantiser's mean square error is step^2 / 12: 105 numbers are near it.
    step = (float(array.max()) - float(array.min())) / 255
    assert error.max() <= 0.51 * step + 1e-6 * np.abs(array).max()


def test_bytes_by_hand() -> None:
    array = np.array([[-1.0, 0.0, 0.5], [4.1, 1.02, 0.99]], np.float32)
    packed = pack(array, "uint8")
    assert packed["range"].dtype == np.float64
    assert packed["range"] == pytest.approx([-1.0, 5.1 / 255])  # steps of 0.02
    assert packed["values"].tolist() == [[0, 50, 75], [255, 101, 100]] or packed[
        "values"
    ].tolist() == [[0, 50, 75], [255, 101, 99]]  # 0.99 is half-way, by a hair
    assert unpack(packed) == pytest.approx(array, abs=0.01001)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -3.25e37, 1e-45, 3.4028235e38])
def test_a_constant_tensor_comes_back_as_it_was(value: float) -> None:
    array = np.full((4, 3), value, np.float32)
    packed = pack(array, "uint8")
    assert packed["range"][1] == 0.0
    assert np.array_equal(unpack(packed), array)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("shape", [(0,), (0, 3, 2), (4, 0)])
def test_an_empty_tensor_keeps_its_shape(codec: str, shape: tuple[int, ...]) -> None:
    assert through(np.empty(shape, np.float32), codec).shape == shape


@pytest.mark.parametrize(
    ("low", "high"),
    [(-3.4028235e38, 3.4028235e38), (0.0, 3.4028235e38), (-1e38, 1e38), (-1e-45, 1e-45), (1, 2)],
)
def test_bytes_of_huge_and_tiny_ranges(low: float, high: float) -> None:
    array = np.linspace(low, high, 1001, dtype=np.float64).astype(np.float32)
    back = through(array, "uint8")
    assert np.abs(back.astype(np.float64) - array).max() <= bound_of_bytes(array)
    assert back[0] == array[0]


def test_bytes_of_more_than_is_done_at_once_and_of_another_order() -> None:
    chance = np.random.default_rng(1)
    array = np.asfortranarray(chance.normal(size=(300, 701)).astype(np.float32))
    for codec in CODECS:
        back = through(array, codec)
        assert np.abs(back.astype(np.float64) - array).max() <= max(bound_of_bytes(array), 0.003)
    sent = pack(array, "uint8")
    for each in sent.values():
        each.flags.writeable = False  # as what comes over a wire may be
    assert np.array_equal(unpack(sent), through(array, "uint8"))


@pytest.mark.parametrize("value", [65505.0, -65536.0, 7e4, 1e38])
def test_float16_that_would_be_infinity_is_refused(value: float) -> None:
    array = np.array([1.0, value, 2.0], np.float32)
    with pytest.raises(WireError, match=r"up: .* is beyond what float16 holds, 65504; take"):
        pack(array, "float16", "up")
    assert np.array_equal(
        through(np.array([65504.0, -65504.0], np.float32), "float16"), [65504.0, -65504.0]
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("codec", CODECS)
def test_nan_and_infinity_are_refused(codec: str, value: float) -> None:
    array = np.array([[1.0, value], [-2.0, 3.0]], np.float32)
    with pytest.raises(NotFiniteError, match=r"gradients, down .*: 1 of 4 numbers") as refused:
        pack(array, codec, "down")
    assert refused.value.direction == "down"
    if codec == "uint8":
        for limits in ([value, 0.1], [0.0, value]):
            bad = {"values": np.zeros(3, np.uint8), "range": np.array(limits)}
            with pytest.raises(NotFiniteError, match="activations, up"):
                unpack(bad, "up")


def test_opposite_infinities_are_seen() -> None:
    array = np.array([np.inf, -np.inf, 1.0], np.float32)
    with pytest.raises(NotFiniteError, match="2 of 3 numbers"):
        pack(array, "uint8")


def test_what_no_codec_packs_is_refused() -> None:
    octets = np.zeros(3, np.uint8)
    refused: list[tuple[dict[str, Tensor], str]] = [
        ({}, "no tensor 'values'"),
        ({"values": np.zeros(3)}, "'values' is float64"),
        ({"values": octets}, "bytes without their 'range'"),
        ({"values": octets, "range": np.zeros(3)}, "bytes without their 'range'"),
        ({"values": octets, "range": np.zeros(2, np.float32)}, "bytes without their 'range'"),
        ({"values": octets, "range": np.array([0.0, -1.0])}, "bytes from 0 in steps of -1"),
        ({"values": octets, "range": np.array([1e300, 1.0])}, "bytes from 1e"),
        ({"values": octets, "range": np.array([0.0, 1e37])}, "in steps of 1e"),
    ]
    for tensors, line in refused:
        with pytest.raises(WireError, match=line):
            unpack(tensors)
    with pytest.raises(WireError, match="of a codec's type"):
        codec_of({"values": np.zeros(3)})
    with pytest.raises(WireError, match="numbers of float64; pack float32"):
        pack(np.zeros(3), "float32")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="int8"):
        pack(np.zeros(3, np.float32), "int8")
