from __future__ import annotations

import hashlib
import json
import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.errors import UsageError
from benchharness.learning.partition import Partition, dirichlet
from benchharness.learning.seeds import Draws, Purpose

Labels = npt.NDArray[np.int64]


def labels_of(*of_class: int) -> Labels:
    """Labels in a mixed order with so many of each class."""
    return np.random.default_rng(3).permutation(np.repeat(np.arange(len(of_class)), of_class))


def expected_counts(of_class: list[int], clients: int, alpha: float, seed: int) -> list[list[int]]:
    """The first draw's counts [classes][clients] by plain arithmetic on scalars, and fractions."""
    bits = np.random.MT19937(np.random.SeedSequence(seed, spawn_key=(3, 0)))
    random = np.random.RandomState(bits)
    gammas = [[random.standard_gamma(alpha + 1.0) for _ in range(clients)] for _ in of_class]
    uniforms = [[1.0 - random.random_sample() for _ in range(clients)] for _ in of_class]
    counts = []
    for examples, row, powers in zip(of_class, gammas, uniforms, strict=True):
        # A gamma variable of alpha, as it is: only where it does not underflow.
        weights = [Fraction(g * u ** (1.0 / alpha)) for g, u in zip(row, powers, strict=True)]
        exact = [examples * weight / sum(weights) for weight in weights]
        whole = [math.floor(each) for each in exact]
        by_loss = sorted(range(clients), key=lambda k: whole[k] - exact[k])
        for client in by_loss[: examples - sum(whole)]:
            whole[client] += 1
        counts.append(whole)
    return counts


@pytest.mark.parametrize(("alpha", "seed"), [(0.5, 1), (0.1, 2), (5.0, 3), (1.0, 4)])
def test_counts_are_those_of_plain_arithmetic(alpha: float, seed: int) -> None:
    of_class = [500] * 90 + [13, 0, 1, 499, 77, 2, 500, 3, 250, 100]
    found = dirichlet(labels_of(*of_class), 8, alpha, 1, seed, 100)
    assert (found.draws, found.moved) == (1, 0)
    assert np.array(found.counts).T.tolist() == expected_counts(of_class, 8, alpha, seed)


def test_the_partition_of_a_seed_never_changes() -> None:
    """Pinned: devices with another NumPy must find the same, or examples are trained on twice."""
    labels = Draws(9, Purpose.SUBSET).permutation(5_000) % 100
    assert dirichlet(labels, 8, 0.5, 10, 1, 100).sha256() == (
        "392c18feee40740d0869c878a7368e3f57af6051b54c7cb53220e604ec82dfb6"
    )


def test_shares_have_the_moments_of_the_distribution() -> None:
    # Means and variances of a Dirichlet distribution: 1/K and (1/K)(1 - 1/K)/(K alpha + 1).
    clients, alpha = 5, 0.3
    labels = np.repeat(np.arange(1_000), 1_000)
    counts = np.array(dirichlet(labels, clients, alpha, 1, 11, 1_000).counts) / 1_000
    assert counts.mean(axis=1) == pytest.approx(1 / clients, abs=0.03)
    variance = (1 / clients) * (1 - 1 / clients) / (clients * alpha + 1)
    assert counts.var(axis=1) == pytest.approx(variance, rel=0.1)


