"""The look of the figures, and matplotlib's SVG made fit to stand inside the page.

Figures are drawn once: ``svg`` puts one into HTML with the page's fonts and colours (so that
dark mode works), and the same ``Figure`` saves as PDF for a paper. No pyplot, no global state.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from benchharness.report.figures_paths import shortened_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The light palette, one unique colour a role: each becomes the CSS variable of its name.
INK = "#14191f"
MUTED = "#55606e"
LOWER = "#0b4a88"
HIGHER = "#bf4a0b"
STARTUP = "#d4610e"
IO = "#16806b"
LOAD = "#5c1e00"
BUILD = "#8424d6"
DESERIALIZE = "#d36fe6"
INSTANTIATE = "#dcb000"
MODEL = "#00d68f"
FLOOR = "#868f9b"
BAND = "#e3e7ec"
LINE = "#d5dae1"
SURFACE = "#f6f7f9"
_ROLES = {
    INK: "ink",
    MUTED: "muted",
    LOWER: "lower",
    HIGHER: "higher",
    STARTUP: "startup",
    IO: "io",
    LOAD: "load",
    BUILD: "build",
    DESERIALIZE: "deserialize",
    INSTANTIATE: "instantiate",
    MODEL: "model",
    FLOOR: "floor",
    BAND: "band",
    LINE: "line",
    SURFACE: "surface",
}
COLOUR_OF = {role: colour for colour, role in _ROLES.items()}

POINTS_PER_INCH = 72.0  # of an SVG: sizes here are CSS pixels of the viewBox

_RC: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: found by search, read aloud, in the page's font
    "svg.hashsalt": "benchharness",
    "text.parse_math": False,  # a $ in a label is a $
    "font.size": 11.0,
    "axes.titlesize": 11.0,
    "axes.labelsize": 11.0,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.4,
    "path.simplify": False,
    "axes.unicode_minus": True,
    "pdf.fonttype": 42,
}


@contextmanager
def style() -> Iterator[None]:
    """Apply the look while a figure is made and drawn."""
    import matplotlib as mpl

    with mpl.rc_context(_RC):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of ``width`` x ``height`` CSS pixels."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH))


def from_zero(axes: Axes, top: float, steps: tuple[float, ...] = (1, 2, 3, 4, 5, 10)) -> None:
    """Start the vertical axis at its origin, with room above ``top`` and three or four ticks."""
    from matplotlib.ticker import MaxNLocator

    axes.set_ylim(0.0, top * 1.08 if top > 0 else 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, steps=list(steps)))


def svg(figure: Figure, name: str, title: str, description: str, places: int = 2) -> Markup:
    """Draw a figure as an ``<svg>`` element with a title, a description and the page's colours.

    ``name`` is a word that is unique in the page: it keeps the ids of several figures apart.
    Outlines have ``places`` decimals of a CSS pixel. Must be called inside :func:`style`. The
    same figure gives the same text every time.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return _embedded(buffer.getvalue(), name, title, description, places)


_HEAD = re.compile(r"^.*?<svg[^>]*?viewBox=\"([^\"]+)\"[^>]*>", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_GLOBAL_STYLE = re.compile(r"<style type=\"text/css\">.*?</style>", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
# Matplotlib writes either "font: 10px 'A', 'B'" or "font-size: 10px; font-family: 'A', 'B'".
_FONT_SHORTHAND = re.compile(r"(font: [^;\"]*?px) [^;\"]*")
_FONT_FAMILY = re.compile(r"font-family: [^;\"]*;? ?")
_STYLE_OR_PATH = re.compile(r" (style|d|transform|x|y|viewBox|width|height)=\"([^\"]*)\"")
_DECIMALS = re.compile(r"(-?\d+\.\d{2})\d+")
_ID = re.compile(r" id=\"([^\"]+)\"")
_REFERENCE = re.compile(r"(?:url\(#|href=\"#)([^\")]+)")


def _embedded(text: str, name: str, title: str, description: str, places: int) -> Markup:
    head = _HEAD.match(text)
    if head is None:
        raise ValueError("matplotlib gave no svg element")
    body = text[head.end() :]
    for unwanted in (_METADATA, _GLOBAL_STYLE, _COMMENT):
        body = unwanted.sub("", body)
    body = _STYLE_OR_PATH.sub(lambda found: _attribute(found, places), body)
    body = _own_ids(body, name)
    body = re.sub(r">\s+<", "><", body.strip())
    opening = (
        f'<svg class="plot" viewBox="{escape(head.group(1))}" role="img" '
        f'aria-labelledby="{name}-t {name}-d" xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}'
        "</desc>"
    )
    return Markup(opening + body)  # noqa: S704 - foreign text in it has been escaped


def _attribute(match: re.Match[str], places: int) -> str:
    """Rewrite one attribute of matplotlib's: colours to variables, fonts, few decimals."""
    key, value = match.group(1), match.group(2)
    if key == "d":
        return f' d="{shortened_path(" ".join(value.split()), places)}"'
    value = _DECIMALS.sub(r"\1", value)
    if key == "style":
        value = _FONT_SHORTHAND.sub(r"\1 var(--sans)", value)
        value = _FONT_FAMILY.sub("", value)
        value = _COLOUR.sub(_variable, value)
    return f' {key}="{value}"'


def _variable(match: re.Match[str]) -> str:
    role = _ROLES.get(match.group(0))
    return f"var(--{role})" if role else match.group(0)


def _own_ids(body: str, name: str) -> str:
    """Keep only the ids that are referred to, each with the figure's name before it."""
    used = set(_REFERENCE.findall(body))
    body = _ID.sub(lambda m: f' id="{name}-{m.group(1)}"' if m.group(1) in used else "", body)
    return _REFERENCE.sub(lambda m: m.group(0).replace("#", f"#{name}-"), body)
