from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchharness.errors import UsageError
from benchharness.learning import models
from benchharness.learning.arrays import Arrays, arrays_of, fault, load_arrays

if TYPE_CHECKING:
    import torch


@pytest.fixture
def model() -> torch.nn.Module:
    import torch

    torch.set_num_threads(1)
    return models.build("wide-resnet", depth=1, width=1, classes=10, seed=1)


def test_arrays_are_the_parameters_and_what_batchnorm_knows(model: torch.nn.Module) -> None:
    arrays = arrays_of(model)
    trained = sum(each.numel() for each in model.parameters())
    statistics = sum(each.size for name, each in arrays.items() if name.endswith(("_mean", "_var")))
    # Two a channel: 2 x 16 of group 1, 3 x 16 of group 2, 3 x 32 of group 3, 32 at the end.
    assert statistics == 2 * (2 * 16 + 3 * 16 + 3 * 32 + 32)
    assert sum(each.size for each in arrays.values()) == trained + statistics
    assert {each.dtype for each in arrays.values()} == {np.dtype(np.float32)}
    assert not [name for name in arrays if "num_batches" in name]


def test_arrays_are_copies(model: torch.nn.Module) -> None:
    import torch

    before = arrays_of(model)
    kept = before["stem.weight"].copy()
    with torch.no_grad():
        model.get_parameter("stem.weight").add_(1.0)
    assert np.array_equal(before["stem.weight"], kept)


def test_arrays_come_back_as_they_were_sent(model: torch.nn.Module) -> None:
    other = models.build("wide-resnet", depth=1, width=1, classes=10, seed=2)
    sent = arrays_of(other)
    for array in sent.values():
        array.flags.writeable = False  # as what comes over a wire may be
    sent["linear.weight"] = np.asfortranarray(sent["linear.weight"])
    load_arrays(model, sent)
    found = arrays_of(model)
    assert list(found) == list(sent)
    assert all(np.array_equal(found[name], sent[name]) for name in sent)


def broken(like: Arrays, **changes: object) -> Arrays:
    return {**like, **changes}  # type: ignore[dict-item]


def test_faults_are_named(model: torch.nn.Module) -> None:
    like = arrays_of(model)
    nan, infinite = like["linear.bias"].copy(), like["linear.bias"].copy()
    nan[:3], infinite[0] = np.nan, -np.inf
    assert fault(like, like) is None
    assert fault(like, {name: each.shape for name, each in like.items()}) is None
    cases = [
        (
            {name: like[name] for name in list(like)[1:]},
            "1 of 47 arrays are missing: 'stem.weight'",
        ),
        ({}, "47 of 47 arrays are missing: 'stem.weight' first"),
        (broken(like, extra=nan), "there is an array too many: 'extra'"),
        (broken(like, **{"linear.bias": nan[:4]}), "'linear.bias' has the shape (4,), not (10,)"),
        (broken(like, **{"linear.bias": nan[None]}), "'linear.bias' has the shape (1, 10), not"),
        (
            broken(like, **{"linear.bias": nan.astype("f8")}),
            "'linear.bias' is float64, not float32",
        ),
        (broken(like, **{"linear.bias": nan.astype(">f4")}), "'linear.bias' is >f4, not float32"),
        (broken(like, **{"linear.bias": [0.0] * 10}), "'linear.bias' is list, not float32"),
        (broken(like, **{"linear.bias": nan}), "'linear.bias' has 3 numbers that are not finite"),
        (broken(like, **{"linear.bias": infinite}), "has 1 number that is not finite"),
    ]
    for arrays, expected in cases:
        said = fault(arrays, like)
        assert said is not None
        assert expected in said


def test_faulty_arrays_change_nothing(model: torch.nn.Module) -> None:
    before = arrays_of(model)
    faulty = arrays_of(models.build("wide-resnet", depth=1, width=1, classes=10, seed=2))
    faulty["linear.bias"][0] = np.nan  # the last one
    with pytest.raises(UsageError, match=r"weights: 'linear.bias' has 1 number that is not finite"):
        load_arrays(model, faulty)
    after = arrays_of(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)
