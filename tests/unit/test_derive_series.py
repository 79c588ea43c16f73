"""Metrics by step, and phases whose steps tell which start an end belongs to."""

from __future__ import annotations

import pytest

from benchharness.report import derive_series
from benchharness.report.derive_series import series_of
from benchharness.report.derive_spans import phases_of
from benchharness.store.records import EventRecord
from tests.unit.derive_store import at, said


def told(values: list[tuple[int | None, float]], name: str = "loss") -> list[EventRecord]:
    return [
        said("metric", float(place), name=name, value=value, step=step)
        for place, (step, value) in enumerate(values)
    ]


def test_a_metric_without_any_step_is_no_series() -> None:
    assert series_of(told([(None, 1.0), (None, 2.0)])) == {}


def test_what_was_done_again_stands_as_it_was_last() -> None:
    (points,) = series_of(told([(1, 0.9), (2, 0.8), (2, 0.7), (3, 0.6)])).values()
    assert [(p.step, p.value) for p in points] == [(1, 0.9), (2, 0.7), (3, 0.6)]
    assert points[1].t_ns == at(2.0)


def test_values_without_a_step_stay_among_those_with_one() -> None:
    (points,) = series_of(told([(None, 1.0), (1, 0.9), (None, 0.8)])).values()
    assert [p.step for p in points] == [None, 1, None]


@pytest.mark.parametrize(("count", "kept"), [(10, 10), (11, 6), (12, 7), (21, 8), (100, 11)])
def test_very_long_ones_are_thinned_to_their_end(
    count: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derive_series, "MOST_POINTS", 10)
    (points,) = series_of(told([(n, float(n)) for n in range(count)])).values()
    assert len(points) == kept
    assert (points[0].step, points[-1].step) == (0, count - 1)


def test_an_end_belongs_to_the_start_of_its_step() -> None:
    found = phases_of(
        [
            said("phase", 0.0, edge="start", name="request", step=1),
            said("phase", 1.0, edge="start", name="request", step=2),
            said("phase", 2.0, edge="end", name="request", step=1),
            said("phase", 5.0, edge="end", name="request", step=2),
        ]
    )
    assert [(s.step, s.start_ns, s.end_ns) for s in found] == [
        (1, at(0.0), at(2.0)),
        (2, at(1.0), at(5.0)),
    ]


def test_an_end_without_a_known_step_ends_what_began_last() -> None:
    found = phases_of(
        [
            said("phase", 0.0, edge="start", name="request"),
            said("phase", 1.0, edge="start", name="request"),
            said("phase", 2.0, edge="end", name="request", step=9),
        ]
    )
    assert [(s.start_ns, s.end_ns) for s in found] == [(at(0.0), None), (at(1.0), at(2.0))]
