"""An energy that its own power cannot have given: above the highest power times the time.

AIoTwin deliverable D1.4, section 4.1, prints P Δt / 3600 as kWh where it is Wh: 227 kWh in 22 h
would be 10.3 kW, by a device that drew 15 W. A counter of another unit, or one that jumped, shows
the same way.
"""

from __future__ import annotations

from benchharness.energy.readings import FloatArray
from benchharness.model import Caution, EnergyFigure
from benchharness.units import format_duration, format_si

_FEWEST = 3  # powers: fewer say nothing of the highest
_ABOVE = 1.05  # times the peak, beside the figure's own uncertainty: readings miss short peaks


def above_peak(figure: EnergyFigure, powers_w: FloatArray, duration_s: float) -> Caution | None:
    """Return a caution with the numbers where the energy cannot be, else None.

    ``powers_w`` are those that were read in the window, float64[n].
    """
    if powers_w.size < _FEWEST:
        return None
    peak_w = float(powers_w.max())
    least_j = figure.gross_j.value - (figure.gross_j.expanded_u or 0.0)
    if peak_w <= 0.0 or least_j <= _ABOVE * peak_w * duration_s:
        return None
    mean = format_si(figure.gross_j.value / duration_s, "W")
    return Caution(
        "energy-above-peak",
        f"meter {figure.meter} gives {format_si(figure.gross_j.value, 'J')} in "
        f"{format_duration(duration_s)}: {mean} on average, above its highest power of "
        f"{format_si(peak_w, 'W')}",
        "check the unit of its energy: W times s are J, divided by 3600 they are Wh and not kWh",
    )
