"""The chosen cuts over time, and under them the rates of the links on the same axis of time.

Drawn once: as SVG for the page, and on the axes of a paper's figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from benchharness.report import figures
from benchharness.report.figures_paper import drawable
from benchharness.report.participants_shown import time_unit
from benchharness.report.split.cuts_over_time import RunCuts, Steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 440.0, 290.0
MEGABIT = 1e6
_LOOKS: tuple[tuple[str, tuple[float, ...]], ...] = (
    (figures.LOWER, ()),
    (figures.STARTUP, (5, 2)),
    (figures.IO, (2, 1.5)),
    (figures.BUILD, (6, 2, 1.5, 2)),
    (figures.INK, (1, 1.5)),
    (figures.MUTED, (8, 3)),
)
_APART = 0.09  # of a layer: lines of devices with one cut lie beside one another
_LOG_FROM = 10.0  # from this largest over smallest rate on


def draw_cuts(run: RunCuts, name: str) -> Markup:
    """Draw a run as SVG; ``name`` is a word that is unique in the page."""
    with figures.style():
        height = HEIGHT if has_rates(run) else 0.62 * HEIGHT
        figure = figures.new_figure(WIDTH, height)
        figure.subplots_adjust(
            left=44 / WIDTH, right=1 - 12 / WIDTH, top=1 - 40 / height, bottom=36 / height,
            hspace=0.34,
        )  # fmt: skip
        if has_rates(run):
            upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
            plot_rates(lower, run)
        else:
            upper = lower = figure.subplots()
        plot_cuts(upper, run)
        upper.legend(
            loc="lower left", bbox_to_anchor=(-0.06, 1.09), ncols=4, fontsize="small",
            frameon=False, borderaxespad=0.0, handlelength=2.2, columnspacing=1.4,
        )  # fmt: skip
        for each, title in ((upper, "cut after layer"), (lower, rates_title(run))):
            if each is upper or lower is not upper:
                each.set_title(title, loc="left", pad=4, color=figures.MUTED, fontsize=10)
            each.tick_params(left=False, bottom=False, pad=3)
        lower.set_xlabel(time_title(run), labelpad=2)
        return figures.svg(figure, name, f"Cuts over time: {run.label}", cut_words(run), places=1)


def has_rates(run: RunCuts) -> bool:
    """Say whether the rate of any link is known."""
    return any(device.up_bit_s or device.down_bit_s for device in run.devices)


def time_title(run: RunCuts) -> str:
    """Name the axis of time."""
    return f"time / {time_unit(run.duration_s).symbol}"


def rates_title(run: RunCuts) -> str:
    """Name the axis of rates, and say which line is which."""
    if run.measured:
        return "uplink as estimated / Mbit/s"
    down = any(device.down_bit_s for device in run.devices)
    ways = "link, up (solid) and down (dotted)" if down and _two_ways(run) else "link, up"
    return f"{ways}{' and down' if down and not _two_ways(run) else ''} / Mbit/s"


def plot_cuts(axes: Axes, run: RunCuts, width: float = 1.6) -> None:
    """Draw the cuts as steps; devices with one cut lie beside one another."""
    from matplotlib.ticker import MultipleLocator

    factor = time_unit(run.duration_s).factor
    middle = 0.5 * (len(run.devices) - 1)
    for place, device in enumerate(run.devices):
        x, y = _stairs(device.cuts, run.duration_s)
        shift = _APART * (middle - place)
        axes.plot(
            [t / factor for t in x], [cut + shift for cut in y], linewidth=width,
            label=drawable(device.name, 18), **_look(place),
        )  # fmt: skip
    axes.set_xlim(0.0, run.duration_s / factor)
    axes.set_ylim(-0.5, run.last_cut + 0.5)
    axes.yaxis.set_major_locator(MultipleLocator(1 if run.last_cut <= 10 else 5))
    axes.grid(visible=False, axis="x")


def plot_rates(axes: Axes, run: RunCuts, width: float = 1.3) -> None:
    """Draw the rates as steps: one line for all devices where they share one trace."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    factor = time_unit(run.duration_s).factor
    shown = run.devices[:1] if run.one_link else run.devices
    rates = []
    for place, device in enumerate(shown):
        colour = figures.INK if run.one_link else _look(place)["color"]
        dashes = "solid" if run.one_link else _look(place)["linestyle"]
        for steps, style in ((device.up_bit_s, dashes), (device.down_bit_s, (0, (1, 1.6)))):
            if steps is None or (style != dashes and not _two_ways(run)):
                continue
            x, y = _stairs(steps, run.duration_s)
            rates += [rate / MEGABIT for rate in y]
            axes.plot(
                [t / factor for t in x], [rate / MEGABIT for rate in y], color=colour,
                linestyle=style, linewidth=width,
            )  # fmt: skip
    if min(rates) > 0.0 and max(rates) > _LOG_FROM * min(rates):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(0.7 * min(rates), 1.4 * max(rates))
    else:
        figures.from_zero(axes, max(rates))
    axes.grid(visible=False, axis="x")


def cut_words(run: RunCuts) -> str:
    """Say in words what the picture shows."""
    parts = []
    for device in run.devices:
        changes = [cut for n, cut in enumerate(device.cuts.value) if _new(device.cuts.value, n)]
        told = ", ".join(f"{cut:g}" for cut in changes[:12]) + (" ..." if changes[12:] else "")
        parts.append(f"{device.name}: cut {told}")
        if device.up_bit_s is not None:
            rates = device.up_bit_s.value
            low, high = f"{min(rates) / MEGABIT:.4g}", f"{max(rates) / MEGABIT:.4g}"
            parts[-1] += f", uplink {low}{f' to {high}' if low != high else ''} Mbit/s"
    return "; ".join(parts)


def _new(values: tuple[float, ...], place: int) -> bool:
    return place == 0 or values[place] != values[place - 1]


def _two_ways(run: RunCuts) -> bool:
    """Say whether a link is of another rate down than up."""
    return any(d.down_bit_s is not None and d.down_bit_s != d.up_bit_s for d in run.devices)


def _look(place: int) -> dict[str, Any]:
    colour, dashes = _LOOKS[place % len(_LOOKS)]
    return {"color": colour, "linestyle": (0, dashes) if dashes else "solid"}


def _stairs(steps: Steps, end_s: float) -> tuple[list[float], list[float]]:
    """Return the corners of a line of steps, of which the last one holds until the end.

    Neighbours of one value are one step: a link that never changes is two corners.
    """
    inside = [(t, v) for t, v in zip(steps.t_s, steps.value, strict=True) if t < end_s]
    x: list[float] = []
    y: list[float] = []
    for t_s, value in inside:
        if y and y[-1] == value:
            continue
        if y:
            x.append(t_s)
            y.append(y[-1])
        x.append(t_s)
        y.append(value)
    if y:
        x.append(end_s)
        y.append(y[-1])
    return x, y
