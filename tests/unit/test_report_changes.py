"""Changes as texts, the axis that they are drawn on, and the labels beside points."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.model import MetricSummary
from benchharness.report.change_text import change_text, short_change, signed
from benchharness.report.forest_axis import axis_of, change_tick
from benchharness.report.placing import Box, place_labels
from benchharness.standing import Standing, Word

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("ratio", "low", "high", "expected"),
    [
        (0.534, 0.529, 0.538, ("−46.6 %", "", "−47.1 to −46.2 %")),
        (0.961, 0.918, 1.005, ("−3.9 %", "", "−8.2 to +0.5 %")),
        (1.0, 0.93, 1.08, ("0 %", "", "−7 to +8 %")),
        (1.25, None, None, ("+25.0 %", "", "")),
        (1.97, 1.95, 1.99, ("+97.0 %", "", "+95.0 to +99.0 %")),
        (4.1, 4.05, 4.15, ("× 4.10", "+310 %", "× 4.05 to 4.15")),
        (50.2, 49.8, 50.6, ("× 50.2", "", "× 49.8 to 50.6")),
        (1.4, 0.002, 19.8, ("+40 %", "", "× 0.00 to 19.8")),
        (0.456, 0.456, 0.456, ("−54.4 %", "", "")),
        (9.62, 2.861, float("inf"), ("× 9.62", "+862 %", "× 2.86 to ∞")),
        (1.21, 0.084, float("inf"), ("+21.0 %", "", "× 0.08 to ∞")),
        (1.21, 0.0, float("inf"), ("+21.0 %", "", "unbounded")),
        (None, None, None, ("–", "", "")),
        (float("inf"), 1.0, 2.0, ("–", "", "")),
    ],
)
def test_changes_are_written_with_the_digits_of_their_interval(
    ratio: float | None, low: float | None, high: float | None, expected: tuple[str, str, str]
) -> None:
    found = change_text(ratio, low, high)
    texts = (found.change, found.also, found.interval)
    assert tuple(text.replace(NBSP, " ") for text in texts) == expected


def test_small_cells_have_fewer_digits() -> None:
    assert short_change(0.534, 0.529, 0.538) == "−46.6"
    assert short_change(0.6, 0.5, 0.7) == "−40"
    assert short_change(3.04, 2.9, 3.2) == f"×{NBSP}3.0"


def test_nothing_is_minus_nought() -> None:
    assert signed(-0.0001, 1) == "0.0"
    assert signed(-0.0001, 0) == "0"
    assert signed(0.1, 0) == "+10"
    assert change_tick(-0.2) == "−20 %"
    assert change_tick(0.0) == "0"


@given(st.floats(0.01, 1.9), st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_an_interval_that_leaves_out_no_change_looks_so(a: float, b: float, c: float) -> None:
    low, high = a - b * a, a + c * a
    if high < 1.0 or low > 1.0:
        text = change_text(a, low, high).interval.replace(NBSP, "")
        ends = text.removesuffix("%").split("to")
        signs = {end.strip()[0] for end in ends if end.strip()}
        assert len(signs) <= 1 or low == high or "×" in text


def standing(ratio: float, low: float, high: float) -> MetricSummary:
    return MetricSummary(
        5, 1.0, 0.1, 0.9, 1.1, Standing(Word.LOWER, 0, ratio=ratio, low=low, high=high)
    )


def test_the_axis_counts_changes_and_holds_the_margin() -> None:
    axis = axis_of([standing(0.53, 0.52, 0.54), standing(0.9, 0.85, 0.95)], margin=0.02)
    assert not axis.logarithmic
    ticks = axis.ticks(7)
    assert [tick.text for tick in ticks] == ["−40 %", "−30 %", "−20 %", "−10 %", "0"]
    assert ticks[-1].at == axis.at(1.0)
    band = axis.at(0.98), axis.at(1.02)
    assert band[0] is not None
    assert band[1] is not None
    assert 0 < band[0] < band[1] < 100
    steps = [b.at - a.at for a, b in pairwise(ticks)]
    assert steps == pytest.approx([steps[0]] * 4, abs=0.02)


def test_an_interval_without_an_upper_end_goes_on_outside_the_axis() -> None:
    axis = axis_of([standing(1.2, 0.0, float("inf")), standing(9.6, 1.02, float("inf"))])
    assert axis.high == pytest.approx(3 * 9.6)
    assert (axis.at(0.0), axis.at(float("inf")), axis.at(None)) == (5.0, 100.0, None)


def test_wide_spreads_are_logarithmic_below_the_reference_too() -> None:
    up = axis_of([standing(40.0, 39.0, 41.0)])
    assert up.logarithmic
    assert [t.text for t in up.ticks(7)] == ["×1", "×2", "×5", "×10", "×20"]
    down = axis_of([standing(0.02, 0.019, 0.021)])
    assert down.logarithmic
    assert "×0.1" in [t.text for t in down.ticks(7)]


def test_nothing_but_the_reference_has_an_axis_all_the_same() -> None:
    axis = axis_of([])
    assert axis.at(1.0) == pytest.approx(50.0)
    assert 1 <= len(axis.ticks(4)) <= 4


FRAME = Box(0.0, 0.0, 400.0, 300.0)


@given(
    st.lists(
        st.tuples(st.floats(5.0, 395.0), st.floats(5.0, 295.0), st.integers(2, 20)), max_size=15
    )
)
def test_labels_overlap_nothing_and_stay_inside(places: list[tuple[float, float, int]]) -> None:
    sizes = [(6.0 * letters, 13.0) for *_, letters in places]
    points = [(x, y) for x, y, _ in places]
    found = place_labels(points, sizes, FRAME)
    boxes = [
        Box(f.x - w / 2, f.y - h / 2, f.x + w / 2, f.y + h / 2)
        for f, (w, h) in zip(found, sizes, strict=True)
        if f is not None
    ]
    assert all(box.is_within(FRAME) for box in boxes)
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    for box in boxes:
        assert not any(
            box.left < x - 4.4 < x + 4.4 < box.right and box.bottom < y < box.top for x, y in points
        )


def test_a_label_is_at_its_point_where_there_is_room_and_led_to_it_where_not() -> None:
    alone = place_labels([(100.0, 100.0)], [(40.0, 13.0)], FRAME)[0]
    assert alone is not None
    assert (alone.x, alone.y, alone.leads) == (127.0, 100.0, False)
    crowd = place_labels([(200.0, 150.0)] * 9, [(60.0, 13.0)] * 9, FRAME)
    assert any(label is not None and label.leads for label in crowd)
    assert place_labels([(10.0, 10.0)], [(500.0, 13.0)], FRAME) == [None]
