"""The look of the figures on paper: widths of a column, readable type, colours of the light page.

No title inside, since a caption says it. Text stays text, drawn with an embedded TrueType font.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchharness.report import figures
from benchharness.report.text import REPLACEMENT, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MM_PER_INCH = 25.4
COLUMN_MM, PAGE_MM = 88.0, 180.0  # one column of two, and both
_FONT = "DejaVu Sans"  # comes with matplotlib, so that every machine draws the same

_RC: dict[Any, Any] = {
    "font.family": _FONT,
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.5,
    "axes.labelcolor": figures.INK,
    "xtick.labelcolor": figures.INK,
    "ytick.labelcolor": figures.INK,
    "axes.edgecolor": figures.MUTED,
    "xtick.color": figures.MUTED,
    "ytick.color": figures.MUTED,
    "axes.linewidth": 0.6,
    "grid.linewidth": 0.4,
    "lines.linewidth": 1.0,
    "xtick.major.size": 2.0,
    "ytick.major.size": 2.0,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Apply the look while a figure is made and drawn."""
    import matplotlib as mpl

    with figures.style(), mpl.rc_context(_RC):
        yield


def paper_figure(height_mm: float, width_mm: float = COLUMN_MM) -> Figure:
    """Return an empty figure of a size in millimetres."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH))


def inset(figure: Figure, left: float, right: float, top: float, bottom: float) -> None:
    """Leave margins in millimetres around the axes."""
    width, height = (side * MM_PER_INCH for side in figure.get_size_inches())
    figure.subplots_adjust(
        left=left / width, right=1 - right / width, top=1 - top / height, bottom=bottom / height
    )


def save_pdf(figure: Figure, path: Path) -> Path:
    """Write a figure as PDF, the same bytes for the same figure. Raises OSError."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    FigureCanvasPdf(figure)
    figure.savefig(path, format="pdf", metadata={"CreationDate": None, "Creator": "benchharness"})
    return path


def drawable(text: object, limit: int = 60) -> str:
    """Return foreign text as one line that the font has glyphs for."""
    return "".join(c if _has_glyph(c) else REPLACEMENT for c in plain(text, limit))


def shown_width_mm(text: str, points: float = 7.5) -> float:
    """Return about how wide a text is: a letter of the font takes 0.6 of its size."""
    return 0.6 * points / 72 * MM_PER_INCH * len(text)


@cache
def _has_glyph(sign: str) -> bool:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(family=_FONT)))
    return bool(font.get_char_index(ord(sign)))
