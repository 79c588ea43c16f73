from __future__ import annotations

import random

import pytest

from benchharness.report.derive_steady import steady_cautions
from benchharness.store.records import EventRecord
from tests.unit.derive_store import phase, said


def series(*, warm: int, n: int = 60, slow: float = 3.0) -> list[float]:
    """Iterations of 0.1 s ± 1 %, the first ``warm`` of them slower by a factor."""
    chance = random.Random(4)
    return [0.1 * (slow if i < warm else 1.0) * (1 + chance.gauss(0, 0.01)) for i in range(n)]


def metrics(values: list[float], unit: str = "s", name: str = "iteration") -> list[EventRecord]:
    events = [
        said("metric", 1.0 + i, name=name, value=value, unit=unit, step=i)
        for i, value in enumerate(values)
    ]
    random.Random(1).shuffle(events)  # several threads may write: the steps tell the order
    return events


def test_a_warm_up_is_said_with_its_length() -> None:
    (caution,) = steady_cautions(metrics(series(warm=12)))
    assert caution.code == "not-steady"
    assert caution.message == "not steady: the first 12 iterations are warm-up, of 60 of iteration"
    assert caution.remedy
    (caution,) = steady_cautions(metrics(series(warm=1, slow=20.0)))
    assert "the first iteration is warm-up" in caution.message


def test_phases_of_one_name_are_iterations_too() -> None:
    events: list[EventRecord] = []
    at_s = 1.0
    for length_s in series(warm=10, n=40):
        events += phase("step", at_s, at_s + length_s)
        at_s += length_s + 0.01
    (caution,) = steady_cautions(events)
    assert caution.message == "not steady: the first 10 iterations are warm-up, of 40 of phase step"


def test_what_rises_to_the_end_never_settles() -> None:
    rising = [value * (1 + 0.02 * i) for i, value in enumerate(series(warm=0))]
    (caution,) = steady_cautions(metrics(rising))
    assert "never settles in 60 iterations" in caution.message


@pytest.mark.parametrize(
    "events",
    [
        [],
        metrics(series(warm=0)),
        metrics(series(warm=5, n=15)),  # too few to tell
        metrics(series(warm=12), unit="1", name="loss"),  # is meant to fall
        metrics([0.0] * 30),
        [said("metric", 1.0, name="iteration", value=0.1, unit="s")] * 30,  # without steps
    ],
)
def test_nothing_is_said_of_what_is_steady_or_no_iteration(events: list[EventRecord]) -> None:
    assert steady_cautions(events) == []
