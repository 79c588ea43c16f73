"""A network in two parts trains as it does in one piece, and says what does not fit."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from benchharness.errors import UsageError
from benchharness.learning.arrays import Arrays, arrays_of
from benchharness.split import codec
from benchharness.split.finite import NotFiniteError
from benchharness.split.network import divide, network
from benchharness.split.parts import DevicePart, Floats, Labels, ServerPart
from benchharness.split.sgd import Sgd
from benchharness.split.whole_step import WholePart
from benchharness.wire.frames import Decoder, WireError, encode

CONFIG = Sgd(learning_rate=0.02, momentum=0.9, weight_decay=5e-4)
SHAPE, CLASSES = (3, 8, 8), 10


@pytest.fixture(autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def batches(count: int, size: int = 12) -> list[tuple[Floats, Labels]]:
    chance = np.random.default_rng(7)
    return [
        (
            chance.normal(size=(size, *SHAPE)).astype(np.float32),
            chance.integers(0, CLASSES, size),
        )
        for _ in range(count)
    ]


def plain(config: Sgd, steps: list[tuple[Floats, Labels]]) -> tuple[list[float], Arrays]:
    """Train without any of this package's parts: PyTorch's own loop."""
    import torch

    model = network(CLASSES, SHAPE, seed=3)
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
    losses = []
    for x, y in steps:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(y))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, arrays_of(model)


@pytest.mark.parametrize("cut", range(8))
def test_any_cut_trains_as_no_cut(cut: int) -> None:
    steps = batches(5)
    losses, weights = plain(CONFIG, steps)
    device = DevicePart(network(CLASSES, SHAPE, seed=3), cut, CONFIG)
    server = ServerPart(network(CLASSES, SHAPE, seed=3), cut, CONFIG)
    found = []
    for x, y in steps:
        stepped = server.step(over_the_wire(device.forward(x)), y)
        device.backward(None if stepped.gradients is None else over_the_wire(stepped.gradients))
        found.append(stepped.loss)
    assert found == pytest.approx(losses, abs=1e-5)
    own, rest = device.arrays(), server.arrays()
    assert not set(own) & set(rest)
    both = own | rest
    assert set(both) == set(weights)
    for name, array in weights.items():
        assert both[name] == pytest.approx(array, abs=1e-5), name
    # That a step was taken, and that BatchNorm has learnt, is not to be taken for granted.
    start = arrays_of(network(CLASSES, SHAPE, seed=3))
    for name in ("layer1.conv.weight", "layer3.norm.running_mean", "layer7.bias"):
        assert np.abs(both[name] - start[name]).max() > 1e-4, name


def over_the_wire(array: Floats) -> Floats:
    decoder = Decoder()
    for buffer in encode("batch", tensors={"x": array}):
        rest = memoryview(buffer)
        while rest:
            room = decoder.room()
            count = min(len(room), len(rest))
            room[:count], rest = rest[:count], rest[count:]
            frame = decoder.took(count)
    assert frame is not None
    return frame.tensors["x"]


def test_no_cut_at_all_is_the_plain_loop_too() -> None:
    steps = batches(4)
    losses, weights = plain(CONFIG, steps)
    whole = WholePart(network(CLASSES, SHAPE, seed=3), CONFIG)
    found = [whole.step(x, y) for x, y in steps]
    assert [each.loss for each in found] == pytest.approx(losses, abs=1e-5)
    assert all(each.gradients is None for each in found)
    for name, array in whole.arrays().items():
        assert array == pytest.approx(weights[name], abs=1e-5)


def test_right_answers_are_counted_before_the_step() -> None:
    import torch

    ((x, y),) = batches(1, size=50)
    model = network(CLASSES, SHAPE, seed=3)
    answers = copy.deepcopy(model)(torch.from_numpy(x)).argmax(dim=1).numpy()
    y[:20] = answers[:20]
    right = int((answers == y).sum())
    assert right >= 20
    device, server = DevicePart(model, 3, CONFIG), ServerPart(model, 3, CONFIG)
    assert server.propagate(device.forward(x), y).right == right
    assert WholePart(model, CONFIG).step(x, y).right == right


def test_arrays_are_not_copied_on_their_way() -> None:
    ((x, y),) = batches(1)
    device = DevicePart(network(CLASSES, SHAPE, seed=3), 1, CONFIG)
    server = ServerPart(network(CLASSES, SHAPE, seed=3), 1, CONFIG)
    activations = device.forward(x)
    assert device._out is not None
    assert np.shares_memory(activations, device._out.detach().numpy())
    (packed,) = codec.pack(activations, "float32").values()
    assert packed is activations
    buffers = encode("batch", tensors={"x": packed})
    assert np.shares_memory(np.frombuffer(buffers[1], np.uint8), activations)
    gradients = server.step(activations, y).gradients
    assert gradients is not None and gradients.flags.c_contiguous
    assert gradients.base is not None  # a view of the tensor
    before = [device.forward(x)]
    assert DevicePart(network(CLASSES, SHAPE, seed=3), 0, CONFIG).forward(x) is x
    assert before[0].shape == gradients.shape


def test_the_momentum_rests_after_loading_and_not_before() -> None:
    steps = batches(4)
    start = arrays_of(network(CLASSES, SHAPE, seed=3))
    part = WholePart(network(CLASSES, SHAPE, seed=3), CONFIG)
    for x, y in steps[:2]:
        part.step(x, y)
    part.load(start)
    for x, y in steps[2:]:
        part.step(x, y)
    _, fresh = plain(CONFIG, steps[2:])
    _, moving = plain(CONFIG, steps)
    for name in ("layer1.conv.weight", "layer6.linear.weight"):
        assert part.arrays()[name] == pytest.approx(fresh[name], abs=1e-6)
        assert not np.allclose(part.arrays()[name], moving[name], atol=1e-6)


def test_the_learning_rate_can_be_changed_at_both_sides() -> None:
    ((x, y),) = batches(1)
    fast, slow = (network(CLASSES, SHAPE, seed=3) for _ in range(2))
    moved = []
    for model, rate in ((fast, 0.01), (slow, 0.001)):
        start = arrays_of(model)
        device, server = DevicePart(model, 3, Sgd(0.01)), ServerPart(model, 3, Sgd(0.01))
        device.load(divide(start, 3)[0])
        device.learning_rate = server.learning_rate = rate
        assert device.learning_rate == rate
        device.backward(server.step(device.forward(x), y).gradients)
        moved.append({name: array - start[name] for name, array in arrays_of(model).items()})
    for name in ("layer1.conv.weight", "layer7.weight"):
        assert moved[1][name] == pytest.approx(moved[0][name] / 10, abs=2e-7)


def test_only_the_parts_own_arrays_are_loaded() -> None:
    model = network(CLASSES, SHAPE, seed=3)
    part, arrays = DevicePart(model, 3, CONFIG), arrays_of(network(CLASSES, SHAPE, seed=4))
    before = part.arrays()
    with pytest.raises(UsageError, match="array too many: 'layer5"):
        part.load(arrays)
    spoiled = {name: array.copy() for name, array in divide(arrays, 3)[0].items()}
    spoiled["layer1.conv.weight"][0, 0, 0, 0] = np.nan
    with pytest.raises(UsageError, match="1 number that is not finite"):
        part.load(spoiled)
    assert all(np.array_equal(part.arrays()[name], before[name]) for name in before)
    part.load(divide(arrays, 3)[0])
    assert all(np.array_equal(part.arrays()[name], arrays[name]) for name in before)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_say_in_which_direction(value: float) -> None:
    ((x, y),) = batches(1)
    model = network(CLASSES, SHAPE, seed=3)
    device, server = DevicePart(model, 3, CONFIG), ServerPart(model, 3, CONFIG)
    activations = device.forward(x)
    gradients = server.propagate(activations, y).gradients
    assert gradients is not None
    before = arrays_of(model)

    spoiled = activations.copy()
    spoiled[0, 0, 0, 0] = value
    with pytest.raises(NotFiniteError, match=r"up from the device.* 1 of 12288 numbers") as up:
        server.step(spoiled, y)
    gradients[1, 2, 3, 0] = value
    with pytest.raises(NotFiniteError, match=r"down from the server.* 1 of 12288") as down:
        device.backward(gradients)
    assert (up.value.direction, down.value.direction) == ("up", "down")
    assert isinstance(up.value, WireError) and "\n" not in up.value.line()
    after = arrays_of(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)

    x[0] = value
    for cut in (0, 1):
        crossing = DevicePart(model, cut, CONFIG).forward(x)
        for kind in codec.CODECS:
            with pytest.raises(NotFiniteError, match="up from the device"):
                codec.pack(crossing, kind, "up")
        with pytest.raises(NotFiniteError, match="up from the device"):
            ServerPart(model, cut, CONFIG).propagate(crossing, y)


@pytest.mark.parametrize("cut", [0, 5, 7])
def test_a_server_that_diverged_sends_no_gradients_and_takes_no_step(cut: int) -> None:
    ((x, y),) = batches(1)
    model = network(CLASSES, SHAPE, seed=3)
    diverged = arrays_of(model)
    for name in ("layer6.linear.weight", "layer7.weight"):
        diverged[name] *= np.float32(1e20)
    WholePart(model, CONFIG).load(diverged)
    server = ServerPart(model, cut, CONFIG)
    activations = DevicePart(network(CLASSES, SHAPE, seed=3), cut, CONFIG).forward(x)
    if cut == 7:
        activations = activations * np.float32(1e37)
        activations[:, 0] = np.float32(3e38)
        activations[:, 1] = np.float32(-3e38)
        y[:] = 1
    before = server.arrays()
    with pytest.raises(NotFiniteError, match=r"down from the server to the device: the loss is"):
        server.step(activations, y)
    trained = [name for name in before if "running" not in name]
    assert all(np.array_equal(server.arrays()[name], before[name]) for name in trained)


def test_what_does_not_fit_is_one_error_of_the_wire() -> None:
    ((x, y),) = batches(1)
    model = network(CLASSES, SHAPE, seed=3)
    device, server = DevicePart(model, 2, CONFIG), ServerPart(model, 2, CONFIG)
    activations = device.forward(x)
    for sent, labels, line in [
        (activations[:, :5], y, r"after cut 2: activations of the shape \(12, 5, 4, 4\) do not"),
        (activations[:, :, :2], y, "do not fit"),
        (activations[0], y, "do not fit"),
        (activations[:0], y[:0], "there is no image"),
        (activations, y[:-1], "that are not 0 to 9 for each of 12 images"),
        (activations, y + 10, "that are not 0 to 9"),
        (activations, y - 10, "that are not 0 to 9"),
        (activations, y.astype(np.float32), "labels of float32"),
        (activations.astype(np.float64), y, "numbers of float64"),
    ]:
        with pytest.raises(WireError, match=line) as refused:
            server.step(sent, labels)  # type: ignore[arg-type]
        assert "\n" not in refused.value.line()
    gradients = server.step(activations, y).gradients
    assert gradients is not None
    with pytest.raises(WireError, match=r"gradients of the shape \(11, 32, 4, 4\), not \(12, "):
        device.backward(gradients[:-1])
    with pytest.raises(UsageError, match="gradients of no activations"):
        device.backward(gradients)
    device.forward(x)
    with pytest.raises(WireError, match="gradients of the shape None"):
        device.backward(None)


def test_labels_of_a_byte_do_as_well() -> None:
    ((x, y),) = batches(1)
    model = network(CLASSES, SHAPE, seed=3)
    wide = ServerPart(copy.deepcopy(model), 0, CONFIG).step(x, y)
    narrow = ServerPart(copy.deepcopy(model), 0, CONFIG).step(x, y.astype(np.uint8))
    assert narrow == wide
    assert wide.gradients is None


@pytest.mark.parametrize("cut", [-1, 8])
def test_a_cut_that_is_not_there(cut: int) -> None:
    model = network(CLASSES, SHAPE, seed=3)
    for part in (DevicePart, ServerPart):
        with pytest.raises(UsageError, match=f"there is no cut {cut}"):
            part(model, cut, CONFIG)
