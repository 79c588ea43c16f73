"""Factors and their levels become variants, and variants a seeded, interleaved run order.

The order is randomised complete blocks: each repetition is a block that holds every variant
once, shuffled, so that a drift of the machine or of the plug falls on all variants alike.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchharness.errors import UsageError
from benchharness.model import Factors, FactorValue
from benchharness.plan.combinations import Combinations, Levels, combine
from benchharness.plan.factors import satisfied
from benchharness.plan.records import Exclusion, Manifest


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of levels; ``factors`` has every factor of the workload."""

    index: int
    label: str
    factors: Factors
    workload: str = ""


@dataclass(frozen=True, slots=True)
class RunTable:
    """The variants, and the order of trials as pairs (variant index, repetition from 0)."""

    variants: tuple[Variant, ...]
    order: tuple[tuple[int, int], ...]
    seed: int

    def without(self, indices: Iterable[int], repeat: int) -> RunTable:
        """Return a table without some variants; those that stay are numbered anew."""
        left_out = set(indices)
        kept = [variant for variant in self.variants if variant.index not in left_out]
        variants = tuple(replace(variant, index=index) for index, variant in enumerate(kept))
        return RunTable(variants, block_order(len(variants), repeat, self.seed), self.seed)


def plan_run(
    manifest: Manifest,
    set: Mapping[str, FactorValue],  # noqa: A002 - the name of the option
    vary: Mapping[str, Sequence[FactorValue]],
    repeat: int,
    seed: int,
    *,
    quick: bool = False,
    exclude: Sequence[Exclusion] = (),
    places: Mapping[str, str] | None = None,
) -> RunTable:
    """Plan all trials of a workload: the full factorial of what is varied, less the excluded.

    ``set`` and ``vary`` hold text from a command line or typed values from a file; ``places``
    says where they come from ("set.n", "vary.n" -> "file:line: key") for messages. Under
    ``quick`` factors that are not set take their quick defaults. Raises UsageError, for an
    unknown factor or level with the nearest, for a level that no variant can have with the
    reason.
    """
    if repeat < 1:
        raise UsageError(f"cannot repeat {repeat} times", where="--repeat", remedy="use 1 or more")
    part = combine(manifest, set, vary, quick=quick, exclude=exclude, places=places)
    return run_table([part], repeat, seed)


def run_table(parts: Sequence[Combinations], repeat: int, seed: int) -> RunTable:
    """Plan the trials of several workloads together: each block holds every variant of all.

    With several workloads a label begins with the workload's name. Raises UsageError if two
    workloads have one name.
    """
    merged = _merged(parts)
    variants: list[Variant] = []
    for part in merged:
        name = part.manifest.name
        for label, row in zip(_labels(part), part.rows, strict=True):
            whole = label if len(merged) == 1 or label == name else f"{name} {label}"
            variants.append(Variant(len(variants), whole, row, name))
    return RunTable(tuple(variants), block_order(len(variants), repeat, seed), seed)


def block_order(variants: int, repeat: int, seed: int) -> tuple[tuple[int, int], ...]:
    """Return (variant, repetition) in randomised complete blocks.

    Sorting by ``random()`` of an integer seed is what Python promises to keep the same from
    version to version; ``shuffle`` is not.
    """
    source = random.Random(seed)  # noqa: S311 - a reproducible order, not a secret
    order: list[tuple[int, int]] = []
    for repetition in range(repeat):
        keys = [source.random() for _ in range(variants)]
        order += [
            (variant, repetition) for variant in sorted(range(variants), key=keys.__getitem__)
        ]
    return tuple(order)


def block(variants: int, repetition: int, seed: int) -> tuple[tuple[int, int], ...]:
    """Return one block of the order: the same however many repetitions are planned in all."""
    return block_order(variants, repetition + 1, seed)[repetition * variants :]


def fresh_seed() -> int:
    """Return a seed that nobody chose, short enough to be typed again."""
    return random.SystemRandom().randrange(1_000_000)


def _merged(parts: Sequence[Combinations]) -> list[Combinations]:
    """Put the parts of one workload together; what two of them have in common is there once."""
    by_name: dict[str, Combinations] = {}
    for part in parts:
        before = by_name.get(part.manifest.name)
        by_name[part.manifest.name] = part if before is None else _both(before, part)
    return list(by_name.values())


def _both(one: Combinations, other: Combinations) -> Combinations:
    if one.manifest.file != other.manifest.file:
        raise UsageError(
            f"two workloads are called {one.manifest.name}: "
            f"{one.manifest.source} and {other.manifest.source}",
            remedy="rename one of them",
        )
    rows = (*one.rows, *(row for row in other.rows if row not in one.rows))
    # What is set to one level in one part and to another in the other is varied, too.
    varied: dict[str, tuple[FactorValue, ...]] = {}
    for name in one.manifest.factors:
        levels = tuple(dict.fromkeys(row[name] for row in rows))
        if len(levels) > 1 or name in one.varied or name in other.varied:
            varied[name] = levels
    return Combinations(one.manifest, varied, rows)


def _labels(part: Combinations) -> list[str]:
    labels = [_label(part.manifest, part.varied, row, named=False) for row in part.rows]
    if len({*labels}) < len(labels):
        labels = [_label(part.manifest, part.varied, row, named=True) for row in part.rows]
    return labels


def _label(manifest: Manifest, varied: Levels, row: Factors, *, named: bool) -> str:
    """Return the levels of the varied factors that apply: words alone, numbers with their name."""
    parts = [
        manifest.factors[name].word(row[name], levels)
        if isinstance(row[name], str) and row[name] and not named
        else f"{name}={manifest.factors[name].word(row[name], levels)}"
        for name, levels in varied.items()
        if satisfied(manifest.factors[name].applies_when, row)
    ]
    return " ".join(parts) or manifest.name
