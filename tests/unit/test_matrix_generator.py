"""The matrices and the checksum against integer arithmetic in plain Python, written anew here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads.matrix import generator

SEEDS = st.integers(0, 2**64 - 1)


def splitmix64(seed: int, count: int) -> list[int]:
    """Return the first outputs, by the generator's published, sequential definition."""
    state, found = seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        found.append(z ^ (z >> 31))
    return found


def plain_matrices(n: int, seed: int) -> tuple[list[list[int]], list[list[int]]]:
    streams = splitmix64(seed, 2)
    a, b = ([(word >> 44) - 2**19 for word in splitmix64(stream, n * n)] for stream in streams)
    return [a[i * n : i * n + n] for i in range(n)], [b[i * n : i * n + n] for i in range(n)]


def plain_checksum(n: int, seed: int) -> str:
    """Return the checksum from its definition: the whole product, by three loops."""
    a, b = plain_matrices(n, seed)
    w, v = ([word | 1 for word in splitmix64(s, n)] for s in splitmix64(seed, 4)[2:])
    total = 0
    for i in range(n):
        for j in range(n):
            total += w[i] * sum(a[i][k] * b[k][j] for k in range(n)) * v[j]
    return f"{total % 2**64:016x}"


def test_splitmix64_gives_the_published_outputs() -> None:
    # The test vector that circulates with the algorithm (seed 1234567).
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert generator.outputs(1234567, 0, 5).tolist() == published
    assert splitmix64(1234567, 5) == published


@given(SEEDS, st.integers(0, 60), st.integers(1, 40))
@pytest.mark.slow
def test_outputs_are_the_same_from_wherever_one_starts(seed: int, start: int, count: int) -> None:
    assert generator.outputs(seed, start, count).tolist() == splitmix64(seed, 100)[start:][:count]


@given(SEEDS, st.integers(1, 9))
def test_matrices_are_those_of_plain_integers(seed: int, n: int) -> None:
    a, b = plain_matrices(n, seed)
    assert generator.matrix(seed, generator.STREAM_A, n).tolist() == a
    assert generator.matrix(seed, generator.STREAM_B, n).tolist() == b


@given(SEEDS, st.integers(1, 8))
def test_expected_checksum_is_that_of_the_product_by_definition(seed: int, n: int) -> None:
    assert generator.expected_checksum(n, seed) == plain_checksum(n, seed)


@pytest.mark.parametrize("n", [1, 2, 13, 64, 181, 182, 300])
def test_product_and_expectation_agree_across_block_edges(n: int) -> None:
    seed = 7
    a = generator.matrix(seed, generator.STREAM_A, n).astype(np.int64)
    b = generator.matrix(seed, generator.STREAM_B, n).astype(np.int64)
    product = (a @ b).astype(np.float64)  # integers all the way: no BLAS in it
    assert generator.checksum(product, seed) == generator.expected_checksum(n, seed)


def test_a_matrix_larger_than_a_block_is_the_stream_in_order() -> None:
    n = 200  # more than one block of rows
    words = generator.outputs(generator.stream_seed(3, generator.STREAM_B), 0, n * n)
    elements = (words >> np.uint64(44)).astype(np.float64) - 2**19
    assert np.array_equal(generator.matrix(3, generator.STREAM_B, n).ravel(), elements)


def test_elements_use_their_whole_range_and_no_more() -> None:
    elements = generator.matrix(1, generator.STREAM_A, 400)
    assert elements.min() >= -(2**19)
    assert elements.max() < 2**19
    assert elements.min() < -0.99 * 2**19
    assert elements.max() > 0.99 * 2**19
    assert abs(elements.mean()) < 4 * 2**20 / np.sqrt(12) / 400  # four standard errors


def test_the_largest_sum_is_exact_in_float64() -> None:
    largest_n = 2**15
    assert 2**19 * 2**19 * largest_n <= 2**53


@given(st.integers(0, 35), st.sampled_from([1.0, -1.0, 2.0**20, 2.0**52]))
def test_any_one_wrong_element_changes_the_checksum(place: int, by: float) -> None:
    product = generator.matrix(5, 0, 6) @ generator.matrix(5, 1, 6)
    right = generator.checksum(product, 5)
    product.flat[place] += by
    assert generator.checksum(product, 5) != right


def test_right_elements_in_wrong_places_change_the_checksum() -> None:
    product = generator.matrix(5, 0, 6) @ generator.matrix(5, 1, 6)
    right = generator.checksum(product, 5)
    assert generator.checksum(np.ascontiguousarray(product.T), 5) != right
    assert generator.checksum(product[::-1].copy(), 5) != right
    assert generator.checksum(product[:, ::-1].copy(), 5) != right


def test_a_product_that_is_not_exact_is_refused() -> None:
    product = np.ones((4, 4))
    product[2, 3] = 0.5
    with pytest.raises(generator.NotExactError, match="not an integer"):
        generator.checksum(product, 1)
