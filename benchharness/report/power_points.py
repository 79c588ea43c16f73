"""Energy and time of the variants, as points between lines of constant power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary
from benchharness.report.metrics import half_interval, metric_of, ranked
from benchharness.report.text import number, plain
from benchharness.units import format_si

_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_MOST_LINES = 4
_ALIKE = 0.1  # powers within 10 % of each other


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """A variant: mean time and energy in SI units, with half of their 95 % intervals."""

    label: str
    duration_s: float
    energy_j: float
    half_s: float | None
    half_j: float | None
    is_reference: bool = False

    @property
    def power_w(self) -> float:
        """Return the mean power."""
        return self.energy_j / self.duration_s


def power_points(summary: CampaignSummary, key: str) -> list[PowerPoint]:
    """Return the variants that have a time and an energy above 0, lowest energy first."""
    found = []
    for variant in ranked(summary, key):
        time, energy = metric_of(variant, "duration_s"), metric_of(variant, key)
        if time is None or energy is None or not time.mean or not energy.mean:
            continue
        if time.mean > 0.0 and energy.mean > 0.0:
            standing = energy.standing
            found.append(
                PowerPoint(
                    label=plain(variant.label, 40),
                    duration_s=time.mean,
                    energy_j=energy.mean,
                    half_s=half_interval(variant, "duration_s"),
                    half_j=half_interval(variant, key),
                    is_reference=standing is not None and standing.reference == variant.index,
                )
            )
    return sorted(found, key=lambda point: point.energy_j)


def line_powers(powers_w: Sequence[float]) -> list[float]:
    """Return round powers around those of the points, at most four."""
    low, high = min(powers_w) * 0.7, max(powers_w) * 1.4
    exponents = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    found = [s * 10.0**e for e in exponents for s in _STEPS if low <= s * 10.0**e <= high]
    if not found:
        return [float(f"{math.sqrt(low * high):.1g}")]
    step = math.ceil(len(found) / _MOST_LINES)
    return found[::step]


def powers_caption(points: Sequence[PowerPoint], title: str) -> str:
    """Say between what powers the points lie."""
    powers = sorted(points, key=lambda p: p.power_w)
    least, most = powers[0], powers[-1]
    per = "mean power above idle" if title.startswith("Net") else "mean power"
    if most.power_w <= (1.0 + _ALIKE) * least.power_w:
        return (
            f"The {per} of all is {format_si(least.power_w, 'W')} to "
            f"{format_si(most.power_w, 'W')}, so that time decides energy."
        )
    return (
        f"The {per} runs from {format_si(least.power_w, 'W')} ({least.label}) to "
        f"{format_si(most.power_w, 'W')} ({most.label})."
    )


def points_description(points: Sequence[PowerPoint]) -> str:
    """Say every point, for who does not see the figure."""
    said = [
        f"{p.label}: {number(p.duration_s, 3)} s, {number(p.energy_j, 3)} J, "
        f"{number(p.power_w, 3)} W"
        for p in points
    ]
    return "; ".join(said)
