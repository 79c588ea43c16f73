"""How the variants of a group stand to their reference, in one metric.

The reference is the baseline that the campaign names, else the lowest mean. With a baseline of
which there are several (``runtime = "native"`` in two builds), a variant's is the one that has all
its other levels.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchharness.model import Factors, VariantSummary
from benchharness.report.derive_variants import (
    ENERGY_METRICS,
    NET,
    VALUES,
    VariantTrials,
    comparable,
    net_is_known,
    samples_of,
)
from benchharness.report.groups import agree, groups, has_levels
from benchharness.report.timed_out import why_not_compared
from benchharness.standing import Standing, Word
from benchharness.stats.decision import judge
from benchharness.stats.needed import needed
from benchharness.stats.ratio import Ratio
from benchharness.stats.sample import Sample
from benchharness.stats.simultaneous import joint_level, pairs_of, ratio_between

ONE_RUN = "one good run has no spread"
SEVERAL_CLASSES = "joules of different classes"
NO_BASELINE = "no single variant of the baseline has its other levels"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a comparison was told beforehand."""

    margin: float = 0.0
    baseline: Factors | None = None


def rules_of(spec: Mapping[str, Any]) -> Rules:
    """Return what a stored campaign was told."""
    return Rules(float(spec.get("margin") or 0.0), spec.get("baseline") or None)


def with_standings(
    variants: Sequence[VariantTrials], summaries: Sequence[VariantSummary], rules: Rules
) -> list[VariantSummary]:
    """Add to each metric how it stands to the reference of its group."""
    metrics = {
        variant.index: dict(s.metrics) for variant, s in zip(variants, summaries, strict=True)
    }
    for group in groups(variants):
        for name in VALUES:
            standings = group_standings(group.members, name, rules)
            for variant, standing in zip(group.members, standings, strict=True):
                if standing is not None:
                    of_variant = metrics[variant.index]
                    of_variant[name] = replace(of_variant[name], standing=standing)
    return [replace(s, metrics=metrics[s.index]) for s in summaries]


def group_standings(
    members: Sequence[VariantTrials], metric: str, rules: Rules
) -> list[Standing | None]:
    """Return the standing of each member; None for those without a value, or with no other."""
    samples = samples_of(members, metric)
    valued = [place for place, sample in enumerate(samples) if sample.values]
    found: list[Standing | None] = [None] * len(members)
    if len(valued) < 2:
        return found
    if metric in ENERGY_METRICS and not comparable(members):
        for place in valued:
            found[place] = Standing(Word.NOT_COMPARABLE, reason=SEVERAL_CLASSES)
        return found
    for place in valued:  # what is left of them is their fast runs
        if reason := _cut(members[place], metric):
            found[place] = Standing(Word.NOT_COMPARABLE, reason=reason)
    known = [place for place in valued if found[place] is None]
    if len(known) < 2 and not _has(members, rules.baseline):
        return found
    references = _references(members, samples, known, rules.baseline)
    comparisons = comparisons_in(references, named=_has(members, rules.baseline))
    level = joint_level(comparisons)
    for place, reference in references.items():
        one = _standing(members, samples, place, reference, metric, rules.margin, level)
        found[place] = replace(one, comparisons=comparisons)
    return found


def comparisons_in(references: Mapping[int, int | None], *, named: bool) -> int:
    """Return how many intervals hold together: against a named baseline, else of all pairs."""
    if not named:
        return pairs_of(len(references))
    return sum(other not in (None, place) for place, other in references.items())


def baseline_members(members: Sequence[VariantTrials], baseline: Factors | None) -> list[int]:
    """Return the places of the members that have all levels of the baseline."""
    if not baseline:
        return []
    return [place for place, member in enumerate(members) if has_levels(member, baseline)]


def _has(members: Sequence[VariantTrials], baseline: Factors | None) -> bool:
    return bool(baseline_members(members, baseline))


def _references(
    members: Sequence[VariantTrials],
    samples: Sequence[Sample],
    valued: Sequence[int],
    baseline: Factors | None,
) -> dict[int, int | None]:
    """Return for each place with a value that of its reference; None where none can be told."""
    named = baseline_members(members, baseline)
    if not named or baseline is None:
        lowest = min(valued, key=lambda place: (statistics.fmean(samples[place].values), place))
        return dict.fromkeys(valued, lowest)
    found: dict[int, int | None] = {}
    for place in valued:
        fitting = [n for n in named if n == place] or named
        if len(fitting) > 1:
            fitting = [n for n in named if agree(members[n], members[place], baseline)]
        one = fitting[0] if len(fitting) == 1 else None
        found[place] = one if one is not None and samples[one].values else None
    return found


def _standing(
    members: Sequence[VariantTrials],
    samples: Sequence[Sample],
    place: int,
    other: int | None,
    metric: str,
    margin: float,
    level: float,
) -> Standing:
    if other is None:
        return Standing(Word.NOT_COMPARABLE, reason=NO_BASELINE)
    reference = members[other]
    if reason := bears_no_ratio(reference, metric):
        return Standing(Word.NOT_COMPARABLE, reference.index, reason=reason)
    if place == other:
        return Standing(Word.REFERENCE, reference.index, 1.0)
    ratio = possible(ratio_between(samples[place], samples[other], level), metric)
    if ratio is None or ratio.low is None or ratio.high is None:
        mean = None if ratio is None else ratio.ratio
        single = min(len(samples[place].values), len(samples[other].values)) < 2
        if single:
            return Standing(Word.NO_INTERVAL, reference.index, mean, reason=ONE_RUN)
        return Standing(Word.UNDECIDED, reference.index, mean, reason=not_from_0(reference.label))
    word = judge(ratio.low, ratio.high, margin)
    return Standing(
        word,
        reference.index,
        ratio.ratio,
        ratio.low,
        ratio.high,
        why_open(word, ratio, reference.label),
        needed=needed(
            samples[place],
            samples[other],
            word,
            margin=margin,
            level=level,
        ),
    )


def not_from_0(label: str) -> str:
    """Return why a ratio to a variant has no interval, or none with an upper end."""
    return f"the mean of {label} cannot be told from 0"


def why_open(word: Word, ratio: Ratio, reference: str) -> str | None:
    """Return why a pair is undecided where that is not for an interval on both sides of 1."""
    return not_from_0(reference) if word is Word.UNDECIDED and not ratio.is_bounded else None


def possible(ratio: Ratio | None, metric: str) -> Ratio | None:
    """Cut an interval at 0 where the metric cannot be less: only a net energy can."""
    if ratio is None or ratio.low is None or metric == NET:
        return ratio
    return replace(ratio, low=max(0.0, ratio.low))


def _cut(variant: VariantTrials, metric: str) -> str | None:
    return why_not_compared(variant.label, variant.trials, metric)


def bears_no_ratio(reference: VariantTrials, metric: str) -> str | None:
    """Return why no multiple of a variant's mean says anything, None where one does."""
    if (reason := _cut(reference, metric)) is not None:
        return reason
    if metric == NET and not net_is_known(reference.figures):
        return f"the net energy of {reference.label} is not above its own uncertainty"
    values = reference.values(metric)
    if values and statistics.fmean(values) <= 0.0:
        return f"the mean of {reference.label} is not above 0"
    return None
