"""Every run of a variant in run order, as its distance from the variant's mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from benchharness.report import figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 240.0, 104.0


@dataclass(frozen=True, slots=True)
class RunDots:
    """The good runs of one variant: place in the run order, per cent from the mean, flagged."""

    label: str
    order: tuple[int, ...]
    deviation_percent: tuple[float, ...]
    flagged: tuple[bool, ...]
    half_percent: float | None  # half of the 95 % interval of the mean, per cent of the mean
    marked: frozenset[int] = frozenset()  # of ``order``: runs whose joules contradict each other


def draw_runs(dots: RunDots, name: str, metric: str, runs: int, limit_percent: float) -> Markup:
    """Draw one variant; ``runs`` and ``limit_percent`` give axes that all panels share."""
    with figures.style():
        figure = figures.new_figure(WIDTH, HEIGHT)
        figure.subplots_adjust(
            left=46 / WIDTH,
            right=1 - (6 if runs < 100 else 13) / WIDTH,
            top=1 - 6 / HEIGHT,
            bottom=32 / HEIGHT,
        )
        plot_runs(figure.subplots(), dots, runs, limit_percent)
        return figures.svg(figure, name, f"{metric} of every run of {dots.label}", _words(dots))


def plot_runs(axes: Axes, dots: RunDots, runs: int, limit_percent: float) -> None:
    """Draw one variant on axes: a dot a run, and the interval of the mean as a band."""
    import seaborn as sns

    kinds = [
        "marked" if place in dots.marked else "flagged" if flagged else "good"
        for place, flagged in zip(dots.order, dots.flagged, strict=True)
    ]
    if dots.half_percent is not None:
        axes.axhspan(-dots.half_percent, dots.half_percent, color=figures.BAND, linewidth=0)
    axes.axhline(0.0, color=figures.MUTED, linewidth=0.8)
    sns.scatterplot(
        x=[place + 1 for place in dots.order],
        y=list(dots.deviation_percent),
        hue=kinds,
        style=kinds,
        palette={"good": figures.LOWER, "flagged": figures.HIGHER, "marked": figures.HIGHER},
        markers={"good": "o", "flagged": "D", "marked": "X"},
        s=20,
        linewidth=0,
        legend=False,
        clip_on=False,
        ax=axes,
    )
    axes.set_xlim(0.5, runs + 0.5)
    axes.set_ylim(-limit_percent, limit_percent)
    axes.set_yticks([-limit_percent, 0.0, limit_percent])
    axes.set_yticklabels([f"−{limit_percent:g} %", "0", f"+{limit_percent:g} %"])
    axes.set_xticks(_ticks(runs))
    axes.set(xlabel="run", ylabel="")
    axes.xaxis.labelpad = 1
    axes.grid(visible=False, axis="x")
    axes.tick_params(length=2, pad=2)


def shared_limit(panels: Sequence[RunDots]) -> float:
    """Return a round number of per cent that holds every dot of every panel."""
    largest = max((abs(d) for p in panels for d in p.deviation_percent), default=0.0)
    return next((step for step in (0.5, 1, 2, 5, 10, 20, 50, 100, 200) if largest <= step), 500.0)


def _ticks(runs: int) -> list[int]:
    return [1] if runs == 1 else [1, runs] if runs < 4 else [1, (runs + 1) // 2, runs]


def _words(dots: RunDots) -> str:
    spread = [
        f"run {o + 1}: {d:+.2f} %{', marked' if o in dots.marked else ''}"
        for o, d in zip(dots.order, dots.deviation_percent, strict=True)
    ]
    more = f" and {len(spread) - 40} more" if len(spread) > 40 else ""
    return "Distance from the mean of the variant. " + "; ".join(spread[:40]) + more
