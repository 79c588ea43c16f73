"""What each cut takes and moves: seconds by a clock that the test moves, bytes by arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchharness.clock import FakeClock
from benchharness.errors import UnknownNameError, UsageError
from benchharness.learning.arrays import arrays_of
from benchharness.split.codec import pack
from benchharness.split.layer_times import LayerTimes, layer_times
from benchharness.split.network import divide, network
from benchharness.split.parts import DevicePart, ServerPart
from benchharness.split.sgd import Sgd
from benchharness.split.sizes import sizes
from benchharness.wire.frames import WireError, encode

SHAPE = (1, 8, 8)


def batch(size: int = 6) -> tuple[Any, Any]:
    chance = np.random.default_rng(2)
    return chance.normal(size=(size, *SHAPE)).astype(np.float32), chance.integers(0, 4, size)


def slowed(clock: FakeClock, forward_s: list[list[float]], backward_s: list[list[float]]) -> Any:
    """Return the network with layers that take seconds of the clock, by pass and layer."""
    model = network(4, SHAPE, seed=1, width=0.25)
    for index, layer in enumerate(model):
        passes = [0, 0]

        def before(*_: object, index: int = index, passes: list[int] = passes) -> None:
            clock.sleep_s(forward_s[passes[0]][index])
            passes[0] += 1

        def after(
            _module: object, _taken: object, out: Any, index: int = index, passes: Any = passes
        ) -> None:
            def on_gradient(_gradient: object) -> None:
                clock.sleep_s(backward_s[passes[1]][index])
                passes[1] += 1

            out.register_hook(on_gradient)

        layer.register_forward_pre_hook(before)
        layer.register_forward_hook(after)
    return model


class SharedClock(FakeClock):
    """A clock that stays one when a model that moves it is copied."""

    def __deepcopy__(self, _memo: object) -> SharedClock:
        return self


def measured(clock: FakeClock, model: Any, **options: Any) -> LayerTimes:
    x, y = batch()
    return layer_times(model, x, y, config=Sgd(), clock=clock, **options)


def test_times_are_medians_of_the_sums_up_to_each_cut() -> None:
    clock = SharedClock()
    chance = np.random.default_rng(4)
    forward, backward = (chance.integers(1, 50, (6, 7)).astype(float) for _ in range(2))
    forward[0] = backward[0] = 1000.0  # the warm-up, which does not count
    model = slowed(clock, forward.tolist(), backward.tolist())
    found = measured(clock, model, batches=5, warm_up=1)
    for times, given in ((found.forward_s, forward), (found.backward_s, backward)):
        expected = [np.median(given[1:, :cut].sum(axis=1)) for cut in range(8)]
        assert times == pytest.approx(expected)
    both = forward + backward
    expected = [np.median(both[1:, cut:].sum(axis=1)) for cut in range(8)]
    assert found.rest_s == pytest.approx(expected)
    assert found.forward_s[0] == found.backward_s[0] == found.rest_s[7] == 0.0
    assert found.batches == 5


def test_a_device_that_computes_in_slices_has_its_seconds_by_its_cpu_seconds() -> None:
    clock, cpu = SharedClock(), SharedClock()
    wall = [[0.1, 0.0, 0.1, 0.1, 0.0, 0.1, 0.0]] * 3  # a layer waits for its slice, or does not
    used_ms = np.array([3.0, 0.5, 2.0, 0.2, 1.0, 1.5, 0.1])
    layers = slowed(clock, wall, wall)
    for index, layer in enumerate(layers):
        layer.register_forward_pre_hook(
            lambda *_, index=index: cpu.sleep_s(float(used_ms[index]) / 1e3)
        )
    found = measured(clock, layers, batches=2, warm_up=1, cpu_ns=cpu.now_ns)
    whole_s = 0.8  # forward and back
    expected = whole_s * np.cumsum(used_ms) / used_ms.sum()
    assert found.forward_s[1:] == pytest.approx(expected)
    assert not found.backward_s.any()  # it used no CPU time there
    assert found.rest_s[0] == pytest.approx(whole_s)


def test_the_model_is_left_as_it_was() -> None:
    model = network(4, SHAPE, seed=1, width=0.25)
    before = arrays_of(model)
    found = measured(FakeClock(), model, batches=2)
    after = arrays_of(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert all(weights.grad is None for weights in model.parameters())
    assert not found.forward_s.any()  # nobody moved the clock


def test_the_real_clock_shows_that_more_layers_take_longer() -> None:
    x, y = batch()
    model = network(4, SHAPE, seed=1, width=0.25)
    found = layer_times(model, x, y, config=Sgd(), batches=3)
    for times in (found.forward_s, found.backward_s, found.rest_s[::-1]):
        assert times[0] == 0.0
        assert (np.diff(times) > 0).all()


def test_times_of_no_batch_are_refused() -> None:
    model = network(4, SHAPE, seed=1, width=0.25)
    for options in ({"batches": 0}, {"warm_up": -1}):
        with pytest.raises(UsageError, match="profile"):
            measured(FakeClock(), model, **options)
    x, y = batch()
    with pytest.raises(WireError, match="labels"):
        layer_times(model, x, y + 4, config=Sgd())


def test_bytes_of_the_published_network_by_arithmetic() -> None:
    found = sizes(network(10, seed=1), 100)
    elements = [3072, 32768, 8192, 16384, 4096, 4096, 128]
    assert found.up_bytes.tolist() == [100 * (4 * each + 8) for each in elements] + [0]
    assert found.down_bytes.tolist() == [0] + [400 * each for each in elements[1:]] + [0]
    # Parameters, with two buffers for each channel of BatchNorm: 4 bytes a number.
    trained, buffers = (960, 18624, 37056, 524416, 1290), (64, 128, 128, 0, 0)
    sums = np.cumsum([4 * (a + b) for a, b in zip(trained, buffers, strict=True)]).tolist()
    one, three, five, six, seven = sums
    assert found.part_bytes.tolist() == [0, one, one, three, three, five, six, seven]
    assert seven == 4 * (582_346 + 320)


@pytest.mark.parametrize("codec", ["float16", "uint8"])
def test_bytes_of_narrow_numbers_by_arithmetic(codec: str) -> None:
    found = sizes(network(10, seed=1), 10, activations=codec)
    width, more = (2, 0) if codec == "float16" else (1, 16)
    assert found.up_bytes[1] == 10 * (width * 32768 + 8) + more
    assert found.down_bytes[1] == 10 * 4 * 32768
    other = sizes(network(10, seed=1), 10, gradients=codec)
    assert other.up_bytes[1] == 10 * (4 * 32768 + 8)
    assert other.down_bytes[6] == 10 * width * 128 + more
    assert other.down_bytes[0] == other.down_bytes[7] == 0


@pytest.mark.parametrize("codec", ["float32", "float16", "uint8"])
def test_bytes_are_those_of_the_tensors_that_are_sent(codec: str) -> None:
    size = 6
    x, y = batch(size)
    model = network(4, SHAPE, seed=1, width=0.25)
    found = sizes(model, size, image_shape=SHAPE, activations=codec, gradients=codec)
    arrays = arrays_of(model)
    for cut in range(7):
        device, server = DevicePart(model, cut, Sgd()), ServerPart(model, cut, Sgd())
        activations = device.forward(x)
        up = {**pack(activations, codec), "labels": y}
        assert found.up_bytes[cut] == payload(up)
        gradients = server.propagate(activations, y).gradients
        assert found.down_bytes[cut] == (
            0 if gradients is None else payload(pack(gradients, codec))
        )
        assert found.part_bytes[cut] == payload(divide(arrays, cut)[0]) == payload(device.arrays())
    assert found.last_cut == 7


def payload(tensors: dict[str, Any]) -> int:
    """Return the bytes of a frame's tensors, without what fills them up to whole eights."""
    _head, *sent = encode("batch", tensors=tensors)
    return sum(map(len, sent)) - sum(-int(each.nbytes) % 8 for each in tensors.values())


@pytest.mark.parametrize(
    ("error", "make"),
    [
        (UsageError, lambda model: sizes(model, 0)),
        (UnknownNameError, lambda model: sizes(model, 1, activations="float64")),
        (UnknownNameError, lambda model: sizes(model, 1, gradients="int8")),
    ],
)
def test_sizes_of_what_is_not_there(error: type[Exception], make: Callable[[Any], Any]) -> None:
    with pytest.raises(error):
        make(network(10, seed=1))
