"""Whether energy's intervals hold: a thousand random loads through every model of a plug.

A statistic rather than a speed; the same table stands in the conformance report. In the test
suite, where nothing is benchmarked, tests/unit/test_conformance_statistics.py does it with fewer.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchharness.conformance.simulated import Plug
from benchharness.conformance.statistics import PLUGS, CoverageRow, coverage_statistics

pytestmark = pytest.mark.slow

LEAST_COVERAGE = 0.93
MOST_WIDTH = 2.0


@pytest.mark.parametrize("plug", PLUGS, ids=lambda plug: plug.name)
def test_intervals_of_a_thousand_random_loads(benchmark: BenchmarkFixture, plug: Plug) -> None:
    rows: list[CoverageRow] = benchmark.pedantic(
        coverage_statistics, args=(1, 1000 if benchmark.enabled else 5, [plug]), rounds=1
    )
    (row,) = rows
    benchmark.extra_info.update(
        gross_coverage_percent=round(100.0 * row.gross.coverage, 1),
        gross_width=round(row.gross.width, 2),
        net_coverage_percent=round(100.0 * row.net.coverage, 1),
        net_width=round(row.net.width, 2),
        without_a_figure=row.missing,
    )
    if benchmark.enabled:
        for judged in (row.gross, row.net):
            assert judged.coverage >= LEAST_COVERAGE
            assert judged.width <= MOST_WIDTH
    assert row.missing == 0
