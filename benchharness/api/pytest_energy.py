"""The pytest plugin that gives pytest-benchmark's benchmarks their joules; nothing until asked.

--energy                 measure the energy of each benchmark's rounds
--energy-meter NAME      with this meter (may be repeated; the first gives the figure)
--energy-idle S          seconds of rest before and after, by which energy becomes net
"""

from __future__ import annotations

import pytest

NEEDS = "--energy needs pytest-benchmark: install it, or leave out --energy"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("energy", "energy of benchmarks (benchharness, with pytest-benchmark)")
    group.addoption("--energy", action="store_true", help="measure the energy of benchmarks")
    group.addoption(
        "--energy-meter",
        action="append",
        metavar="NAME",
        help="a meter's name, file or address, may be repeated (default: the best there is)",
    )
    group.addoption(
        "--energy-idle",
        type=float,
        default=0.0,
        metavar="S",
        help="rest before and after each benchmark, for net energy (default: 0, gross energy)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Measure only where that is asked for, and where the benchmarks themselves run."""
    if not config.getoption("--energy"):
        if config.getoption("--energy-meter"):
            raise pytest.UsageError("--energy-meter has no effect without --energy")
        return
    if not config.pluginmanager.hasplugin("benchmark"):
        raise pytest.UsageError(NEEDS)
    if not 0.0 <= config.getoption("--energy-idle") < 3600.0:
        raise pytest.UsageError("--energy-idle: expected seconds, 0 or more")
    from benchharness.api.pytest_metering import Metering

    config.pluginmanager.register(Metering(config), "benchharness-metering")
