"""The whole of what is printed: meters, faults, waveforms, methods, and a thousand random loads."""

from __future__ import annotations

from collections.abc import Iterator

from benchharness.conformance.case import Result, run_case
from benchharness.conformance.catalogue import rigs
from benchharness.conformance.methods import straight_line_errors
from benchharness.conformance.suite import cases_of
from benchharness.conformance.table import (
    fault_table,
    markdown,
    meter_table,
    methods_table,
    waveform_table,
)

RANDOM_LOADS = 1000


def report(seed: int, repeats: int, loads: int = RANDOM_LOADS) -> Iterator[str]:
    """Yield the parts as Markdown, each when it is done. Takes minutes."""
    results = all_results(seed, repeats)
    yield f"### Meters\n\n{meter_table(results)}"
    yield f"### Faults\n\n{fault_table(results)}"
    yield f"### Waveforms\n\n{waveform_table(results)}"
    yield f"### Methods\n\n{methods_table()}"
    yield f"### Constant and linear power\n\n{straight_lines()}"
    yield f"### Random loads\n\n{random_loads(seed, loads)}"


def all_results(seed: int, repeats: int) -> list[Result]:
    """Run every meter through every waveform and fault."""
    return [
        run_case(rig, case)
        for rig in rigs()
        for case in cases_of(rig.faults, seed=seed, repeats=repeats)
    ]


def straight_lines() -> str:
    """Return the largest relative error of the figure where the power is constant or linear."""
    rows = [[name, f"{error:.1e}"] for name, error in straight_line_errors().items()]
    return markdown(("the figure from", "largest relative error"), rows)


def random_loads(seed: int, count: int) -> str:
    """Return coverage and width of the intervals over random loads, by kind of plug."""
    from benchharness.conformance.statistics import coverage_statistics

    rows = [
        [
            row.model,
            str(row.n),
            f"{100.0 * row.gross.coverage:.1f}",
            f"{row.gross.width:.2f}",
            f"{100.0 * row.net.coverage:.1f}",
            f"{row.net.width:.2f}",
        ]
        for row in coverage_statistics(seed, count)
    ]
    columns = ("plug", "figures", "gross: U held %", "width", "net: U held %", "width")
    return markdown(columns, rows)
