"""CPU seconds and memory of process trees, over all the lives of a program."""

from __future__ import annotations

import math
from array import array

from hypothesis import given
from hypothesis import strategies as st

from benchharness.model import Channel
from benchharness.trial.sampler_frames import Batch
from benchharness.trial.trees import Trees

CHANNELS = (Channel("cpu_s", "s"), Channel("memory_bytes", "B"))


def batch(cpu_s: list[float], memory: list[float] | None = None, stream: str = "tree:a") -> Batch:
    memory = [1.0] * len(cpu_s) if memory is None else memory
    times_ns = array("q", range(len(cpu_s)))
    return Batch(stream, CHANNELS, times_ns, [array("d", cpu_s), array("d", memory)])


def test_the_next_life_counts_on_from_the_one_before() -> None:
    trees = Trees()
    assert list(trees.take(batch([0.5, 1.0, math.nan]))[0])[:2] == [0.5, 1.0]
    trees.add_cpu_before("a", 1.25)
    assert list(trees.take(batch([0.0, 0.5]))[0]) == [1.25, 1.75]
    trees.add_cpu_before("a", 1.5)  # what nobody has waited for was sampled all the same
    assert list(trees.take(batch([0.0]))[0]) == [1.75]
    assert list(trees.take(batch([3.0], stream="tree:b"))[0]) == [3.0]
    trees.forget()
    assert list(trees.take(batch([3.0]))[0]) == [3.0]
    assert trees.memory_peak_bytes == {"a": 1.0}


def test_the_peak_of_memory_is_the_largest_that_is_known() -> None:
    trees = Trees()
    trees.take(batch([1.0] * 3, [5.0, math.nan, 2.0]))
    trees.take(batch([1.0], [3.0]))
    trees.take(batch([1.0], [math.nan], stream="tree:b"))
    trees.take(batch([1.0], [9.0], stream="board"))
    assert trees.memory_peak_bytes == {"a": 5.0}


cpu = st.lists(st.floats(0, 100) | st.just(math.nan), max_size=5)


@given(st.lists(st.tuples(cpu, st.floats(0, 100)), max_size=5))
def test_what_is_stored_never_goes_back(lives: list[tuple[list[float], float]]) -> None:
    trees = Trees()
    stored: list[float] = []
    for sampled, waited_s in lives:
        stored += trees.take(batch(sorted(sampled, key=lambda s: (math.isnan(s), s))))[0]
        trees.add_cpu_before("a", waited_s)
    known = [value for value in stored if not math.isnan(value)]
    assert known == sorted(known)
