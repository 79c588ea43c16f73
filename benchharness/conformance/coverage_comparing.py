"""Tables of docs/statistics.md: unequal numbers of runs, and campaigns looked at again."""

from __future__ import annotations

from collections.abc import Iterator

from benchharness.conformance.coverage_again import looked_again
from benchharness.conformance.coverage_uneven import (
    COUNTS,
    FAMILIES,
    SPREADS,
    uneven_coverage,
    uneven_family,
)
from benchharness.conformance.table import markdown

_COMPARISONS = 6


def comparing_tables(campaigns: int, seed: int) -> Iterator[str]:
    """Yield each table with a title above it."""
    yield _uneven(campaigns, seed)
    yield _families(campaigns // 4, seed)
    yield _again(campaigns, seed)


def _uneven(campaigns: int, seed: int) -> str:
    rows = []
    for counts in COUNTS:
        shares = [uneven_coverage(counts, cvs, campaigns, seed=seed) for cvs in SPREADS]
        joint = uneven_coverage(counts, SPREADS[0], campaigns, comparisons=_COMPARISONS, seed=seed)
        cells = [*(f"{100 * share:.1f}" for share in shares), f"{100 * joint:.2f}"]
        rows.append([f"{counts[0]} against {counts[1]}", *cells])
    columns = (
        "runs",
        *(f"cv {100 * a:g} % and {100 * b:g} %" for a, b in SPREADS),
        "one of six, 99.17 % wanted",
    )
    title = "Unequal numbers of runs: % that hold the ratio"
    return f"{title} ({campaigns:,} campaigns a cell)\n\n{markdown(columns, rows)}"


def _families(campaigns: int, seed: int) -> str:
    rows = [
        [", ".join(map(str, counts)), f"{100 * uneven_family(counts, campaigns, seed=seed):.1f}"]
        for counts in FAMILIES
    ]
    title = "Four equal variants with so many runs: % of campaigns without a wrong interval"
    columns = ("runs", "all six hold")
    return f"{title} ({campaigns:,} campaigns a cell)\n\n{markdown(columns, rows)}"


def _again(campaigns: int, seed: int) -> str:
    rows = []
    for n in (5, 10):
        for margin in (0.0, 0.02):
            found = looked_again(0.02, n, campaigns, margin=margin, seed=seed)
            shares = (found.first, found.second, found.followed, found.decided)
            name = f"{100 * margin:g} %" if margin else "none"
            rows.append([str(n), name, *(f"{100 * share:.1f}" for share in shares)])
    columns = (
        "n at first",
        "margin",
        "wrong at the first look",
        "after the advised repetitions",
        "followed to the end",
        "advised repetitions that decided",
    )
    title = "Two equal variants, cv 2 %, looked at again: % of campaigns"
    return f"{title} ({campaigns:,} campaigns a cell)\n\n{markdown(columns, rows)}"
