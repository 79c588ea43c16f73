"""Which variants of a campaign stand for which published rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchharness.model import VariantSummary
from benchharness.report.against_records import AS_PUBLISHED, Reading
from benchharness.report.groups import level_of
from benchharness.report.published import Published, Row


def known_factors(rows: Sequence[Row], published: Published) -> tuple[str, ...]:
    """Return the factors, but the compared one, that this workload's published rows tell."""
    told = {name for row in rows for name in row.factors}
    return tuple(n for n in published.factors if n in told and n != published.compare)


def slices(
    variants: Sequence[VariantSummary], known: Sequence[str], compare: str
) -> list[tuple[str, list[VariantSummary]]]:
    """Divide variants by the factors that were varied and that the publication does not tell.

    A variant to which such a factor does not apply belongs to every part.
    """
    names = dict.fromkeys(name for v in variants for name in v.factors)
    varied = [
        n
        for n in names
        if n not in (*known, compare) and len({level_of(v, n) for v in variants} - {None}) > 1
    ]
    own = [{n: level for n in varied if (level := level_of(v, n)) is not None} for v in variants]
    whole = [levels for levels in own if not any(levels.items() < other.items() for other in own)]
    found: dict[str, list[VariantSummary]] = {}
    for levels in whole:
        words = ", ".join(f"{name}={level}" for name, level in levels.items())
        found[words] = [
            v for v, mine in zip(variants, own, strict=True) if mine.items() <= levels.items()
        ]
    return list(found.items())


def readings_of(
    rows: Sequence[Row],
    variants: Sequence[VariantSummary],
    levels: Sequence[str],
    compare: str,
    known: Sequence[str],
) -> list[Reading]:
    """Return the levels as published, then all alike for each combination of the factors."""
    as_published: dict[str, VariantSummary] = {}
    missing = []
    for level in levels:
        row = next(r for r in rows if r.factors.get(compare) == level)
        wanted = {n: row.factors[n] for n in known if n in row.factors}
        found = [v for v in variants if level_of(v, compare) == level and _is(v, wanted)]
        if found:
            as_published[level] = found[0]
        else:
            missing.append(" ".join([level, *wanted.values()]))
    readings = [Reading(AS_PUBLISHED, as_published, tuple(missing))]
    for combination in dict.fromkeys(tuple(level_of(v, n) for n in known) for v in variants):
        wanted = {
            n: level for n, level in zip(known, combination, strict=True) if level is not None
        }
        alike = {
            level: next(v for v in variants if level_of(v, compare) == level and _is(v, wanted))
            for level in levels
            if any(level_of(v, compare) == level and _is(v, wanted) for v in variants)
        }
        if len(alike) > 1 and alike != as_published:
            readings.append(Reading(f"all {' '.join(wanted.values())}".strip(), alike))
    return readings


def _is(variant: VariantSummary, wanted: Mapping[str, str]) -> bool:
    return all(level_of(variant, name) == level for name, level in wanted.items())
