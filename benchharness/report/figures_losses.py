"""Several powers on one time axis: which is which, and what lies between a target and its part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchharness.report import figures
from benchharness.report.text import plain, shortened
from benchharness.report.timeline import Floats, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The first meter gives the figure; the others stand back.
METER_COLOURS = (figures.LOWER, figures.IO, figures.MUTED, figures.STARTUP)
_LINES = ("line", "dashed", "dotted", "dash-dotted")
STYLES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    "solid",
    (0, (4, 2)),
    (0, (1, 1.5)),
    (0, (4, 1.5, 1, 1.5)),
)
_NAME_LIMIT = 18


def supply_pairs(powers: Sequence[Series]) -> list[tuple[Series, Series]]:
    """Return (whole, part) for every part whose whole is metered as well."""
    by_target = {series.target: series for series in reversed(powers) if series.target}
    return [
        (by_target[part.part_of], part)
        for part in powers
        if part.part_of in by_target and by_target[part.part_of] is not part
    ]


def shade_losses(axes: Axes, powers: Sequence[Series]) -> bool:
    """Shade what a supply loses between two powers; say whether there was anything to shade."""
    pairs = supply_pairs(powers)
    for whole, part in pairs:
        t_s = np.union1d(whole.t_s, part.t_s)
        axes.fill_between(
            t_s,
            _power_at(t_s, part),
            _power_at(t_s, whole),
            color=figures.STARTUP,
            alpha=0.22,
            linewidth=0,
        )
    return bool(pairs)


def title_of(powers: Sequence[Series], *, losses: bool) -> str:
    """Return the panel's title, with the names of the meters and how each is drawn."""
    if len(powers) < 2:
        return "Power / W"
    if len(powers) > len(_LINES):
        return f"Power / W of {len(powers)} meters"
    names = [
        f"{shortened(plain(series.name, 60), _NAME_LIMIT)} ({how})"
        for series, how in zip(powers, _LINES, strict=False)
    ]
    return f"Power / W: {', '.join(names)}" + ("; shaded: lost between" if losses else "")


def _power_at(t_s: Floats, series: Series) -> Floats:
    """Return a series' power at other times; NaN where it has a gap or has not begun."""
    if series.steps:  # a value holds since the previous time
        place = np.searchsorted(series.t_s, t_s, side="left")
        inside = (t_s >= series.t_s[0]) & (place < len(series.t_s))
        values = series.mean[np.minimum(place, len(series.t_s) - 1)]
        return np.where(inside, values, np.nan)
    return np.interp(t_s, series.t_s, series.mean, left=np.nan, right=np.nan)
