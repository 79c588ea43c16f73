"""The levels that were asked for, crossed: every combination that makes sense, and no other."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import Factors, FactorValue
from benchharness.plan.factors import Factor, conditions_in_words, satisfied
from benchharness.plan.records import Exclusion, Manifest
from benchharness.plan.templates import as_text

Levels = Mapping[str, tuple[FactorValue, ...]]


@dataclass(frozen=True, slots=True)
class Combinations:
    """The rows of one workload, each with every factor, and what is varied among them."""

    manifest: Manifest
    varied: Levels
    rows: tuple[Factors, ...]


def combine(
    manifest: Manifest,
    set: Mapping[str, FactorValue],  # noqa: A002 - the name of the option
    vary: Mapping[str, Sequence[FactorValue]],
    *,
    quick: bool = False,
    exclude: Sequence[Exclusion] = (),
    places: Mapping[str, str] | None = None,
    asked: Collection[str] | None = None,
) -> Combinations:
    """Return the full factorial of what is varied, less the excluded.

    ``set``, ``vary``, ``places`` and the errors are those of plan_run. ``asked`` are the factors
    of which every level must have a combination; None: all that are set or varied.
    """
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
    crossed = _combinations(manifest.factors, fixed, varied, quick=quick)
    rows = [row for row in crossed if _rule_against(row, rules) is None]
    wanted: dict[str, tuple[FactorValue, ...]] = {
        name: levels
        for name, levels in {**{name: (level,) for name, level in fixed.items()}, **varied}.items()
        if asked is None or name in asked
    }
    if not rows:
        raise _all_excluded(crossed, rules)
    _check_coverage(manifest.factors, wanted, rows, rules)
    return Combinations(manifest, varied, tuple(rows))


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
        if chosen not in found:
            found.append(chosen)
    return found


def _rule_against(row: Factors, rules: Sequence[Exclusion]) -> Exclusion | None:
    return next((rule for rule in rules if satisfied(rule.levels, row)), None)


def _all_excluded(crossed: Sequence[Factors], rules: Sequence[Exclusion]) -> UsageError:
    """Return the error for a request of which nothing is left: the first conflict in it."""
    row = crossed[0]
    rule = _rule_against(row, rules)
    assert rule is not None  # it was excluded
    pair = " with ".join(f"{name}={as_text(row[name])}" for name in rule.levels)
    first = "" if len(crossed) == 1 else "every combination is excluded, the first: "
    return UsageError(
        f"{first}{pair} makes no sense ({rule.where})",
        remedy="change one of them" if len(rule.levels) > 1 else "choose another level",
    )


def _check_coverage(
    factors: Mapping[str, Factor],
    asked: Levels,
    combinations: Sequence[Factors],
    rules: Sequence[Exclusion],
) -> None:
    """Refuse a level that the user asked for and that no variant has, and say why."""
    for name, levels in asked.items():
        applying = [row for row in combinations if satisfied(factors[name].applies_when, row)]
        for level in levels:
            if any(row[name] == level for row in applying):
                continue
            if not applying:
                raise UsageError(
                    f"{name} only applies when {conditions_in_words(factors[name].applies_when)}",
                    where=f"{name}={as_text(level)}",
                    remedy=f"leave {name} out, or choose such a level",
                )
            raise _excluded(name, level, rules)


def _excluded(name: str, level: FactorValue, rules: Sequence[Exclusion]) -> UsageError:
    """Return the error for a level that every rule together leaves no room for."""
    about = [rule for rule in rules if level in rule.levels.get(name, ())] or list(rules)
    rule = about[0]
    why = f"{conditions_in_words(rule.levels)} makes no sense ({rule.where})"
    return UsageError(
        f"{name}={as_text(level)} is excluded: {why}",
        remedy="leave that level out, or change the factor that it conflicts with",
    )
