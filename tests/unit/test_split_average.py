"""One whole model of several devices' parts, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from benchharness.errors import UsageError
from benchharness.learning.arrays import Arrays, arrays_of, load_arrays
from benchharness.split.average import Share, average
from benchharness.split.network import divide, network

SHAPE = (1, 8, 8)


def arrays(seed: int) -> Arrays:
    found = arrays_of(network(4, SHAPE, seed=seed, width=0.25))
    chance = np.random.default_rng(seed)
    return {  # BatchNorm's too differ from device to device
        name: (array + chance.uniform(0.1, 1.0, array.shape)).astype(np.float32)
        for name, array in found.items()
    }


def share(whole: Arrays, cut: int, examples: float = 1.0, name: str = "device-1") -> Share:
    return Share(*divide(whole, cut), examples, name)


@pytest.mark.parametrize("cut", range(8))
def test_the_average_of_one_is_that_one(cut: int) -> None:
    whole = arrays(1)
    found = average([share(whole, cut, 17)])
    assert list(found) == list(whole)
    for name, array in whole.items():
        assert found[name].dtype == np.float32
        assert np.array_equal(found[name], array)
        assert not np.shares_memory(found[name], array)


def test_three_with_different_cuts_are_the_weighted_mean() -> None:
    wholes, examples = [arrays(seed) for seed in (1, 2, 3)], (100, 250, 50)
    shares = [
        share(whole, cut, count)
        for whole, cut, count in zip(wholes, (1, 7, 0), examples, strict=True)
    ]
    found = average(shares)
    assert len(found) == len(wholes[0])
    for name in wholes[0]:
        stacked = np.stack([whole[name] for whole in wholes]).astype(np.float64)
        expected = np.average(stacked, axis=0, weights=examples)
        assert found[name] == pytest.approx(expected, rel=1e-7)
    model = network(4, SHAPE, seed=9, width=0.25)
    load_arrays(model, found)
    assert np.array_equal(
        arrays_of(model)["layer3.norm.running_var"], found["layer3.norm.running_var"]
    )


def test_equal_networks_average_to_themselves_whatever_the_weights() -> None:
    whole = arrays(5)
    found = average([share(whole, cut, cut + 1 / 3) for cut in range(8)])
    assert all(np.array_equal(found[name], whole[name]) for name in whole)


def test_a_device_that_trained_on_nothing_counts_nothing() -> None:
    first, second = arrays(1), arrays(2)
    found = average([share(first, 3, 10), share(second, 4, 0)])
    assert all(np.array_equal(found[name], first[name]) for name in first)


def test_whole_numbers_are_rounded_and_stay_whole() -> None:
    name = "layer1.norm.num_batches_tracked"
    shares = [
        Share({name: np.array(count, np.int64)}, {}, examples)
        for count, examples in ((50, 100), (47, 200))
    ]
    found = average(shares)[name]
    assert found.dtype == np.int64
    assert (found.shape, int(found)) == ((), 48)
    large = np.array([2**52 + 1], np.int64)
    assert average([Share({name: large})])[name][0] == 2**52 + 1


def test_what_is_no_network_is_refused() -> None:
    whole, other = arrays(1), arrays(2)
    device, server = divide(whole, 3)
    name = "layer1.conv.weight"
    narrow = {**other, name: other[name][:, :0]}
    spoiled = {**other, name: np.full_like(other[name], np.nan)}
    good = share(whole, 3)
    for shares, line in [
        ([], "no device to average"),
        ([share(whole, 3, 0)], "no device has trained on an example"),
        ([share(whole, 3, -1)], "device-1: a weight of -1"),
        ([share(whole, 3, float("nan"))], "a weight of nan"),
        ([Share(whole, server, name="device-2")], "device-2: 'layer5.conv.bias' is in both parts"),
        ([Share(server, device)], "layer 7 is the device's and layer 1 the server's"),
        ([good, Share(device, name="device-2")], r"device-2: \d+ arrays that not every device has"),
        ([good, share(narrow, 3, 1, "device-2")], r"device-2: 'layer1.conv.weight' is float32 \("),
        ([good, share(spoiled, 1, 1, "device-3")], "device-3: .* not finite; leave it out"),
    ]:
        with pytest.raises(UsageError, match=line):
            average(shares)
