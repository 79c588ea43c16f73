"""Examples shared out among clients so that each has classes of its own: a Dirichlet partition.

For each class, the clients' shares are drawn from a symmetric Dirichlet distribution: small alpha
gives each class to few clients, large alpha shares it evenly. The distribution as a model of
clients is that of T. Hsu, H. Qi, M. Brown, Measuring the Effects of Non-Identical Data
Distribution (2019); shares by class, as here, are those of M. Yurochkin et al., Bayesian
Nonparametric Federated Learning of Neural Networks (ICML 2019), which also keeps every example.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchharness.errors import UsageError
from benchharness.learning.seeds import Draws, Purpose, sequence

Indices = npt.NDArray[np.int64]
_DRAWS = 100  # how often shares are drawn before examples are moved to reach the minimum
_LARGEST_ALPHA = 1e9  # shares differ by 0.003 % there; beyond, gamma draws lose their digits


@dataclass(frozen=True, slots=True)
class Partition:
    """Which examples each client has; every example is one client's.

    ``indices[k]`` are client k+1's, ascending, ``counts[k][c]`` how many of them are of class c.
    ``draws`` is how often shares were drawn, ``moved`` how many examples had to be moved from the
    largest clients to reach ``minimum``.
    """

    indices: tuple[Indices, ...]
    counts: tuple[tuple[int, ...], ...]
    alpha: float
    minimum: int
    seed: int
    draws: int
    moved: int

    def sha256(self) -> str:
        """Return the digest of the client of every example, as hexadecimal."""
        owners = np.empty(sum(map(len, self.indices)), dtype="<i4")
        for client, own in enumerate(self.indices):
            owners[own] = client
        return hashlib.sha256(owners.tobytes()).hexdigest()

    def document(self) -> dict[str, object]:
        """Return what is stored of it, ready for JSON: ``counts`` [clients][classes]."""
        return {
            "alpha": self.alpha,
            "seed": self.seed,
            "minimum": self.minimum,
            "counts": [list(row) for row in self.counts],
            "sha256": self.sha256(),
            "draws": self.draws,
            "moved": self.moved,
        }


def dirichlet(
    labels: Indices, clients: int, alpha: float, minimum: int, seed: int, classes: int
) -> Partition:
    """Share the examples of ``labels`` [N] among ``clients``, at least ``minimum`` for each.

    Shares are drawn again until each client has the minimum; after 100 draws examples are moved.
    The same arguments give the same partition on every machine: NumPy froze what RandomState
    draws. Raises UsageError for alpha that is not above 0 and finite, for more clients than
    examples, and for a minimum below 1 or too large.
    """
    _check(len(labels), clients, alpha, minimum)
    of_class = np.bincount(labels, minlength=classes)
    if len(of_class) != classes:
        raise UsageError(f"a label is {labels.max()}, and there are {classes} classes")
    random = np.random.RandomState(np.random.MT19937(sequence(seed, Purpose.PARTITION, 0)))
    drawn, counts = 1, _rounded(of_class, _shares(random, classes, clients, alpha))
    while counts.sum(axis=0).min() < minimum and drawn < _DRAWS:
        drawn, counts = drawn + 1, _rounded(of_class, _shares(random, classes, clients, alpha))
    moved = _repair(counts, minimum)
    return Partition(
        indices=_dealt(labels, counts, Draws(seed, Purpose.PARTITION, 1)),
        counts=tuple(tuple(int(each) for each in client) for client in counts.T),
        alpha=alpha,
        minimum=minimum,
        seed=seed,
        draws=drawn,
        moved=moved,
    )


def _check(examples: int, clients: int, alpha: float, minimum: int) -> None:
    where = "partition"
    if not (math.isfinite(alpha) and 0.0 < alpha <= _LARGEST_ALPHA):
        raise UsageError(
            f"alpha is {alpha}",
            where=where,
            remedy=f"take a number above 0 and at most {_LARGEST_ALPHA:g}: 0.5 is uneven",
        )
    if clients < 1:
        raise UsageError(f"{clients} clients", where=where, remedy="take at least 1")
    if clients > examples:
        raise UsageError(
            f"{clients} clients are more than the {examples} examples",
            where=where,
            remedy="take fewer clients or more examples",
        )
    if minimum < 1:
        raise UsageError(
            f"the minimum is {minimum}",
            where=where,
            remedy="take at least 1: a client without examples has no weight in the average",
        )
    if clients * minimum > examples:
        raise UsageError(
            f"{clients} clients with at least {minimum} examples each need {clients * minimum}, "
            f"and there are {examples}",
            where=where,
            remedy=f"take a minimum of {examples // clients} at most, or more examples",
        )


def _shares(
    random: np.random.RandomState, classes: int, clients: int, alpha: float
) -> npt.NDArray[np.float64]:
    """Draw the clients' shares of each class [classes, clients]; each row sums to 1.

    Gamma(alpha) = Gamma(alpha + 1) U^(1/alpha) (G. Marsaglia and W. Tsang, 2000), in logarithms:
    for small alpha all the gamma draws of a row would be 0.
    """
    gamma = random.standard_gamma(alpha + 1.0, size=(classes, clients))
    uniform = 1.0 - random.random_sample(size=(classes, clients))  # above 0
    logs = np.log(gamma) + np.log(uniform) / alpha
    weights: npt.NDArray[np.float64] = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _rounded(of_class: Indices, shares: npt.NDArray[np.float64]) -> Indices:
    """Return whole numbers [classes, clients] nearest to the shares that sum to the classes.

    By largest remainders: what rounding down leaves goes to those who lost most, the first of
    equals first.
    """
    exact = of_class[:, None] * shares
    counts = np.floor(exact).astype(np.int64)
    left = of_class - counts.sum(axis=1)
    order = np.argsort(counts - exact, axis=1, kind="stable")
    for row, (count, first) in enumerate(zip(left, order, strict=True)):
        counts[row, first[:count]] += 1
    return counts


def _repair(counts: Indices, minimum: int) -> int:
    """Move examples, one at a time, from the largest client's largest class to the smallest."""
    moved = 0
    totals = counts.sum(axis=0)
    while totals.min() < minimum:
        poor, rich = int(totals.argmin()), int(totals.argmax())
        row = int(counts[:, rich].argmax())
        counts[row, rich] -= 1
        counts[row, poor] += 1
        totals[rich] -= 1
        totals[poor] += 1
        moved += 1
    return moved


def _dealt(labels: Indices, counts: Indices, draws: Draws) -> tuple[Indices, ...]:
    """Deal each class's examples, in random order, to the clients by their counts."""
    hands: list[list[Indices]] = [[] for _ in range(counts.shape[1])]
    shuffled = draws.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    start = 0
    for row in counts:
        for hand, count in zip(hands, row, strict=True):
            hand.append(by_class[start : start + count])
            start += int(count)
    return tuple(np.sort(np.concatenate(hand)) for hand in hands)
