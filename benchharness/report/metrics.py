"""What every report says about a metric: its name, its unit, its interval and how it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchharness.model import CampaignSummary, MeasurementClass, MetricSummary, VariantSummary
from benchharness.report.text import half_width


@dataclass(frozen=True, slots=True)
class MetricName:
    """A metric as people read it. ``base`` is the unit to choose prefixes for, or a fixed one."""

    key: str
    title: str
    base: str
    is_energy: bool = False


METRICS = {
    m.key: m
    for m in (
        MetricName("energy_net_j", "Net energy", "J", is_energy=True),
        MetricName("energy_gross_j", "Gross energy", "J", is_energy=True),
        MetricName("duration_s", "Time", "s"),
        MetricName("memory_peak_bytes", "Peak memory", "B"),
        MetricName("cpu_percent", "CPU", "%"),
        MetricName("cpu_s", "CPU time", "s"),
    )
}

CLASS_MARKS = {
    MeasurementClass.ESTIMATED: "e",
    MeasurementClass.EMULATED: "m",
    MeasurementClass.REPLAYED: "r",
}

CLASS_NOTES = {
    MeasurementClass.MEASURED: "measured by an instrument",
    MeasurementClass.ESTIMATED: "estimated from CPU use by a model of the board, not measured",
    MeasurementClass.EMULATED: "from an emulated meter: no instrument measured these joules",
    MeasurementClass.REPLAYED: "replayed from a recording, not measured in this campaign",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a variant stands to the best one: a glyph and a word always go together."""

    key: str  # best, higher, undecided, single, alone, missing
    glyph: str
    word: str

    @property
    def text(self) -> str:
        """Return glyph and word."""
        return f"{self.glyph} {self.word}".strip()


BEST = Standing("best", "•", "lowest")
HIGHER = Standing("higher", "▲", "higher")
UNDECIDED = Standing("undecided", "?", "undecided")
SINGLE = Standing("single", "?", "no interval")
ALONE = Standing("alone", "", "")
MISSING = Standing("missing", "⊘", "no value")

STANDING_MEANINGS = (
    (BEST, "The lowest mean of all variants; the others are compared with it."),
    (HIGHER, "The whole 95 % interval of the ratio to the lowest lies above 1."),
    (
        UNDECIDED,
        "The 95 % interval of the ratio includes 1: these runs cannot tell the two apart. "
        "That is not the same as equal; more or longer runs may decide.",
    ),
    (SINGLE, "One good run only: a single value has no spread, so no interval and no verdict."),
    (MISSING, "No good run gave this figure; the reason stands with the runs."),
)


def metric_of(variant: VariantSummary, key: str) -> MetricSummary | None:
    """Return a metric that has a mean, else None."""
    metric = variant.metrics.get(key)
    return metric if metric is not None and metric.mean is not None else None


def has_metric(summary: CampaignSummary, key: str) -> bool:
    """Say whether any variant has the metric."""
    return any(metric_of(v, key) is not None for v in summary.variants)


def energy_key(summary: CampaignSummary) -> str | None:
    """Return the energy metric to show first: net if there is one, else gross, else None."""
    return next((k for k in ("energy_net_j", "energy_gross_j") if has_metric(summary, k)), None)


def headline_key(summary: CampaignSummary) -> str:
    """Return the metric that ranks the variants: energy if there is any, else time."""
    return energy_key(summary) or "duration_s"


def ranked(summary: CampaignSummary, key: str) -> list[VariantSummary]:
    """Return the variants, lowest mean first, those without a value last."""

    def order(variant: VariantSummary) -> tuple[float, int]:
        metric = metric_of(variant, key)
        mean = math.inf if metric is None or metric.mean is None else metric.mean
        return (mean, variant.index)

    return sorted(summary.variants, key=order)


def half_interval(variant: VariantSummary, key: str) -> float | None:
    """Return the ± of a mean: the 95 % interval between runs, for joules with the meter's share.

    The meter's own relative uncertainty is common to all variants on one meter. It belongs to
    the absolute figure and cancels in a ratio, so that ratios carry intervals of their own.
    """
    metric = metric_of(variant, key)
    if metric is None or metric.mean is None:
        return None
    between = half_width(metric.low, metric.high)
    instrument_rel = variant.energy_instrument_u_rel
    if not METRICS[key].is_energy or instrument_rel is None:
        return between
    return math.hypot(between or 0.0, instrument_rel * metric.mean)


def standing(summary: CampaignSummary, variant: VariantSummary, key: str) -> Standing:
    """Say how a variant stands to the best one in a metric."""
    metric = metric_of(variant, key)
    if metric is None:
        return MISSING
    others = [v for v in summary.variants if metric_of(v, key) is not None]
    if len(others) < 2:
        return ALONE
    if ranked(summary, key)[0].index == variant.index:
        return BEST
    if metric.ratio_low is None:
        return SINGLE
    return HIGHER if metric.ratio_low > 1.0 else UNDECIDED


def energy_classes(summary: CampaignSummary) -> tuple[MeasurementClass, ...]:
    """Return the classes of the joules in a campaign, in a fixed order."""
    found = {v.energy_class for v in summary.variants if v.energy_class is not None}
    return tuple(c for c in MeasurementClass if c in found)


def class_suffix(summary: CampaignSummary) -> str:
    """Return what a header of joules must add: ``, estimated`` or nothing when all is measured."""
    classes = energy_classes(summary)
    if classes in ((), (MeasurementClass.MEASURED,)):
        return ""
    return ", " + "/".join(c.value for c in classes)
