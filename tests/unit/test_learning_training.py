from __future__ import annotations

import math
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from benchharness.errors import UsageError
from benchharness.learning import data, models
from benchharness.learning.arrays import arrays_of
from benchharness.learning.seeds import Draws, Purpose
from benchharness.learning.training import Evaluated, evaluate, train

if TYPE_CHECKING:
    import torch

F32: TypeAlias = npt.NDArray[np.float32]
I64: TypeAlias = npt.NDArray[np.int64]
PLAIN: dict[str, Any] = {
    "epochs": 1,
    "batch": 32,
    "learning_rate": 0.05,
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "seed": 3,
    "compute": "cpu",
}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def linear(inputs: int, classes: int) -> tuple[torch.nn.Module, npt.NDArray[np.float64]]:
    """A linear classifier with known weights [classes, inputs + 1], the bias last."""
    import torch

    weights = np.random.default_rng(1).normal(0.0, 0.5, (classes, inputs + 1))
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(inputs, classes))
    with torch.no_grad():
        model.get_parameter("1.weight").copy_(torch.from_numpy(weights[:, :-1]))
        model.get_parameter("1.bias").copy_(torch.from_numpy(weights[:, -1]))
    return model, weights.astype(np.float32).astype(np.float64)


def examples(count: int, inputs: int = 4, classes: int = 3) -> tuple[F32, I64]:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(count, 1, 1, inputs)).astype(np.float32)
    return x, rng.integers(0, classes, count)


def softmax(x: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> Any:
    logits = np.c_[x, np.ones(len(x))] @ weights.T
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.slow
def test_training_is_gradient_descent_with_momentum_step_by_step() -> None:
    """In NumPy: v = m v + g + d w, w -= r v, batch by batch in the seeded order."""
    model, weights = linear(4, 3)
    x, y = examples(10)
    found = train(model, x, y, **{**PLAIN, "epochs": 3, "batch": 4, "weight_decay": 0.01})
    flat, velocity = x.reshape(10, 4).astype(np.float64), np.zeros_like(weights)
    for epoch in range(3):
        losses, right = 0.0, 0
        order = Draws(3, Purpose.EPOCH, epoch).permutation(10)
        for chosen in (order[:4], order[4:8], order[8:]):
            shares = softmax(flat[chosen], weights)
            losses -= float(np.log(shares[np.arange(len(chosen)), y[chosen]]).sum())
            right += int((shares.argmax(axis=1) == y[chosen]).sum())
            shares[np.arange(len(chosen)), y[chosen]] -= 1.0
            gradient = shares.T @ np.c_[flat[chosen], np.ones(len(chosen))] / len(chosen)
            velocity = 0.9 * velocity + gradient + 0.01 * weights
            weights = weights - 0.05 * velocity
    trained = arrays_of(model)
    assert trained["1.weight"] == pytest.approx(weights[:, :-1], abs=1e-5)
    assert trained["1.bias"] == pytest.approx(weights[:, -1], abs=1e-5)
    # Of the last epoch, each batch before its own step.
    assert found.loss == pytest.approx(losses / 10, rel=1e-5)
    assert found.accuracy == right / 10
    assert found.samples == 30


def test_evaluation_is_the_mean_over_the_examples_whatever_the_batch() -> None:
    model, weights = linear(4, 3)
    x, y = examples(11)
    shares = softmax(x.reshape(11, 4).astype(np.float64), weights)
    loss = -float(np.log(shares[np.arange(11), y]).mean())
    accuracy = float((shares.argmax(axis=1) == y).mean())
    for batch in (1, 4, 11, 100):
        found = evaluate(model, x, y, batch=batch, compute="cpu")
        assert found == Evaluated(found.loss, accuracy, 11)
        assert found.loss == pytest.approx(loss, rel=1e-5)


def small() -> tuple[torch.nn.Module, data.Dataset]:
    found = data.load("synthetic:4", seed=1, examples=96, test_examples=64)
    return models.build("wide-resnet", depth=1, width=1, classes=4, seed=1), found


def test_evaluation_changes_nothing() -> None:
    model, found = small()
    before = arrays_of(model)
    evaluate(model, found.test_x, found.test_y, batch=50, compute="cpu")
    after = arrays_of(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.slow
def test_training_learns_and_batchnorm_learns_too() -> None:
    model, found = small()
    before = evaluate(model, found.test_x, found.test_y, batch=64, compute="cpu")
    train(model, found.train_x, found.train_y, **{**PLAIN, "epochs": 6, "batch": 16})
    after = evaluate(model, found.test_x, found.test_y, batch=64, compute="cpu")
    assert after.loss < before.loss
    assert after.accuracy > max(0.4, before.accuracy)
    assert not np.all(arrays_of(model)["norm.running_mean"] == 0.0)


CURVE = """
import torch
from benchharness.learning import data, models
from benchharness.learning.training import train
torch.set_num_threads(1)
torch.manual_seed({noise}); torch.rand({noise})
found = data.load("synthetic:4", seed=1, examples=40, test_examples=8)
model = models.build("wide-resnet", depth=1, width=1, classes=4, seed=1)
for n in range(2):
    each = train(model, found.train_x, found.train_y, epochs=1, batch=16, learning_rate=0.05,
                 momentum=0.9, weight_decay=5e-4, seed=n, compute="cpu")
    print(repr(each.loss), repr(each.accuracy))
"""


@pytest.mark.slow
def test_the_same_seed_is_the_same_curve_in_every_process() -> None:
    curves = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", CURVE.format(noise=noise)],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": str(noise), "OMP_NUM_THREADS": "1"},
        ).stdout
        for noise in (1, 2)
    ]
    assert curves[0] == curves[1]
    assert len(curves[0].splitlines()) == 2


def test_another_seed_is_another_order() -> None:
    curves = []
    for seed in (3, 3, 4):
        model, found = small()
        curves.append(train(model, found.train_x, found.train_y, **{**PLAIN, "seed": seed}).loss)
    assert curves[0] == curves[1] != curves[2]


def test_training_that_diverges_says_so_in_its_loss() -> None:
    model, _ = linear(4, 3)
    x, y = examples(64)
    found = train(
        model, x * np.float32(1e18), y, **{**PLAIN, "learning_rate": 1e30, "batch": 8, "epochs": 2}
    )
    assert not math.isfinite(found.loss)


def test_examples_that_cannot_be_written_to_are_read() -> None:
    model, _ = linear(4, 3)
    x, y = examples(8)
    x.flags.writeable = y.flags.writeable = False
    train(model, x, y, **PLAIN)
    evaluate(model, x, y, batch=3, compute="cpu")


def test_bad_input_is_refused() -> None:
    model, _ = linear(4, 3)
    x, y = examples(8)
    for images, labels, changes, line in [
        (x[:0], y[:0], {}, "training: 0 images with 0 labels; give each participant at least one"),
        (x[:5], y, {}, "training: 5 images with 8 labels"),
        (x, y, {"batch": 0}, "training: a batch of 0; take at least 1"),
        (x, y, {"epochs": 0}, "training: 0 epochs; take at least 1"),
    ]:
        with pytest.raises(UsageError) as refused:
            train(model, images, labels, **{**PLAIN, **changes})
        assert refused.value.line().startswith(line)
    with pytest.raises(UsageError, match="0 images with 0 labels"):
        evaluate(model, x[:0], y[:0], batch=4, compute="cpu")
