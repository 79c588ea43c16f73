"""Factors and their levels become variants, and variants a seeded, interleaved run order.

The order is randomised complete blocks: each repetition is a block that holds every variant
once, shuffled, so that a drift of the machine or of the plug falls on all variants alike.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import Factors, FactorValue
from benchharness.plan.factors import Factor, conditions_in_words, satisfied
from benchharness.plan.records import Exclusion, Manifest
from benchharness.plan.templates import as_text

Levels = Mapping[str, tuple[FactorValue, ...]]


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of levels; ``factors`` has every factor of the workload."""

    index: int
    label: str
    factors: Factors


@dataclass(frozen=True, slots=True)
class RunTable:
    """The variants, and the order of trials as pairs (variant index, repetition from 0)."""

    variants: tuple[Variant, ...]
    order: tuple[tuple[int, int], ...]
    seed: int


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
    places = places or {}
    fixed = {
        name: _factor(manifest, name, where).level(value, where)
        for name, value in set.items()
        for where in [places.get(f"set.{name}", f"--set {name}")]
    }
    varied = {
        name: _levels(manifest, name, values, places.get(f"vary.{name}", f"--vary {name}"))
        for name, values in vary.items()
    }
    for name in varied:
        if name in fixed:
            raise UsageError(f"{name} is both set and varied", remedy="do one of the two")
    rules = (*manifest.exclude, *exclude)
    combinations = _combinations(manifest.factors, fixed, varied, rules, quick=quick)
    _check_coverage(manifest.factors, fixed, varied, combinations, rules)
    variants = _variants(manifest, varied, combinations)
    return RunTable(variants, block_order(len(variants), repeat, seed), seed)


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


def fresh_seed() -> int:
    """Return a seed that nobody chose, short enough to be typed again."""
    return random.SystemRandom().randrange(1_000_000)


def parse_set(options: Sequence[str]) -> dict[str, str]:
    """Parse ``--set f=v`` options. Raises UsageError for no ``=`` and for a factor set twice."""
    values: dict[str, str] = {}
    for option in options:
        name, text = _split(option, "--set", "n=1000")
        if name in values:
            raise UsageError(
                f"{name} is set twice", where="--set", remedy="set it once, or --vary it"
            )
        values[name] = text
    return values


def parse_vary(options: Sequence[str]) -> dict[str, list[str]]:
    """Parse ``--vary f=a,b`` options. A level with a comma needs a campaign file."""
    levels: dict[str, list[str]] = {}
    for option in options:
        name, text = _split(option, "--vary", "runtime=wasmtime,native")
        if name in levels:
            raise UsageError(
                f"{name} is varied twice", where="--vary", remedy=f"write {name}=a,b in one option"
            )
        levels[name] = [part.strip() for part in text.split(",")]
        if "" in levels[name]:
            raise UsageError(
                f"{option!r} has an empty level", where="--vary", remedy=f"write {name}=a,b"
            )
    return levels


def _split(option: str, where: str, example: str) -> tuple[str, str]:
    name, equals, text = option.partition("=")
    if not equals or not name.strip():
        raise UsageError(
            f"expected factor=value, got {option!r}", where=where, remedy=f"for example {example}"
        )
    return name.strip(), text.strip()


def _factor(manifest: Manifest, name: str, where: str) -> Factor:
    if manifest.ad_hoc:
        raise UsageError(
            "a command has no factors", where=where, remedy="write its arguments after --"
        )
    if name not in manifest.factors:
        raise UnknownNameError(f"factor of {manifest.name}", name, manifest.factors, where=where)
    return manifest.factors[name]


def _levels(
    manifest: Manifest, name: str, values: Sequence[FactorValue], where: str
) -> tuple[FactorValue, ...]:
    factor = _factor(manifest, name, where)
    if not values:
        raise UsageError("no levels", where=where, remedy=f"write {name}=a,b")
    levels: list[FactorValue] = []
    for value in values:
        level = factor.level(value, where)
        if level in levels:
            raise UsageError(
                f"{as_text(level)} is there twice", where=where, remedy="name each level once"
            )
        levels.append(level)
    return tuple(levels)


def _combinations(
    factors: Mapping[str, Factor],
    fixed: Factors,
    varied: Levels,
    rules: Sequence[Exclusion],
    *,
    quick: bool,
) -> list[dict[str, FactorValue]]:
    """Cross what is varied; a factor that does not apply keeps its default and is not crossed."""
    defaults = {name: factor.default_level(quick=quick) for name, factor in factors.items()}
    found: list[dict[str, FactorValue]] = []
    for levels in itertools.product(*varied.values()):
        chosen = {**defaults, **fixed, **dict(zip(varied, levels, strict=True))}
        for name, factor in factors.items():
            if not satisfied(factor.applies_when, chosen):
                chosen[name] = defaults[name]
        excluded = any(satisfied(rule.levels, chosen) for rule in rules)
        if not excluded and chosen not in found:
            found.append(chosen)
    return found


def _check_coverage(
    factors: Mapping[str, Factor],
    fixed: Factors,
    varied: Levels,
    combinations: Sequence[Factors],
    rules: Sequence[Exclusion],
) -> None:
    """Refuse a level that the user asked for and that no variant has, and say why."""
    asked: dict[str, tuple[FactorValue, ...]] = {
        **{name: (level,) for name, level in fixed.items()},
        **varied,
    }
    for name, levels in asked.items():
        applying = [row for row in combinations if satisfied(factors[name].applies_when, row)]
        for level in levels:
            if any(row[name] == level for row in applying):
                continue
            if combinations and not applying:
                raise UsageError(
                    f"{name} only applies when {conditions_in_words(factors[name].applies_when)}",
                    where=f"{name}={as_text(level)}",
                    remedy=f"leave {name} out, or choose such a level",
                )
            raise _excluded(name, level, rules)
    if not combinations:
        raise _excluded(None, None, rules)


def _excluded(
    name: str | None, level: FactorValue | None, rules: Sequence[Exclusion]
) -> UsageError:
    """Return the error for a level that every rule together leaves no room for."""
    about = [
        rule
        for rule in rules
        if name is None or level is None or level in rule.levels.get(name, ())
    ] or list(rules)
    rule = about[0]
    what = "every combination" if name is None or level is None else f"{name}={as_text(level)}"
    return UsageError(
        f"{what} is excluded: {conditions_in_words(rule.levels)} makes no sense ({rule.where})",
        remedy="leave that level out, or change the factor that it conflicts with",
    )


def _variants(
    manifest: Manifest, varied: Levels, combinations: Sequence[Factors]
) -> tuple[Variant, ...]:
    labels = [_label(manifest, varied, row, named=False) for row in combinations]
    if len({*labels}) < len(labels):
        labels = [_label(manifest, varied, row, named=True) for row in combinations]
    return tuple(
        Variant(index, label, row)
        for index, (label, row) in enumerate(zip(labels, combinations, strict=True))
    )


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
