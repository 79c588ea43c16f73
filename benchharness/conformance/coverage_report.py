"""The coverage tables of docs/statistics.md, in Markdown.

python -m benchharness.conformance.coverage_report [CAMPAIGNS] [SEED]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchharness.conformance.coverage import (
    REPETITIONS,
    SHAPES,
    SIGMAS,
    Held,
    dependent,
    family_coverage,
    log_ratio_coverage,
    lognormal,
    mean_coverage,
    normal,
    ratio_coverage,
    shared_coverage,
)
from benchharness.conformance.coverage_comparing import comparing_tables
from benchharness.conformance.coverage_tables import gate_tables, history_tables
from benchharness.conformance.coverage_time import (
    dependence_found,
    drift_coverage,
    history_alarms,
    history_power,
    stopped_coverage,
    warm_up_alarms,
)
from benchharness.conformance.coverage_verdicts import (
    LIMIT,
    MARGIN,
    VARIATIONS,
    gate_closed,
    words,
)
from benchharness.conformance.coverage_verdicts import REPETITIONS as GATE_REPETITIONS
from benchharness.conformance.table import markdown
from benchharness.standing import Word

CAMPAIGNS = 20_000
_CHANGES = (0.0, 0.01, 0.02, 0.03, 0.05)


def tables(campaigns: int = CAMPAIGNS, seed: int = 1) -> Iterator[str]:
    """Yield each table with a title above it; those over time are of fewer campaigns."""
    yield _means(campaigns, seed)
    yield _ratios(campaigns, seed)
    yield _logarithms(campaigns, seed)
    yield _families(campaigns // 4, seed)
    yield from comparing_tables(campaigns, seed)
    yield _shared(campaigns, seed)
    for change, title in (
        (0.0, "false alarms: closed with no change at all, %"),
        (LIMIT, f"closed at a change of exactly the limit, {100 * LIMIT:g} %, %"),
        (0.05, "power: closed at a regression of 5 %, %"),
    ):
        yield _gate(change, title, campaigns, seed)
    yield from gate_tables(campaigns, seed)
    for n in (5, 20):
        yield _words(n, campaigns, seed)
    yield _stopping(campaigns // 4, seed)
    yield _dependence(campaigns // 2, seed)
    yield _history(campaigns // 4, seed)
    yield from history_tables(campaigns // 10, seed)
    yield _warm_up(campaigns // 20, seed)


def _titled(title: str, campaigns: int, columns: tuple[str, ...], rows: list[list[str]]) -> str:
    return f"{title} ({campaigns:,} campaigns a cell)\n\n{markdown(columns, rows)}"


def _means(campaigns: int, seed: int) -> str:
    rows = [
        [shape.name, *(_percent(mean_coverage(shape, n, campaigns, seed)) for n in REPETITIONS)]
        for shape in SHAPES
    ]
    columns = ("values", *(f"n = {n}" for n in REPETITIONS))
    return _titled("The mean: Student's t, % that hold it", campaigns, columns, rows)


def _ratios(campaigns: int, seed: int) -> str:
    rows = [
        [shape.name, *(_held(ratio_coverage(shape, n, campaigns, seed)) for n in REPETITIONS)]
        for shape in SHAPES
    ]
    columns = ("values", *(f"n = {n}" for n in REPETITIONS))
    return _titled("The ratio: Fieller, % that hold it", campaigns, columns, rows)


def _logarithms(campaigns: int, seed: int) -> str:
    rows = [
        [
            f"lognormal, sigma {sigma:g}",
            *(
                _percent(log_ratio_coverage(lognormal(sigma), n, campaigns, seed))
                for n in REPETITIONS
            ),
        ]
        for sigma in SIGMAS
    ]
    columns = ("values", *(f"n = {n}" for n in REPETITIONS))
    return _titled("The ratio by logarithms, % that hold it", campaigns, columns, rows)


def _families(campaigns: int, seed: int) -> str:
    rows = []
    for shape in (normal(0.05), lognormal(0.25)):
        for n in REPETITIONS:
            found = family_coverage(shape, n, campaigns, seed=seed)
            shares = (found.joint, found.single, found.unbounded)
            rows.append([shape.name, str(n), *(_percent(share) for share in shares)])
    columns = ("values", "n", "joint intervals", "95 % each", "joint without bounds")
    title = "Four variants, six pairs: % of campaigns without a wrong interval"
    return _titled(title, campaigns, columns, rows)


def _shared(campaigns: int, seed: int) -> str:
    rows = [
        [
            f"{100 * u:g} %",
            *(_held(shared_coverage(u, n, campaigns, seed=seed)) for n in REPETITIONS),
        ]
        for u in (0.0, 0.005, 0.02)
    ]
    columns = ("shared by a variant's trials", *(f"n = {n}" for n in REPETITIONS))
    title = "The ratio with what the instrument adds to all trials of a variant, cv 1 %"
    return _titled(title, campaigns, columns, rows)


def _gate(change: float, title: str, campaigns: int, seed: int) -> str:
    rows = [
        [
            f"{100 * cv:g} %",
            *(_percent(gate_closed(change, cv, n, campaigns, seed=seed)) for n in GATE_REPETITIONS),
        ]
        for cv in VARIATIONS
    ]
    columns = ("cv", *(f"n = {n}" for n in GATE_REPETITIONS))
    return _titled(f"Gate with a limit of {100 * LIMIT:g} %, {title}", campaigns, columns, rows)


def _words(n: int, campaigns: int, seed: int) -> str:
    rows = []
    for cv in (0.01, 0.02):
        for change in _CHANGES:
            found = words(change, cv, n, campaigns, seed=seed)
            rows.append(
                [
                    f"{100 * cv:g} %",
                    f"{100 * change:+g} %" if change else "0",
                    *(_percent(found.get(word, 0.0)) for word in _WORDS),
                ]
            )
    columns = ("cv", "true change", *(word.value for word in _WORDS))
    title = f"Verdicts with a margin of {100 * MARGIN:g} %, n = {n}, % of each"
    return _titled(title, campaigns, columns, rows)


_WORDS = (
    Word.LOWER,
    Word.LOWER_UNCLEAR,
    Word.SAME,
    Word.UNDECIDED,
    Word.HIGHER_UNCLEAR,
    Word.HIGHER,
)


def _stopping(campaigns: int, seed: int) -> str:
    rows = []
    for cv in (0.01, 0.02, 0.04, 0.08):
        cells = []
        for least, confirm in ((3, 0), (5, 0), (5, 2)):
            found = stopped_coverage(
                normal(cv), 0.05, campaigns, least=least, confirm=confirm, seed=seed
            )
            cells.append(f"{_percent(found.coverage)} (n = {found.repetitions:.1f})")
        rows.append([f"{100 * cv:g} %", *cells])
    columns = ("cv", "from 3", "from 5", "from 5, and 2 before (the rule)")
    title = "Repeated until the interval is within 5 %: % that hold, with the mean repetitions"
    return _titled(title, campaigns, columns, rows)


def _dependence(campaigns: int, seed: int) -> str:
    rows = []
    for n in (5, 8, 15, 30):
        cells = [dependence_found(shape, n, campaigns, seed=seed) for shape in SHAPES[::3]]
        alike = dependence_found(dependent(0.05, 0.7), n, campaigns, seed)
        held = drift_coverage(normal(0.02), n, campaigns // 4, seed=seed)
        rows.append([str(n), *(_percent(cell) for cell in (*cells, alike, held))])
    columns = (
        "n",
        "independent, normal",
        "independent, lognormal, sigma 1",
        "each 0.7 of the last",
        "drift held",
    )
    title = "Neighbours said to be alike at 5 %, and drift's interval for 4 variants, %"
    return _titled(title, campaigns, columns, rows)


def _history(campaigns: int, seed: int) -> str:
    rows = []
    for n in (30, 100, 300):
        alarms = [history_alarms(shape, n, campaigns, seed) for shape in (normal(0.015), SHAPES[1])]
        power = [history_power(n, after, campaigns // 4, seed) for after in (3, 5, 10)]
        rows.append([str(n), *(_percent(cell) for cell in (*alarms, *power))])
    columns = (
        "points",
        "false alarm, normal",
        "false alarm, lognormal, sigma 0.25",
        "step found after 3",
        "after 5",
        "after 10",
    )
    title = "History: marked without a change; a step of 5 % in noise of 1.5 % found, %"
    return _titled(title, campaigns, columns, rows)


def _warm_up(campaigns: int, seed: int) -> str:
    rows = []
    for shape in (normal(0.02), lognormal(0.25), dependent(0.02, 0.5)):
        for n in (30, 100, 300):
            later, never = warm_up_alarms(shape, n, campaigns, seed)
            rows.append([shape.name, str(n), _percent(later), _percent(never)])
    columns = ("iterations", "n", "said to warm up", "said never to be steady")
    return _titled("Series that are steady from the first, %", campaigns, columns, rows)


def _held(found: Held) -> str:
    none = f" (no bounds: {_percent(found.unbounded)})" if found.unbounded >= 0.0005 else ""
    return _percent(found.of_bounded) + none


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f}"


def main(arguments: list[str]) -> int:
    """Print the tables; the first argument is the number of campaigns, the second the seed."""
    try:
        given = [int(text) for text in arguments]
        campaigns, seed = (*given, *(CAMPAIGNS, 1)[len(given) :])
        if campaigns < 100:
            raise ValueError
    except ValueError:
        sys.stderr.write("usage: scripts/coverage [CAMPAIGNS, 100 or more] [SEED]\n")
        return 2
    for part in tables(campaigns, seed):
        sys.stdout.write(f"{part}\n\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
