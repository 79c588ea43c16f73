from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import UsageError
from benchharness.learning.seeds import Draws, Purpose, derive, of_training, sequence

_MASK = (1 << 128) - 1
_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645


def pcg64(state_words: list[int], count: int) -> list[int]:
    """PCG64 (XSL RR 128/64, M. O'Neill 2014) in whole numbers, seeded as NumPy documents it."""
    high, low, stream_high, stream_low = state_words
    initial, stream = high << 64 | low, stream_high << 64 | stream_low
    increment = (stream << 1 | 1) & _MASK
    state = ((increment + initial) * _MULTIPLIER + increment) & _MASK
    found = []
    for _ in range(count):
        state = (state * _MULTIPLIER + increment) & _MASK
        folded, turn = (state >> 64) ^ (state & (1 << 64) - 1), state >> 122
        found.append((folded >> turn | folded << (64 - turn)) & ((1 << 64) - 1))
    return found


def test_draws_are_those_of_the_published_generator() -> None:
    words = sequence(7, Purpose.PIXELS, 3).generate_state(4, np.uint64).tolist()
    expected = pcg64(words, 6)
    assert Draws(7, Purpose.PIXELS, 3).raw(6).tolist() == expected
    octets = [word >> shift & 0xFF for word in expected for shift in range(0, 64, 8)]
    assert Draws(7, Purpose.PIXELS, 3).octets(45).tolist() == octets[:45]
    assert Draws(7, Purpose.PIXELS, 3).below(10, 6).tolist() == [
        (word >> 32) * 10 >> 32 for word in expected
    ]
    assert Draws(7, Purpose.PIXELS, 3).permutation(6).tolist() == sorted(
        range(6), key=expected.__getitem__
    )


def test_the_seeds_of_a_campaign_never_change() -> None:
    """Pinned: another value would make old curves impossible to repeat."""
    assert derive(1, Purpose.MODEL) == 5_862_124_722_997_179_473
    assert of_training(1, client=3, round_number=15) == 3_460_038_759_695_245_594


def test_every_client_and_round_has_a_seed_of_its_own() -> None:
    seeds = [
        of_training(seed, client, n) for seed in (0, 1) for client in (1, 2, 12) for n in (1, 2, 21)
    ]
    seeds += [derive(seed, purpose) for seed in (0, 1) for purpose in Purpose]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="the seed -1 is negative; take a whole number"):
        derive(-1, Purpose.MODEL)


@given(st.integers(0, 2**64), st.integers(1, 200), st.integers(1, 1000))
def test_permutations_and_bounds_hold(seed: int, count: int, bound: int) -> None:
    assert sorted(Draws(seed, Purpose.SUBSET).permutation(count)) == list(range(count))
    below = Draws(seed, Purpose.SUBSET).below(bound, count)
    assert below.min() >= 0
    assert below.max() < bound


def test_numbers_below_a_bound_are_even() -> None:
    counts = np.bincount(Draws(5, Purpose.SUBSET).below(7, 70_000), minlength=7)
    # Chi square with 6 degrees of freedom is above 22.5 in one of 1000.
    assert float(((counts - 10_000) ** 2 / 10_000).sum()) < 22.5
