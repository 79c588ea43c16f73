"""The network of ARES: its numbers by arithmetic, its names, its first weights, its rate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchharness.errors import UsageError
from benchharness.learning.arrays import arrays_of
from benchharness.split import network as net
from benchharness.split.sgd import Sgd, rate_of_round


def test_582346_parameters_layer_by_layer() -> None:
    expected = (
        3 * 3 * 3 * 32 + 32 + 2 * 32,  # weights, biases; BatchNorm's factors and offsets
        0,
        32 * 3 * 3 * 64 + 64 + 2 * 64,
        0,
        64 * 3 * 3 * 64 + 64 + 2 * 64,
        64 * 8 * 8 * 128 + 128,
        128 * 10 + 10,
    )
    found = net.parameters(net.network(10, seed=1))
    assert found == expected
    assert sum(found) == 582_346


def test_elements_of_each_cut_as_published() -> None:
    model = net.network(10, seed=1)
    assert len(model) == net.LAYERS
    assert net.elements(model) == net.ELEMENTS == (3072, 32768, 8192, 16384, 4096, 4096, 128, 10)
    small = net.network(5, (1, 8, 12), seed=1, width=0.25)
    assert net.elements(small, (1, 8, 12)) == (96, 768, 192, 384, 96, 96, 32, 5)


def test_forward_gives_those_elements() -> None:
    import torch

    model, x = net.network(10, seed=1), torch.zeros(2, 3, 32, 32)
    for number, layer in enumerate(model, 1):
        x = layer(x)
        assert x[0].numel() == net.ELEMENTS[number]


def test_the_seed_alone_gives_the_weights() -> None:
    import torch

    first = arrays_of(net.network(10, seed=1))
    torch.manual_seed(99)
    torch.rand(3)
    second, other = arrays_of(net.network(10, seed=1)), arrays_of(net.network(10, seed=2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not np.array_equal(first["layer1.conv.weight"], other["layer1.conv.weight"])
    for layer, outputs in ((1, 32), (3, 64), (5, 64)):
        assert not first[f"layer{layer}.conv.bias"].any()
        # Normal by fan-out; the bound is over four standard errors of a deviation.
        weights = first[f"layer{layer}.conv.weight"]
        wanted = math.sqrt(2 / (9 * outputs))
        assert weights.std() == pytest.approx(wanted, rel=3 / math.sqrt(weights.size))


def test_arrays_are_divided_by_layer() -> None:
    arrays = arrays_of(net.network(10, seed=1))
    owners = [net.layer_of(name) for name in arrays]
    assert set(owners) == {1, 3, 5, 6, 7}
    for cut in range(8):
        device, server = net.divide(arrays, cut)
        assert list(device) + list(server) == list(arrays)
        assert len(device) == sum(owner <= cut for owner in owners)
        assert all(device[name] is arrays[name] for name in device)
    with pytest.raises(UsageError, match=r"no array 'linear\.weight'"):
        net.layer_of("linear.weight")
    with pytest.raises(UsageError, match=r"no array 'layerx\.weight'"):
        net.layer_of("layerx.weight")


@pytest.mark.parametrize("cut", [-1, 8, 1.0, True, "1"])
def test_a_cut_out_of_range_is_refused(cut: object) -> None:
    with pytest.raises(UsageError, match=r"cut: there is no cut .*whole number from 0 to 7"):
        net.check_cut(cut)  # type: ignore[arg-type]


def test_sizes_that_cannot_be_are_refused() -> None:
    for arguments, line in [
        ({"classes": 1}, "network: 1 classes"),
        ({"classes": 10, "image_shape": (3, 30, 32)}, "images of 3x30x32; take a height"),
        ({"classes": 10, "image_shape": (0, 32, 32)}, "images of 0x32x32"),
        ({"classes": 10, "width": 0.0}, "a width of 0.0"),
        ({"classes": 10, "width": float("nan")}, "a width of nan"),
    ]:
        with pytest.raises(UsageError, match=line):
            net.network(**arguments, seed=1)  # type: ignore[arg-type]


def test_a_tenth_of_the_rate_after_round_50() -> None:
    assert [rate_of_round(0.01, k) for k in (1, 49, 50)] == [0.01] * 3
    assert [rate_of_round(0.01, k) for k in (51, 100)] == pytest.approx([0.001] * 2)
    assert rate_of_round(0.5, 3, after=2, factor=0.5) == 0.25
    assert rate_of_round(0.5, 9, after=2, factor=1.0) == 0.5
    with pytest.raises(UsageError, match="no round 0"):
        rate_of_round(0.01, 0)


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("momentum", 1.0),
        ("momentum", -0.1),
        ("weight_decay", -1e-9),
        ("weight_decay", float("nan")),
    ],
)
def test_options_of_training_that_cannot_be_are_refused(what: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"training: a {what.replace('_', ' ')} of {value}"):
        Sgd(**{what: value})
