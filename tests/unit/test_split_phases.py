"""A device's phases: without a gap, over the wire, and on the server's clock."""

from __future__ import annotations

import numpy as np
import pytest

from benchharness.split.phases import Diary, Phase, from_tensors, on_clock, to_tensors
from benchharness.wire.frames import WireError

PHASES = [
    Phase("download", 100, 200),
    Phase("train", 200, 500, 0.25),
    Phase("upload", 500, 600),
    Phase("wait", 600, 650),
]


def test_a_diary_has_no_gaps_and_joins_what_is_of_one_name() -> None:
    diary = Diary(100)
    assert diary.until("download", 200) == pytest.approx(100e-9)
    diary.until("upload", 300)
    diary.until("upload", 400)
    assert diary.until("wait", 350) == 0.0  # a stamp that is early by a hair
    diary.until("train", 700, counts_cpu=True)
    assert [(p.name, p.start_ns, p.end_ns) for p in diary.phases] == [
        ("download", 100, 200),
        ("upload", 200, 400),
        ("train", 400, 700),
    ]
    assert diary.phases[-1].cpu_s is not None and diary.phases[0].cpu_s is None


def test_phases_come_back_from_the_wire() -> None:
    assert from_tensors(to_tensors(PHASES)) == PHASES


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("names", np.array([0, 1, 2, 9], dtype=np.uint8), "do not fit"),
        ("names", np.zeros(3, dtype=np.uint8), "do not fit"),
        ("stamps_ns", np.array([[5, 4]] * 4), "overlap"),
        ("stamps_ns", np.zeros((4, 2)), "other types"),
        ("cpu_s", np.full(4, np.nan), "no numbers"),
    ],
)
def test_phases_that_cannot_be_are_refused(
    name: str, value: np.ndarray[tuple[int, ...], np.dtype], said: str
) -> None:
    with pytest.raises(WireError, match=said):
        from_tensors({**to_tensors(PHASES), name: value})
    with pytest.raises(WireError, match="without"):
        from_tensors({})


def test_of_another_clock_the_lengths_are_known_and_the_end() -> None:
    assert on_clock(PHASES, 90, 700, is_same_clock=True) == PHASES
    moved = on_clock(PHASES, 1000, 2000, is_same_clock=False)
    assert moved[-1].end_ns == 2000
    assert [p.end_ns - p.start_ns for p in moved] == [100, 300, 100, 50]
    # A clock that is said to be the same and is not is found out by the round's own edges.
    assert on_clock(PHASES, 1000, 2000, is_same_clock=True) == moved
    assert on_clock(PHASES, 1900, 2000, is_same_clock=False)[0].start_ns == 1900
