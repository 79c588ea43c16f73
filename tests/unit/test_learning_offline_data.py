from __future__ import annotations

import hashlib

import numpy as np
import pytest

from benchharness.errors import UnknownNameError, UsageError
from benchharness.learning import data
from benchharness.learning.data.dataset import Dataset
from benchharness.learning.seeds import Draws, Purpose


def test_synthetic_images_are_those_of_plain_arithmetic() -> None:
    """Each pixel anew, one whole number at a time: pattern, shift, contrast, own squares, noise."""
    found = data.load("synthetic:7", seed=5, examples=6, test_examples=4)
    grid = Draws(5, Purpose.PIXELS, 0).octets(7 * 48).tolist()
    order = Draws(5, Purpose.PIXELS, 2).permutation(4)
    assert found.test_y.tolist() == [int(n) % 7 for n in order]
    draws = Draws(5, Purpose.PIXELS, 4)
    shifts, contrasts = draws.below(9, 8).tolist(), draws.below(65, 4).tolist()
    own, noise = draws.octets(4 * 48).tolist(), draws.octets(4 * 3072).tolist()
    for n, channel, row, column in [(0, 0, 0, 0), (3, 2, 31, 31), (1, 1, 5, 28), (2, 0, 16, 7)]:
        y, x = (row + shifts[n] - 4) % 32, (column + shifts[4 + n] - 4) % 32
        square = grid[int(found.test_y[n]) * 48 + channel * 16 + (y // 8) * 4 + x // 8] - 128
        other = own[n * 48 + channel * 16 + (row // 8) * 4 + column // 8] - 128
        grain = noise[n * 3072 + channel * 1024 + row * 32 + column] // 2 - 64
        value = 128 + square * (48 + contrasts[n]) // 256 + other // 2 + grain
        assert found.test_pixels[n, channel, row, column] == min(255, max(0, value))


def test_synthetic_data_of_a_seed_never_change() -> None:
    """Pinned: each client makes its own copy, on devices with different NumPy."""
    found = data.load("synthetic", seed=1, examples=700, test_examples=100)
    digest = hashlib.sha256(found.train_pixels.tobytes() + found.test_pixels.tobytes())
    digest.update(found.train_y.astype("<i8").tobytes())
    assert digest.hexdigest() == "835aead36b89064d8699f0a5933aa92c720f41478fd90965cd822ef442bf44e3"


def test_synthetic_data_have_the_shape_of_cifar100_and_say_what_they_are() -> None:
    found = data.load("synthetic", seed=1, examples=300, test_examples=200)
    assert found.train_x.shape == (300, 3, 32, 32)
    assert found.train_x.dtype == np.float32
    assert found.train_y.dtype == np.int64
    assert (found.classes, found.real) == (100, False)
    assert np.bincount(found.train_y).tolist() == [3] * 100
    assert np.bincount(found.test_y).tolist() == [2] * 100
    assert found.title == (
        "synthetic, seeded, in the shape of CIFAR-100 (300 training and 200 test images of 100 "
        "classes): not CIFAR-100"
    )
    assert found.train_x.mean(axis=(0, 2, 3)) == pytest.approx([0, 0, 0], abs=1e-4)
    assert found.train_x.std(axis=(0, 2, 3)) == pytest.approx([1, 1, 1], abs=1e-4)


def test_training_images_do_not_depend_on_the_test_and_seeds_differ() -> None:
    some = data.load("synthetic:10", seed=1, examples=60, test_examples=50)
    client = data.load("synthetic:10", seed=1, examples=60, test_examples=1)
    other = data.load("synthetic:10", seed=2, examples=60, test_examples=50)
    assert np.array_equal(some.train_pixels, client.train_pixels)
    assert not np.array_equal(some.train_pixels, other.train_pixels)
    assert not np.array_equal(some.train_pixels[:50], some.test_pixels)


def test_synthetic_images_can_be_learnt_but_not_at_a_glance() -> None:
    found = data.load("synthetic:10", seed=3, examples=2000, test_examples=500)
    x, test = found.train_x.reshape(2000, -1), found.test_x.reshape(500, -1)
    means = np.stack([x[found.train_y == each].mean(axis=0) for each in range(10)])
    nearest = ((test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    accuracy = float((nearest == found.test_y).mean())
    assert 0.5 < accuracy < 0.9  # by chance: 0.1


def test_digits_are_the_real_ones_scaled_up() -> None:
    from sklearn.datasets import load_digits

    found = data.load("digits", seed=1)
    images, target = load_digits(return_X_y=True)
    assert found.train_pixels.shape == (1437, 3, 32, 32)
    assert found.test_pixels.shape == (360, 3, 32, 32)
    assert (found.classes, found.real) == (10, True)
    assert np.concatenate([found.train_y, found.test_y]).tolist() == target.tolist()
    whole = np.concatenate([found.train_pixels, found.test_pixels])
    shades = {0: 0, 1: 16, 8: 128, 15: 239, 16: 255}  # of 16: 255/16 each, to the nearest
    for n, channel, row, column in [
        (0, 0, 0, 0),
        (1436, 1, 17, 30),
        (1437, 2, 9, 12),
        (5, 0, 31, 3),
    ]:
        shade = int(images[n, (row // 4) * 8 + column // 4])
        assert whole[n, channel, row, column] == shades.get(shade, round(shade * 255 / 16))
    assert "1797 real images of 8x8 pixels scaled up to 3x32x32" in found.title
    assert "not CIFAR-100" in found.title


def test_no_digit_is_in_both_parts_and_each_part_has_all() -> None:
    found = data.load("digits", seed=1)
    train = {each.tobytes() for each in found.train_pixels}
    assert not train & {each.tobytes() for each in found.test_pixels}
    assert np.bincount(found.train_y).min() > 130
    assert np.bincount(found.test_y).min() > 30


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("digit", "unknown data 'digit'; did you mean 'digits'?"),
        ("digits:8", "data digits:8: digits takes no argument; write digits"),
        ("synthetic:1", "data synthetic:1: '1' is not a number of classes; write synthetic, or"),
        ("synthetic:x", "data synthetic:x: 'x' is not a number of classes"),
        ("synthetic:", "data synthetic:: '' is not a number of classes"),
        ("cifar100", "data cifar100: it is not said where the archive is; write cifar100:PATH"),
    ],
)
def test_a_wrong_name_is_refused(spec: str, line: str) -> None:
    with pytest.raises(UsageError) as refused:
        data.load(spec, seed=1)
    assert refused.value.line().startswith(line)
    assert isinstance(refused.value, UnknownNameError) == (spec == "digit")


@pytest.mark.parametrize("spec", ["digits", "synthetic"])
@pytest.mark.parametrize("count", [0, -1])
def test_less_than_one_example_is_refused(spec: str, count: int) -> None:
    with pytest.raises(UsageError, match=f"{count} examples; take at least 1"):
        data.load(spec, seed=1, examples=count)
    with pytest.raises(UsageError, match=f"{count} test examples; take at least 1"):
        data.load(spec, seed=1, test_examples=count)


def test_more_examples_than_there_are_is_refused() -> None:
    with pytest.raises(UsageError, match="1438 examples are asked for and there are 1437; ask for"):
        data.load("digits", seed=1, examples=1438)


def test_a_channel_without_contrast_is_left_at_zero() -> None:
    pixels = np.full((4, 1, 2, 2), 9, dtype=np.uint8)
    labels = np.array([0, 1, 0, 1])
    flat = Dataset(pixels, labels, pixels, labels, classes=2, title="flat", real=False)
    assert flat.normalisation == ((9.0,), (1.0,))
    assert flat.train_x.tolist() == np.zeros((4, 1, 2, 2)).tolist()


def test_a_dataset_that_does_not_fit_together_cannot_be_made() -> None:
    pixels, labels = np.zeros((4, 1, 2, 2), dtype=np.uint8), np.array([0, 1, 0, 1])
    for train_x, train_y, test_x in [
        (pixels[:0], labels[:0], pixels),
        (pixels, labels[:3], pixels),
        (pixels[0], labels, pixels),
        (pixels, labels + 1, pixels),
        (pixels, labels - 1, pixels),
        (pixels, labels, pixels[..., :1]),
    ]:
        with pytest.raises(ValueError, match=r"labels|label is not|differ in shape"):
            Dataset(train_x, train_y, test_x, labels, classes=2, title="", real=False)
