"""Labels beside points, so that no label covers another, a point, or the frame.

Greedy: each label takes the first free place around its point, nearest first, where no other point
is nearer; farther out a line leads to its point. Coordinates are CSS pixels, y upwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Around the point: right, left, above, below, the corners; then farther out.
_SIDES = (
    (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0),
    (0.7, 0.8), (-0.7, 0.8), (0.7, -0.8), (-0.7, -0.8),
)  # fmt: skip
_DISTANCES = (7.0, 14.0, 24.0, 38.0, 54.0)
_LEADER_FROM = 20.0  # farther away than this, a line leads to the point
_POINT_HALF = 4.5


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, its sides along the axes."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: Box) -> bool:
        """Say whether the two share more than an edge."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def distance(self, x: float, y: float) -> float:
        """Return how far a point is from the rectangle, 0 inside of it."""
        across = max(self.left - x, 0.0, x - self.right)
        return math.hypot(across, max(self.bottom - y, 0.0, y - self.top))

    def is_within(self, other: Box) -> bool:
        """Say whether it lies inside the other."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )


@dataclass(frozen=True, slots=True)
class Label:
    """Where a label's middle is, and whether it needs a line to its point."""

    x: float
    y: float
    leads: bool


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    frame: Box,
    taken: Iterable[Box] = (),
) -> list[Label | None]:
    """Return a place for the label of each point, None where there is none.

    ``sizes`` are width and height of the labels; ``taken`` are boxes that stay free of them.
    """
    occupied = [*taken, *(_around(x, y, _POINT_HALF, _POINT_HALF) for x, y in points)]
    found: list[Label | None] = []
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        others = [point for point in points if point != (x, y)]
        label = _place((x, y), (width / 2.0, height / 2.0), frame, occupied, others)
        found.append(label)
        if label is not None:
            occupied.append(_around(label.x, label.y, width / 2.0, height / 2.0))
    return found


def _place(
    point: tuple[float, float],
    half: tuple[float, float],
    frame: Box,
    occupied: Sequence[Box],
    others: Sequence[tuple[float, float]],
) -> Label | None:
    (x, y), (half_width, half_height) = point, half
    for distance in _DISTANCES:
        for across, up in _SIDES:
            middle_x = x + across * (distance + half_width)
            middle_y = y + up * (distance + half_height)
            box = _around(middle_x, middle_y, half_width, half_height)
            if not box.is_within(frame) or any(box.overlaps(other) for other in occupied):
                continue
            leads = distance >= _LEADER_FROM
            own = box.distance(x, y)
            if leads or not any(box.distance(*other) <= own for other in others):
                return Label(middle_x, middle_y, leads)
    return None


def _around(x: float, y: float, half_width: float, half_height: float) -> Box:
    return Box(x - half_width, y - half_height, x + half_width, y + half_height)
