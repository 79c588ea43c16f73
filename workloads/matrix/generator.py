"""The matrices A and B and the weights of the checksum, vectorised, and what C's checksum is.

SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA
2014), addressed by index. Stream s of a seed is SplitMix64 seeded with output s of
SplitMix64(seed): streams 0 and 1 are A and B, row by row, 2 and 3 the weights w and v.

An element is the upper 20 bits of an output less 2^19, so every partial sum of C = A x B is an
integer of at most 2^53 for n up to 2^15: exact in float64 in whatever order it is summed. A weight
is an output made odd. The checksum is the sum of w_i C_ij v_j modulo 2^64. Because w_i v_j is
odd, any one wrong element changes it; and it equals the sum over k of
(sum_i w_i A_ik) (sum_j B_kj v_j), which takes n^2 operations and no product.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Matrix = npt.NDArray[np.float64]

STREAM_A, STREAM_B, STREAM_ROWS, STREAM_COLUMNS = range(4)
DEFAULT_SEED = 1
_GAMMA = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_ELEMENT_SHIFT = np.uint64(44)
_ELEMENT_OFFSET = 1 << 19
_BLOCK_WORDS = 1 << 15  # 256 KiB, so that the passes over a block stay in the cache


class NotExactError(ArithmeticError):
    """A product that is not exact: an element of C is not an integer."""


def stream_seed(seed: int, stream: int) -> int:
    """Return the seed of a stream, 0 to 2^64 - 1."""
    state = (seed + _GAMMA * (stream + 1)) & _MASK
    return int(_mixed(np.array([state], dtype=np.uint64))[0])


def outputs(seed: int, start: int, count: int) -> Words:
    """Return ``count`` outputs of SplitMix64(seed), the first of them number ``start``."""
    words = np.arange(start + 1, start + 1 + count, dtype=np.uint64)
    words *= np.uint64(_GAMMA)
    words += np.uint64(seed)
    return _mixed(words)


def weights(seed: int, stream: int, n: int) -> Words:
    """Return the n odd weights of a stream."""
    odd: Words = outputs(stream_seed(seed, stream), 0, n) | np.uint64(1)
    return odd


def matrix(seed: int, stream: int, n: int) -> Matrix:
    """Return the n x n matrix of a stream; beside it, only a block's worth of memory is used."""
    filled = np.empty((n, n))
    for first, block in _blocks(seed, stream, n):
        filled[first : first + len(block)] = block
    return filled


def checksum(product: Matrix, seed: int) -> str:
    """Return the checksum of C in hexadecimal. Raises NotExactError."""
    n = len(product)
    rows, columns = weights(seed, STREAM_ROWS, n), weights(seed, STREAM_COLUMNS, n)
    total = 0
    step = _rows_per_block(n)
    for first in range(0, n, step):
        block = product[first : first + step]
        integers = block.astype(np.int64)
        if not np.array_equal(integers, block):
            raise NotExactError("an element of C is not an integer")
        sums = integers.view(np.uint64) @ columns
        total += int(rows[first : first + step] @ sums)
    return f"{total & _MASK:016x}"


def expected_checksum(n: int, seed: int) -> str:
    """Return the checksum that a right C has, in O(n^2) and without C."""
    rows, columns = weights(seed, STREAM_ROWS, n), weights(seed, STREAM_COLUMNS, n)
    left = np.zeros(n, dtype=np.uint64)
    for first, block in _blocks(seed, STREAM_A, n):
        left += rows[first : first + len(block)] @ block.view(np.uint64)
    right = np.concatenate(
        [block.view(np.uint64) @ columns for _, block in _blocks(seed, STREAM_B, n)]
    )
    return f"{int(left @ right):016x}"


def _blocks(seed: int, stream: int, n: int) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Yield the first row of a block of rows and its elements."""
    own_seed = stream_seed(seed, stream)
    step = _rows_per_block(n)
    for first in range(0, n, step):
        count = min(step, n - first)
        words = outputs(own_seed, first * n, count * n)
        words >>= _ELEMENT_SHIFT
        elements = words.view(np.int64)
        elements -= _ELEMENT_OFFSET
        yield first, elements.reshape(count, n)


def _rows_per_block(n: int) -> int:
    return max(1, _BLOCK_WORDS // n)


def _mixed(z: Words) -> Words:
    """Mix states into outputs, in place: products and sums of uint64 arrays are modulo 2^64."""
    shifted = z >> np.uint64(30)
    z ^= shifted
    z *= np.uint64(0xBF58476D1CE4E5B9)
    np.right_shift(z, np.uint64(27), out=shifted)
    z ^= shifted
    z *= np.uint64(0x94D049BB133111EB)
    np.right_shift(z, np.uint64(31), out=shifted)
    z ^= shifted
    return z
