"""How often a history without a step is marked where its noise is not even and independent."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchharness.conformance.coverage import each
from benchharness.stats.against_level import against_level
from benchharness.stats.change_points import FALSE_ALARMS, FEWEST, change_points
from benchharness.stats.simultaneous import joint_level

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
NOISE = 0.01


def grown(times: float) -> Draw:
    """Return noise that is so many times as large in the last third."""

    def draw(rng: np.random.Generator, n: int) -> Floats:
        late = np.arange(n) >= n * 2 // 3
        return 1.0 + NOISE * np.where(late, times, 1.0) * rng.standard_normal(n)

    return draw


def dependent(share: float) -> Draw:
    """Return noise of which each campaign has a share of the last."""

    def draw(rng: np.random.Generator, n: int) -> Floats:
        new = np.sqrt(1.0 - share * share) * rng.standard_normal(n)
        new[0] = rng.standard_normal()
        last = itertools.accumulate(new.tolist(), lambda before, now: share * before + now)
        return 1.0 + NOISE * np.array(list(last))

    return draw


def drifting(change: float) -> Draw:
    """Return a slow drift by so much over all campaigns."""

    def draw(rng: np.random.Generator, n: int) -> Floats:
        return 1.0 + change * np.arange(n) / n + NOISE * rng.standard_normal(n)

    return draw


KINDS: tuple[tuple[str, Draw], ...] = (
    ("even and independent", grown(1.0)),
    ("2 times as large in the last third", grown(2.0)),
    ("4 times as large in the last third", grown(4.0)),
    ("each 0.5 of the last", dependent(0.5)),
    ("a slow drift of 3 % in all", drifting(0.03)),
)


def marked(draw: Draw, n: int, histories: int, seed: int = 1) -> float:
    """Return how often a history of n campaigns without a step is marked with one."""
    found = (bool(change_points(draw(rng, n).tolist())) for rng in each(histories, seed, n))
    return sum(found) / histories


def marked_at_any_look(n: int, histories: int, seed: int = 1) -> float:
    """Return how often a steady history is marked at one look or more, a look a campaign."""
    found = 0
    for rng in each(histories, seed, n):
        values = (1.0 + NOISE * rng.standard_normal(n)).tolist()
        found += any(change_points(values[:k]) for k in range(2 * FEWEST, n + 1))
    return found / histories


def marked_of_several(variants: int, n: int, histories: int, seed: int = 1) -> float:
    """Return how often one or more of several steady variants is marked, as a page shares it."""
    found = 0
    for rng in each(histories, seed, n, variants):
        values = (1.0 + NOISE * rng.standard_normal((variants, n))).tolist()
        found += any(change_points(v, None, FALSE_ALARMS / variants) for v in values)
    return found / histories


def step_after_last(
    n: int, histories: int, seed: int = 1, variants: int = 1
) -> tuple[float, float]:
    """Return how often the last of a steady level is said to be out of it, and how often then
    two more campaigns exactly like it would be a step.
    """
    out = steps = 0
    for rng in each(histories, seed, n, variants):
        *level, last = (1.0 + NOISE * rng.standard_normal(n + 1)).tolist()
        found = against_level(last, level, joint_level(variants))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        if not found.low <= 1.0 <= found.high:
            out += 1
            steps += bool(change_points([*level, last, last, last]))
    return out / histories, steps / max(1, out)


def new_step(
    step: float, after: int, histories: int, n: int = 30, seed: int = 1
) -> tuple[float, float, float]:
    """Return how often a step is found, its interval then holds it, and its size is too large."""
    found = held = larger = 0
    for rng in each(histories, seed, n, after, round(1e6 * step)):
        values = 1.0 + NOISE * rng.standard_normal(n)
        values[n - after :] *= 1.0 + step
        changes = change_points(values.tolist())
        if not changes:
            continue
        ratio = min(changes, key=lambda change: abs(change.index - (n - after))).ratio
        if ratio is None or ratio.low is None or ratio.high is None:
            continue
        found += 1
        held += ratio.low <= 1.0 + step <= ratio.high
        larger += ratio.ratio > 1.0 + step
    return found / histories, held / max(1, found), larger / max(1, found)
