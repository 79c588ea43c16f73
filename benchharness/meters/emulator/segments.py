"""Energy between two points of a true load, and the moment at which it reaches a value.

With *hold* the power of a point held since the point before it, and energy is a straight line.
Otherwise energy is the cubic whose values and slopes at both points are theirs (Hermite): for
power that runs straight it is the exact parabola, for a smooth curve sampled every h seconds it
is off by at most h^4/384 times the third derivative of power.
"""

from __future__ import annotations

from benchharness.clock import NANOSECONDS_PER_SECOND, seconds

_NEWTON_STEPS = 60
_CLOSE = 1e-15


def energy_at(
    since_s: float,
    length_s: float,
    start_w: float,
    end_w: float,
    drawn_j: float,
    *,
    linear: bool,
) -> float:
    """Return the energy drawn ``since_s`` into a segment of ``length_s`` that draws ``drawn_j``."""
    if length_s <= 0:
        return 0.0
    if not linear:
        return end_w * since_s
    u = since_s / length_s
    return _cubic(u, *_coefficients(length_s, start_w, end_w, drawn_j))


def power_at(
    since_s: float, length_s: float, start_w: float, end_w: float, drawn_j: float, *, linear: bool
) -> float:
    """Return the power ``since_s`` into such a segment."""
    if not linear or length_s <= 0:
        return end_w
    a, b, c = _coefficients(length_s, start_w, end_w, drawn_j)
    u = since_s / length_s
    return (a + u * (2 * b + u * 3 * c)) / length_s


def crossing_ns(
    start_ns: int,
    end_ns: int,
    start_w: float,
    end_w: float,
    drawn_j: float,
    wanted_j: float,
    *,
    linear: bool,
) -> int:
    """Return when a segment has drawn ``wanted_j`` (above 0, at most ``drawn_j``)."""
    length_s = seconds(end_ns - start_ns)
    u = wanted_j / drawn_j
    if linear:
        u = _solve(_coefficients(length_s, start_w, end_w, drawn_j), wanted_j, u)
    return start_ns + round(min(1.0, u) * length_s * NANOSECONDS_PER_SECOND)


def _coefficients(
    length_s: float, start_w: float, end_w: float, drawn_j: float
) -> tuple[float, float, float]:
    start_j, end_j = start_w * length_s, end_w * length_s
    return start_j, 3 * drawn_j - 2 * start_j - end_j, start_j + end_j - 2 * drawn_j


def _cubic(u: float, a: float, b: float, c: float) -> float:
    return u * (a + u * (b + u * c))


def _solve(cubic: tuple[float, float, float], wanted_j: float, guess: float) -> float:
    """Newton's method, kept inside a bracket that bisection narrows; energy never falls."""
    a, b, c = cubic
    low, high, u = 0.0, 1.0, guess
    for _ in range(_NEWTON_STEPS):
        error = _cubic(u, a, b, c) - wanted_j
        if error > 0:
            high = u
        else:
            low = u
        slope = a + u * (2 * b + u * 3 * c)
        following = u - error / slope if slope > 0 else low
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - u) <= _CLOSE:
            return following
        u = following
    return u
