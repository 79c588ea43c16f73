"""What a server keeps of a round, and what it makes of a file that is not its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchharness.errors import UsageError
from benchharness.federated.config import TaskConfig
from benchharness.federated.state import FILE_NAME, State, close, is_closed, load, save

CONFIG = TaskConfig(clients=2)
ARRAYS = {
    "group1.0.conv1.weight": np.arange(8, dtype=np.float32).reshape(2, 2, 2),
    "file": np.array(3.0, dtype=np.float32),  # the name of an argument of numpy.savez
    "story": np.zeros(0, dtype=np.float32),
}
CURVE = ({"test_loss": 2.5, "test_accuracy": 0.1}, {"test_loss": float("inf")})


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    assert load(tmp_path / "state", CONFIG, ARRAYS) is None
    save(tmp_path / "state", CONFIG, State(3, ARRAYS, CURVE, (1, 2)))
    state = load(tmp_path / "state", CONFIG, ARRAYS)
    assert state is not None
    assert (state.round_number, state.curve, state.resumed_after) == (3, CURVE, (1, 2))
    assert list(state.arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert state.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(state.arrays[name], array)


def test_a_later_round_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    save(tmp_path, CONFIG, State(1, ARRAYS))
    save(tmp_path, CONFIG, State(2, {}))
    state = load(tmp_path, CONFIG, {})
    assert state == State(2, {})
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_a_save_that_is_cut_short_leaves_the_round_before(tmp_path: Path) -> None:
    save(tmp_path, CONFIG, State(1, ARRAYS))
    (tmp_path / f"{FILE_NAME}.part").write_bytes(b"PK half a file")
    state = load(tmp_path, CONFIG, ARRAYS)
    assert state is not None and state.round_number == 1


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, keep: int) -> None:
    save(tmp_path, CONFIG, State(1, ARRAYS))
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(UsageError, match=r"is damaged: .*remove it to begin from the start"):
        load(tmp_path, CONFIG, ARRAYS)


def test_a_file_without_a_story_is_damaged(tmp_path: Path) -> None:
    np.savez(tmp_path / FILE_NAME, w=np.zeros(3))
    with pytest.raises(UsageError, match="is damaged"):
        load(tmp_path, CONFIG, ARRAYS)


def test_the_state_of_another_training_is_refused(tmp_path: Path) -> None:
    save(tmp_path, CONFIG, State(1, ARRAYS))
    with pytest.raises(UsageError, match="belongs to a training with other options"):
        load(tmp_path, replace(CONFIG, seed=2), ARRAYS)
    elsewhere = replace(CONFIG, compute="cpu", address="127.0.0.1:4711")
    assert load(tmp_path, elsewhere, ARRAYS) is not None


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"story": np.zeros(1, np.float32)}, "'story' has the shape (1,), not (0,)"),
        ({"file": np.array(3.0)}, "'file' is float64, not float32"),
        ({"bias": np.zeros(2, np.float32)}, "there is an array too many: 'bias'"),
    ],
)
def test_arrays_that_are_not_the_models_are_refused_in_one_line(
    tmp_path: Path, other: dict[str, Any], says: str
) -> None:
    save(tmp_path, CONFIG, State(1, {**ARRAYS, **other}))
    with pytest.raises(UsageError) as refused:
        load(tmp_path, CONFIG, ARRAYS)
    assert str(refused.value) == (
        f"{tmp_path / FILE_NAME}: is not of this model: {says}; remove it to begin from the start"
    )


def test_closed_is_of_this_training_until_another_round_is_kept(tmp_path: Path) -> None:
    save(tmp_path, CONFIG, State(1, ARRAYS))
    assert not is_closed(tmp_path, CONFIG)
    close(tmp_path, CONFIG)
    assert is_closed(tmp_path, CONFIG)
    assert not is_closed(tmp_path, replace(CONFIG, rounds=3))
    save(tmp_path, CONFIG, State(1, ARRAYS))
    assert not is_closed(tmp_path, CONFIG)


def test_a_file_that_numpy_has_no_method_for_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_named: object) -> None:
        raise NotImplementedError("That compression method is not supported")

    save(tmp_path, CONFIG, State(1, ARRAYS))
    monkeypatch.setattr(np, "load", refuse)
    with pytest.raises(UsageError, match="is damaged"):
        load(tmp_path, CONFIG, ARRAYS)
