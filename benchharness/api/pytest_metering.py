"""Meters each benchmark of a pytest session, and prints what they came to."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest

from benchharness.api.pytest_figures import NOT_RUN, BenchmarkEnergy, judged
from benchharness.api.pytest_table import table
from benchharness.api.pytest_window import NOT_KNOWN, Rounds
from benchharness.api.recording import Ended
from benchharness.api.running import Running
from benchharness.errors import BenchharnessError
from benchharness.meters.base import Meter
from benchharness.trial.equip import open_meters

FIXTURE = "benchmark"
KEY = "energy"  # in extra_info


class Metering:
    """One pytest session. The meters are opened once, before the first test."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._stack = ExitStack()
        self._meters: list[Meter] = []
        self._found: list[tuple[str, BenchmarkEnergy]] = []
        self._off: str | None = None

    def pytest_sessionstart(self) -> None:
        """Open the meters. Ends the session with one line where they are not fit."""
        session = getattr(self._config, "_benchmarksession", None)
        if session is None or session.disabled or session.skip:
            self._off = "the benchmarks are disabled in this run"
            return
        if self._config.getoption("--collect-only", default=False):
            self._off = "nothing is run"
            return
        names = self._config.getoption("--energy-meter") or []
        try:
            self._meters = self._stack.enter_context(open_meters(names))
        except BenchharnessError as error:
            raise pytest.UsageError(error.line()) from None

    def pytest_sessionfinish(self) -> None:
        """Close the meters."""
        self._stack.close()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: Any, request: pytest.FixtureRequest
    ) -> Generator[None, Any, None]:
        """Begin when a test gets its fixture; its finalizer ends it."""
        outcome = yield
        if fixturedef.argname != FIXTURE or self._off is not None or outcome.excinfo is not None:
            return
        fixture = outcome.get_result()
        if hasattr(fixture, "extra_info") and hasattr(fixture, "pedantic"):
            self._begin(fixture, request)

    def _begin(self, fixture: Any, request: pytest.FixtureRequest) -> None:
        rounds = Rounds(fixture)
        if not rounds.known:
            self._keep(fixture, BenchmarkEnergy(missing=NOT_KNOWN))
            return
        running = Running(
            fixture.fullname,
            meters=self._meters,
            idle_s=self._config.getoption("--energy-idle"),
            opened=True,
        )
        running.wait_until_ready()
        request.addfinalizer(lambda: self._end(fixture, rounds, running))

    def _end(self, fixture: Any, rounds: Rounds, running: Running) -> None:
        running.end(Ended(rounds.window_ns, details={"calls": rounds.calls}))
        running.wait_until_done()
        if rounds.count == 0:
            self._keep(fixture, BenchmarkEnergy(missing=NOT_RUN))
        elif not fixture.has_error:
            self._keep(fixture, judged(running.measurement, rounds, self._meters))

    def _keep(self, fixture: Any, energy: BenchmarkEnergy) -> None:
        # The statistics hold the same mapping, so that JSON and storage have it, too.
        fixture.extra_info[KEY] = energy.as_dict()
        self._found.append((fixture.fullname, energy))

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table after pytest-benchmark's."""
        if self._off is None and not self._found:
            return
        terminalreporter.section("energy of benchmarks", sep="-")
        if self._off is not None:
            terminalreporter.write_line(f"not measured: {self._off}")
            return
        for line in table(self._found):
            terminalreporter.write_line(line)
