"""What a split server keeps, and the profile that it may be given instead of measuring."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchharness.cuts.profile import Profile, to_document
from benchharness.errors import UsageError
from benchharness.split.config import SplitConfig
from benchharness.split.estimates import Estimate
from benchharness.split.profiling import Profiler, given_profile, require_same_training
from benchharness.split.state import FILE_NAME, State, load, save
from tests.unit.test_split_estimates import LAYERS, profile, taken

CONFIG = SplitConfig(devices=2)
ARRAYS = {"layer1.conv.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}


def kept(folder: Path) -> State:
    learnt = Estimate(profile(2), CONFIG.smoothing)
    learnt.add(4, taken(4, profile(2, speed=0.5, bit_s=5e6)))
    state = State(ARRAYS, [[4, 2], [None, 2]], {"test_accuracy": 0.5}, {2: learnt}, 77, (1,))
    save(folder, CONFIG, LAYERS, state)
    return state


def test_a_server_that_is_started_again_knows_what_the_first_one_knew(tmp_path: Path) -> None:
    assert load(tmp_path, CONFIG, ARRAYS) is None
    state, found = kept(tmp_path), load(tmp_path, CONFIG, ARRAYS)
    assert found is not None
    np.testing.assert_array_equal(found.arrays["layer1.conv.weight"], ARRAYS["layer1.conv.weight"])
    assert (found.cuts, found.tested) == (state.cuts, state.tested)
    assert (found.window_ns, found.resumed_after, found.is_closed) == (77, (1,), False)
    before, after = state.estimates[2].now(), found.estimates[2].now()
    assert after.up_bit_s == before.up_bit_s == pytest.approx(12.5e6)
    np.testing.assert_array_equal(after.forward_s, before.forward_s)


def test_a_state_of_another_training_or_damaged_is_refused(tmp_path: Path) -> None:
    kept(tmp_path)
    with pytest.raises(UsageError, match="other options"):
        load(tmp_path, replace(CONFIG, cut=2), ARRAYS)
    with pytest.raises(UsageError, match="damaged"):
        load(tmp_path, CONFIG, {"another": ARRAYS["layer1.conv.weight"]})
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(UsageError, match="damaged"):
        load(tmp_path, CONFIG, ARRAYS)


def test_a_profile_is_taken_by_name_and_with_this_trainings_batches(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    devices = (profile(2, speed=2.0), profile(1))  # in another order
    file.write_text(json.dumps(to_document(Profile(LAYERS, devices))))
    config = replace(CONFIG, profile=str(file), iterations=7)
    given = given_profile(config)
    assert given is not None
    profiler = Profiler(config, np.zeros(8), given, lambda _session, _reason: None)
    found = profiler.profiles({1: None, 2: None})  # type: ignore[dict-item]
    assert [found[n].name for n in (1, 2)] == ["device-1", "device-2"]
    assert found[2].forward_s[7] == pytest.approx(0.035) and found[1].batches == 7


@pytest.mark.parametrize(
    ("text", "said"), [(None, "No such file"), ("{", "is no JSON"), ("{}", "version")]
)
def test_a_profile_that_cannot_be_read_is_refused(
    text: str | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "p.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match=said):
        given_profile(replace(CONFIG, profile=str(file)))


def test_a_profile_of_other_devices_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps(to_document(Profile(LAYERS, (profile(),)))))
    with pytest.raises(UsageError, match="has 1 devices and 7 layers, not 2 and 7"):
        given_profile(replace(CONFIG, profile=str(file)))


def test_a_profile_of_other_batches_is_refused() -> None:
    given = Profile(LAYERS, (profile(),))
    require_same_training(given, LAYERS, "p.json")
    larger = replace(LAYERS, up_bytes=2.0 * LAYERS.up_bytes)
    with pytest.raises(UsageError, match=r"p\.json: is of another batch.*up_bytes are 60000 "):
        require_same_training(given, larger, "p.json")
