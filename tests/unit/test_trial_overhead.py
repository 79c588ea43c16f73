"""What a campaign has cost is stored: of the harness, and apart from it of emulated plugs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchharness.trial.overhead import Overhead


class Hours:
    """A clock that is 10 s later each time."""

    def __init__(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        self._now_ns += 10_000_000_000
        return self._now_ns

    def sleep_s(self, duration_s: float) -> None:
        """Sleep for no time."""


def test_what_plugs_use_stands_apart() -> None:
    seen: Iterator[float] = iter([2.0, 2.5])
    record = Overhead(Hours(), [{"trials": 4}], lambda: next(seen)).finish([], 3)
    assert (record["plugs_cpu_s"], record["plugs_share_of_a_core"]) == (0.5, pytest.approx(0.05))
    assert record["cpu_share_of_a_core"] == pytest.approx(record["main_cpu_s"] / 10)
    first, second = record["sessions"]
    assert first == {"trials": 4}
    assert (second["trials"], second["plugs_cpu_s"]) == (3, 0.5)


@pytest.mark.parametrize("told", [[None, 3.0], [3.0, None]])
def test_plugs_that_are_gone_are_no_zero(told: list[float | None]) -> None:
    seen = iter(told)
    assert "plugs_cpu_s" not in Overhead(Hours(), [], lambda: next(seen)).finish([], 1)


def test_without_plugs_there_is_nothing_of_them() -> None:
    record = Overhead(Hours(), []).finish([], 1)
    assert not any("plugs" in key for key in record)