@given(
    of_class=st.lists(st.integers(0, 30), min_size=1, max_size=8).filter(lambda c: sum(c) > 0),
    share=st.floats(0.0, 1.0),
    fill=st.floats(0.0, 1.0),
    alpha=st.floats(1e-300, 1e9),
    seed=st.integers(0, 2**64),
)
def test_every_example_is_one_clients_and_each_has_the_minimum(
    of_class: list[int], share: float, fill: float, alpha: float, seed: int
) -> None:
    labels = labels_of(*of_class)
    clients = 1 + int(share * (len(labels) - 1))
    minimum = 1 + int(fill * (len(labels) // clients - 1))
    found = dirichlet(labels, clients, alpha, minimum, seed, len(of_class))
    assert np.sort(np.concatenate(found.indices)).tolist() == list(range(len(labels)))
    assert len(found.indices) == clients
    assert min(map(len, found.indices)) >= minimum
    for own, counts in zip(found.indices, found.counts, strict=True):
        assert np.bincount(labels[own], minlength=len(of_class)).tolist() == list(counts)
        assert np.all(np.diff(own) > 0)
    again = dirichlet(labels, clients, alpha, minimum, seed, len(of_class))
    assert again.document() == found.document()


def test_small_alpha_gives_each_class_to_one_client_and_large_alpha_shares_evenly() -> None:
    labels = labels_of(*[100] * 20)
    few = np.array(dirichlet(labels, 4, 1e-6, 1, 1, 20).counts)
    assert (few.max(axis=0) == 100).mean() > 0.8  # but for what is moved to reach the minimum
    even = np.array(dirichlet(labels, 4, 1e9, 1, 1, 20).counts)
    assert np.abs(even - 25).max() <= 1


def test_shares_are_drawn_again_before_examples_are_moved() -> None:
    labels = labels_of(*[100] * 10)
    again = dirichlet(labels, 8, 0.5, 90, 1, 10)
    assert again.draws > 1
    assert again.moved == 0
    exact = dirichlet(labels, 8, 0.1, 125, 1, 10)
    assert (exact.draws, {len(own) for own in exact.indices}) == (100, {125})
    assert exact.moved > 0


def test_another_seed_is_another_partition() -> None:
    labels = labels_of(*[50] * 10)
    digests = {dirichlet(labels, 4, 0.5, 1, seed, 10).sha256() for seed in range(5)}
    assert len(digests) == 5


def test_the_document_is_what_a_report_needs() -> None:
    labels = np.array([1, 0, 1, 1])
    found = dirichlet(labels, 2, 0.5, 1, 6, 2)
    document = json.loads(json.dumps(found.document()))
    owners = [next(k for k in (0, 1) if i in found.indices[k]) for i in range(4)]
    digest = hashlib.sha256(b"".join(k.to_bytes(4, "little") for k in owners)).hexdigest()
    assert document["sha256"] == digest
    assert {key: document[key] for key in ("alpha", "seed", "minimum")} == {
        "alpha": 0.5,
        "seed": 6,
        "minimum": 1,
    }
    assert np.array(document["counts"]).sum(axis=0).tolist() == [1, 3]


@pytest.mark.parametrize(
    ("clients", "alpha", "minimum", "line"),
    [
        (2, 0.0, 1, "alpha is 0.0; take a number above 0"),
        (2, -1.0, 1, "alpha is -1.0; take a number above 0"),
        (2, math.nan, 1, "alpha is nan; take a number above 0"),
        (2, math.inf, 1, "alpha is inf; take a number above 0"),
        (0, 0.5, 1, "0 clients; take at least 1"),
        (11, 0.5, 1, "11 clients are more than the 10 examples; take fewer"),
        (2, 0.5, 0, "the minimum is 0; take at least 1"),
        (3, 0.5, 4, "at least 4 examples each need 12, and there are 10; take a minimum of 3"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    clients: int, alpha: float, minimum: int, line: str
) -> None:
    with pytest.raises(UsageError) as refused:
        dirichlet(labels_of(5, 5), clients, alpha, minimum, 1, 2)
    assert refused.value.line().startswith("partition: ")
    assert line in refused.value.line()


def test_a_label_beyond_the_classes_is_refused() -> None:
    with pytest.raises(UsageError, match="a label is 2, and there are 2 classes"):
        dirichlet(np.array([0, 1, 2]), 1, 0.5, 1, 1, 2)


def test_one_client_has_all() -> None:
    found: Partition = dirichlet(labels_of(3, 4), 1, 0.5, 7, 1, 2)
    assert found.indices[0].tolist() == list(range(7))
    assert found.counts == ((3, 4),)
