"""Which runs are drawn, and their figures: a few in full, many small, every run as a dot."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from benchharness.model import CampaignSummary, Status, TrialSummary, VariantSummary
from benchharness.report.energy_flags import MARK, coverage_text, marked
from benchharness.report.figures_runs import RunDots, draw_runs, shared_limit
from benchharness.report.figures_time import draw_small, draw_trial, peak
from benchharness.report.groups import groups
from benchharness.report.in_words import order_words
from benchharness.report.metrics import METRICS, headline_key, metric_of, ranked
from benchharness.report.phases import phase_roles
from benchharness.report.run_order import timed_values
from benchharness.report.text import half_width, number, plain
from benchharness.report.timeline import SeriesReader, Timeline, read_timeline
from benchharness.units import format_duration, format_si


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is drawn. Halved until the page is small enough."""

    full: int = 6
    small: int = 12  # stills: every run is in the timeline
    dots: int = 24
    trial_rows: int = 400
    buckets: int = 300

    def halved(self) -> Limits:
        """Return limits that make about half the page."""
        return Limits(
            max(1, self.full // 2),
            self.small // 2,
            max(1, self.dots // 2),
            max(20, self.trial_rows // 2),
            max(60, self.buckets // 2),
        )


@dataclass(frozen=True, slots=True)
class Panel:
    """A figure with its caption's head and text."""

    head: str
    text: str
    figure: Markup
    foot: str = ""


@dataclass(frozen=True, slots=True)
class Panels:
    """Figures of one kind, and how many more there would be."""

    items: tuple[Panel, ...]
    left_out: int
    phases: tuple[tuple[str, str], ...] = ()  # name, role: the key to the strip of phases
    quantity: str = ""


def full_panels(summary: CampaignSummary, reader: SeriesReader, limits: Limits) -> Panels:
    """Draw the median run of each of the best variants: power, CPU and memory over time.

    Of a campaign with several groups: of the best of each group, then of the second ...
    """
    key = headline_key(summary)
    chosen: list[tuple[VariantSummary, TrialSummary, Timeline]] = []
    variants = _leaders([v for v in ranked(summary, key) if v.ok])
    for variant in variants[: limits.full]:
        trial = median_run(summary, variant, key)
        timeline = read_timeline(reader, trial, limits.buckets) if trial else None
        if trial is not None and timeline is not None:
            chosen.append((variant, trial, timeline))
    tops = {
        quantity: max(
            (peak(s) for _, _, line in chosen for s in line.series if s.quantity == quantity),
            default=0.0,
        )
        for quantity in ("power", "cpu", "memory")
    }
    roles = phase_roles(summary)
    items = tuple(
        Panel(
            head=plain(variant.label, 80),
            text=_run_text(trial),
            figure=draw_trial(
                timeline,
                f"full{trial.index}",
                f"Run {trial.index + 1}, {plain(variant.label, 80)}",
                roles,
                tops,
            ),
        )
        for variant, trial, timeline in chosen
    )
    seen = dict.fromkeys(s.name for _, _, line in chosen for s in line.phases)
    return Panels(
        items,
        max(0, len(variants) - len(items)) if items else 0,
        tuple((plain(name, 60), role) for name, role in roles.items() if name in seen),
    )


def _leaders(variants: Sequence[VariantSummary]) -> list[VariantSummary]:
    """Return ranked variants, those first that lead their group."""
    ranks = [member for group in groups(variants) for member in enumerate(group.members)]
    return [variant for _, variant in sorted(ranks, key=lambda ranked: ranked[0])]


def small_panels(summary: CampaignSummary, reader: SeriesReader, limits: Limits) -> Panels:
    """Draw power (without a meter: CPU) of every run in run order, on shared axes."""
    ended = [t for t in sorted(summary.trials, key=lambda t: t.index) if not t.status.is_pending]
    lines: list[tuple[TrialSummary, Timeline]] = []
    for trial in ended[: limits.small]:
        timeline = read_timeline(reader, trial, min(150, limits.buckets), ("power", "cpu"))
        if timeline is not None:
            lines.append((trial, timeline))
    if not lines:
        return Panels((), 0)
    quantity = "power" if any(line.first("power") for _, line in lines) else "cpu"
    lines = [(t, line) for t, line in lines if line.first(quantity) is not None]
    top = max(peak(s) for _, line in lines for s in line.series if s.quantity == quantity)
    span_s = (min(ln.start_s for _, ln in lines), max(ln.end_s for _, ln in lines))
    labels = {v.index: plain(v.label, 60) for v in summary.variants}
    items = tuple(
        Panel(
            head=f"{trial.index + 1}{_sign(trial)}",
            text=labels.get(trial.variant, "")
            + ("" if trial.status is Status.OK else f" ({trial.status.value})"),
            figure=draw_small(
                timeline,
                quantity,
                f"small{trial.index}",
                f"{quantity} of run {trial.index + 1}, {labels.get(trial.variant, '')}",
                top,
                span_s,
            ),
        )
        for trial, timeline in lines
    )
    return Panels(items, len(ended) - len(items), quantity=quantity)


def run_dots(
    summary: CampaignSummary, limits: Limits, name: str = "dots"
) -> tuple[Panels, float] | None:
    """Draw every good run's distance from its variant's mean; None if no variant has two runs.

    ``name`` begins the names of the drawings, which a page must not have twice.
    """
    key = headline_key(summary)
    of_variant = ((v, variant_dots(summary, v, key)) for v in ranked(summary, key))
    found = [(variant, dots) for variant, dots in of_variant if dots is not None]
    if not found:
        return None
    limit = shared_limit([dots for _, dots in found])
    timed = timed_values(summary.trials, key)
    runs = max(t.index for t in summary.trials) + 1
    items = tuple(
        Panel(
            head=dots.label,
            text=f"{len(dots.order)} runs, spread {_spread_text(dots)} %",
            figure=draw_runs(dots, f"{name}{place}", METRICS[key].title, runs, limit),
            foot=order_words(timed.get(variant.index, [])),
        )
        for place, (variant, dots) in enumerate(found[: limits.dots])
    )
    return Panels(items, len(found) - len(items)), limit


def _spread_text(dots: RunDots) -> str:
    return number(statistics.stdev(dots.deviation_percent), 2)


def variant_dots(summary: CampaignSummary, variant: VariantSummary, key: str) -> RunDots | None:
    """Return a variant's good runs as dots; None for less than two, and for a mean of 0 or less."""
    pairs = [
        (t, value)
        for t in summary.trials_of(variant.index)
        if t.status is Status.OK and (value := trial_value(t, key)) is not None
    ]
    if len(pairs) < 2:
        return None
    mean = statistics.fmean(v for _, v in pairs)
    if mean <= 0:
        return None
    metric = metric_of(variant, key)
    half = half_width(metric.low, metric.high) if metric else None
    return RunDots(
        label=plain(variant.label, 80),
        order=tuple(t.index for t, _ in pairs),
        deviation_percent=tuple(100 * (v / mean - 1) for _, v in pairs),
        flagged=tuple(bool(t.cautions) for t, _ in pairs),
        half_percent=None if half is None else 100 * half / mean,
        marked=frozenset(t.index for t, _ in pairs if METRICS[key].is_energy and marked(t)),
    )


def trial_value(trial: TrialSummary, key: str) -> float | None:
    """Return one trial's value of a metric, None where it has none."""
    if key == "energy_net_j":
        return trial.energy.net_j.value if trial.energy and trial.energy.net_j else None
    if key == "energy_gross_j":
        return trial.energy.gross_j.value if trial.energy else None
    value: float | None = getattr(trial, key)
    return value


def median_run(summary: CampaignSummary, variant: VariantSummary, key: str) -> TrialSummary | None:
    """Return the good run of the (lower) median value; any good one where none has a value."""
    good: Sequence[TrialSummary] = [
        t for t in summary.trials_of(variant.index) if t.status is Status.OK
    ]
    valued = sorted(
        ((v, t.index, t) for t in good if (v := trial_value(t, key)) is not None),
        key=lambda item: item[:2],
    )
    if valued:
        return valued[(len(valued) - 1) // 2][2]
    return good[0] if good else None


def _sign(trial: TrialSummary) -> str:
    return f" {MARK}" if trial.energy is not None and marked(trial) else ""


def _run_text(trial: TrialSummary) -> str:
    parts = [f"run {trial.index + 1}{_sign(trial)}", format_duration(trial.duration_s)]
    if trial.energy is not None:
        if trial.energy.net_j is not None:
            parts.append(f"{format_si(trial.energy.net_j.value, 'J')} net")
        parts.append(f"{format_si(trial.energy.gross_j.value, 'J')} gross")
        parts.append(f"coverage {coverage_text([trial.energy])} %")
    return ", ".join(parts)
