"""The pytest plugin: loaded by pytest wherever benchharness is installed, and light until used.

It gives the tests of :class:`benchharness.conformance.MeterConformance` their cases, and

    --conformance-seed N       other loads, faults and phases
    --conformance-repeats N    seeds for each waveform and fault
    --conformance-table        the conformance table after the tests
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from benchharness.conformance.suite import Runs

_FAULT = "conformance_fault"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("conformance", "conformance of power meters (benchharness)")
    group.addoption(
        "--conformance-seed", type=int, default=0, metavar="N", help="seed of the first case"
    )
    group.addoption(
        "--conformance-repeats", type=int, metavar="N", help="seeds for each waveform and fault"
    )
    group.addoption(
        "--conformance-table", action="store_true", help="print the conformance table at the end"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each fault of a rig a test."""
    if _FAULT not in metafunc.fixturenames or metafunc.cls is None:
        return
    names = metafunc.cls.fault_names()
    metafunc.parametrize(_FAULT, names, ids=[name.replace(" ", "-") for name in names])


@pytest.fixture(scope="session")
def conformance_runs(request: pytest.FixtureRequest) -> Runs:
    """Return the results so far, shared by all tests of a session."""
    from benchharness.conformance.suite import Runs

    runs = Runs(
        request.config.getoption("--conformance-seed"),
        request.config.getoption("--conformance-repeats"),
    )
    request.config.stash[_RUNS] = runs
    return runs


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table of what was run."""
    runs = config.stash.get(_RUNS, None)
    if runs is None or not config.getoption("--conformance-table"):
        return
    from benchharness.conformance.table import meter_table

    terminalreporter.section("conformance")
    terminalreporter.write_line(meter_table(runs.all()))


_RUNS: pytest.StashKey[Runs] = pytest.StashKey()
