"""Seeds for every purpose, client and round, and draws that are the same on every machine.

NumPy freezes SeedSequence and the raw output of a bit generator (NEP 19), but not what its
Generator makes of them. All that must agree between devices with different NumPy, the choice of
examples and their order, is therefore made here of raw 64-bit numbers with whole-number arithmetic.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from benchharness.errors import UsageError


class Purpose(IntEnum):
    """What a seed is for: streams of one campaign's seed that never meet."""

    SUBSET = 1
    PIXELS = 2
    PARTITION = 3
    MODEL = 4
    TRAINING = 5
    EPOCH = 6


def sequence(seed: int, purpose: Purpose, *where: int) -> np.random.SeedSequence:
    """Return the seed sequence of a purpose at a place (a client, a round).

    Raises UsageError for a negative seed.
    """
    if seed < 0:
        raise UsageError(f"the seed {seed} is negative", remedy="take a whole number from 0 up")
    return np.random.SeedSequence(seed, spawn_key=(int(purpose), *where))


def derive(seed: int, purpose: Purpose, *where: int) -> int:
    """Return a seed of 63 bits, which fits in TOML, JSON and PyTorch, for a purpose at a place."""
    state = sequence(seed, purpose, *where).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def of_training(seed: int, client: int, round_number: int) -> int:
    """Return the seed of what ``client`` (from 1) trains in a round (from 1)."""
    return derive(seed, Purpose.TRAINING, client, round_number)


class Draws:
    """Random numbers of one purpose and place, equal under every NumPy and byte order."""

    def __init__(self, seed: int, purpose: Purpose, *where: int) -> None:
        self._bits = np.random.PCG64(sequence(seed, purpose, *where))

    def raw(self, count: int) -> npt.NDArray[np.uint64]:
        """Return ``count`` numbers of 64 random bits."""
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)

    def octets(self, count: int) -> npt.NDArray[np.uint8]:
        """Return ``count`` numbers of 8 random bits; what is left of the last 64 is discarded."""
        words = self.raw(-(-count // 8)).astype("<u8", copy=False)
        return words.view(np.uint8)[:count]

    def below(self, bound: int, count: int) -> npt.NDArray[np.int64]:
        """Return ``count`` whole numbers from 0 to ``bound`` - 1; uneven by bound/2^32 at most."""
        high = self.raw(count) >> np.uint64(32)
        chosen: npt.NDArray[np.uint64] = (high * np.uint64(bound)) >> np.uint64(32)
        return chosen.astype(np.int64)

    def permutation(self, count: int) -> npt.NDArray[np.int64]:
        """Return the numbers from 0 to ``count`` - 1 in random order."""
        return np.argsort(self.raw(count), kind="stable").astype(np.int64, copy=False)
