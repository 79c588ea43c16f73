"""The table after pytest-benchmark's: joules of a call with their uncertainty, watts, class."""

from __future__ import annotations

from collections.abc import Sequence

from benchharness.api.pytest_figures import BenchmarkEnergy
from benchharness.report.text import column_unit, display_width, plain, scaled_pm, shortened
from benchharness.units import format_pm

_NAME_WIDTH = 34
_NOTE = (
    "J of one call in the measured rounds, ± at 95 %; calibration and warm-up are not in it, "
    "what lies between the rounds is."
)


def table(found: Sequence[tuple[str, BenchmarkEnergy]]) -> list[str]:
    """Return the lines, 80 columns at most but for reasons."""
    known = [energy.per_call_j for _, energy in found if energy.per_call_j is not None]
    unit = column_unit(known, "J")
    rows = [("benchmark", f"{unit.symbol} a call", "W", "rounds", "class")]
    for name, energy in found:
        rows.append(
            (
                shortened(plain(name), _NAME_WIDTH),
                scaled_pm(energy.per_call_j, energy.per_call_u_j, unit),
                format_pm(energy.power_w, None),
                "–" if energy.rounds is None else str(energy.rounds),
                "–" if energy.kind is None else f"{energy.measurement_class}, {energy.kind}",
            )
        )
    widths = [max(display_width(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    return [*lines, *_remarks(found), *([_NOTE] if known else [])]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        text + " " * (width - display_width(text))
        if place in (0, len(row) - 1)
        else " " * (width - display_width(text)) + text
        for place, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _remarks(found: Sequence[tuple[str, BenchmarkEnergy]]) -> list[str]:
    """Return why figures are missing and what to know of the others, each thing once."""
    names: dict[str, list[str]] = {}
    for name, energy in found:
        said = [f"no energy: {energy.missing}"] if energy.missing else []
        for text in [*said, *energy.cautions]:
            names.setdefault(text, []).append(shortened(plain(name), _NAME_WIDTH))
    return [f"{_which(who, len(found))}{plain(text, 300)}" for text, who in names.items()]


def _which(names: Sequence[str], benchmarks: int) -> str:
    if len(names) == benchmarks > 1:
        return "all: "
    return f"{names[0]}: " if len(names) == 1 else f"{names[0]} and {len(names) - 1} more: "
