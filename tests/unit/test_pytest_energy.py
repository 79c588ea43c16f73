"""The window of pytest-benchmark's rounds, what is said of its energy, and the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchharness.api.pytest_figures import BenchmarkEnergy, judged, longer
from benchharness.api.pytest_table import table
from benchharness.api.pytest_window import Rounds
from benchharness.report.text import display_width

SECOND = 1_000_000_000


class Clock:
    """Nanoseconds that only the work moves on."""

    def __init__(self) -> None:
        self.now_ns = 5 * SECOND

    def __call__(self) -> int:
        return self.now_ns

    def seconds(self) -> float:
        return self.now_ns / SECOND

    def work(self, duration_s: float = 1.0) -> str:
        self.now_ns += round(duration_s * SECOND)
        return "result"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fixture(
    clock: Clock, benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch
) -> BenchmarkFixture:
    """A real fixture of pytest-benchmark, enabled, on a clock that only the work moves on."""
    for name, value in {
        "disabled": False,
        "_timer": clock.seconds,
        "_min_rounds": 4,
        "_max_time": 1.0,
        "_min_time": 1e-6,
        "_warmup": 0,
        "_get_precision": lambda _timer: 1e-9,
        "_add_stats": lambda _stats: None,
    }.items():
        monkeypatch.setattr(benchmark, name, value, raising=False)
    return benchmark


def test_calibration_and_the_last_call_are_outside_of_the_window(
    fixture: BenchmarkFixture, clock: Clock
) -> None:
    rounds = Rounds(fixture, clock)
    began_ns = clock.now_ns
    assert fixture(clock.work) == "result"
    # One call to calibrate, four rounds, one call for the result: six seconds in all.
    assert clock.now_ns - began_ns == 6 * SECOND
    assert rounds.window_ns == (began_ns + SECOND, began_ns + 5 * SECOND)
    assert (rounds.count, rounds.iterations, rounds.calls) == (4, 1, 4)
    assert rounds.busy_s == pytest.approx(4.0)
    assert fixture.stats.stats.rounds == 4  # type: ignore[union-attr]  # the statistics are as ever


def test_a_round_of_many_calls_counts_all_of_them(fixture: BenchmarkFixture, clock: Clock) -> None:
    fixture._min_time = 0.01
    rounds = Rounds(fixture, clock)
    fixture(clock.work, 0.001)
    assert rounds.iterations == fixture.stats.iterations > 1  # type: ignore[union-attr]
    assert rounds.calls == rounds.iterations * rounds.count
    assert rounds.window_ns is not None
    start_ns, end_ns = rounds.window_ns
    assert end_ns - start_ns == rounds.calls * SECOND // 1000


def test_pedantic_leaves_its_warm_up_out_and_its_set_up_in(
    fixture: BenchmarkFixture, clock: Clock
) -> None:
    def setup() -> None:
        clock.work(0.5)

    rounds = Rounds(fixture, clock)
    began_ns = clock.now_ns
    fixture.pedantic(clock.work, setup=setup, rounds=3, warmup_rounds=2)
    # Two warm-ups of 1.5 s and the first set-up are before the window of 3 + 2 x 0.5 s.
    assert rounds.window_ns == (began_ns + 7 * SECOND // 2, began_ns + 15 * SECOND // 2)
    assert rounds.count == 3
    assert rounds.busy_s == pytest.approx(3.0)


def test_an_unknown_fixture_has_no_window() -> None:
    class Other:
        extra_info: dict[str, Any] = {}  # noqa: RUF012

    rounds = Rounds(Other())
    assert not rounds.known
    assert rounds.window_ns is None


def known(**changes: Any) -> BenchmarkEnergy:
    return BenchmarkEnergy(
        **{
            "per_call_j": 0.00123, "per_call_u_j": 0.00011, "kind": "gross", "power_w": 3.456,
            "rounds": 813, "measurement_class": "measured", **changes,
        }
    )  # fmt: skip


def test_the_table_fits_80_columns_and_says_why_something_is_missing() -> None:
    long = "tests/a_long_folder/test_a_module_of_some_length.py::test_with_a_name[and-parameters]"
    lines = table(
        [
            ("tests/test_x.py::test_a[1]", known()),
            (long, known(per_call_j=0.1234, per_call_u_j=0.01)),
            ("tests/test_x.py::test_b", BenchmarkEnergy(missing="too short: use more", rounds=3)),
        ]
    )
    head, first, second, third, reason, note = lines
    assert head.split() == ["benchmark", "mJ", "a", "call", "W", "rounds", "class"]
    assert "1.23 ± 0.11" in first
    assert "3.456" in first
    assert "123 ± 10" in second
    assert "–" in third
    assert reason == "tests/test_x.py::test_b: no energy: too short: use more"
    assert "calibration and warm-up are not in it" in note
    assert max(display_width(line) for line in lines[:4]) <= 80


def test_a_hostile_name_cannot_move_the_cursor() -> None:
    lines = table([("test_\x1b[31m\u202ered", known())])
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)


@pytest.mark.parametrize(("wanted_s", "words"), [(12.3, "--benchmark-max-time=13"), (None, "more")])
def test_the_remedy_names_the_option(wanted_s: float | None, words: str) -> None:
    assert words in longer(wanted_s)


def test_what_is_as_uncertain_as_itself_is_not_told(judging: Callable[..., Any]) -> None:
    bad = judging(value=1.0, u=1.5)
    assert bad.per_call_j is None
    assert (
        "its uncertainty is as large as itself in 2.0 s: use --benchmark-max-time=" in bad.missing
    )
    good = judging(value=1.0, u=0.1)
    assert good.missing is None
    assert good.per_call_j == pytest.approx(1.0 / 40)
    assert good.per_call_u_j == pytest.approx(0.1 / 40)
    assert good.kind == "gross"
    assert any("50 % of the window lie between the rounds" in text for text in good.cautions)


@pytest.fixture
def judging() -> Callable[..., BenchmarkEnergy]:
    """Judge a window of 2 s with 4 rounds of 10 calls that fill half of it."""
    from types import SimpleNamespace

    from benchharness.model import EnergyFigure, MeasurementClass, Quantity
    from tests.unit.flat_meter import FlatMeter

    def judge(value: float, u: float) -> BenchmarkEnergy:
        figure = EnergyFigure(
            Quantity(value, u, 2.0), None, "counter", "flat", "board", MeasurementClass.MEASURED,
            None, "quantisation", {"quantisation": u / 2}, 1.0,
        )  # fmt: skip
        measured = SimpleNamespace(energy=figure, duration_s=2.0, cautions=())
        rounds = SimpleNamespace(count=4, iterations=10, calls=40, busy_s=1.0)
        return judged(measured, rounds, [FlatMeter()])  # type: ignore[arg-type]

    return judge
