"""What every report says about a metric: its name, its unit, its interval and how it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchharness.model import CampaignSummary, MeasurementClass, MetricSummary, VariantSummary
from benchharness.report.derive_variants import ENERGY_METRICS, NET, net_is_known
from benchharness.report.derive_verdict import ENERGY
from benchharness.report.energy_budget import good_figures
from benchharness.report.groups import group_places, has_levels
from benchharness.report.remembered import once_each
from benchharness.report.text import half_width, number
from benchharness.standing import Word


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
class Sign:
    """How a variant stands to its reference, for people: a glyph and a word always go together."""

    key: str  # best, lower, higher, same, undecided, single, alone, missing: a CSS class
    glyph: str
    word: str

    @property
    def text(self) -> str:
        """Return glyph and word."""
        return f"{self.glyph} {self.word}".strip()


BEST = Sign("best", "•", "lowest")
REFERENCE = Sign("best", "•", "reference")
LOWER = Sign("lower", "▼", "lower")
LOWER_UNCLEAR = Sign("lower", "▽", "lower, size unclear")
HIGHER = Sign("higher", "▲", "higher")
HIGHER_UNCLEAR = Sign("higher", "△", "higher, size unclear")
SAME = Sign("same", "≈", "same")
UNDECIDED = Sign("undecided", "?", "undecided")
SINGLE = Sign("single", "?", "no interval")
ALONE = Sign("alone", "", "")
MISSING = Sign("missing", "⊘", "no value")
NOT_COMPARABLE = Sign("missing", "⊘", "not comparable")

SIGNS = {
    Word.REFERENCE: REFERENCE,
    Word.LOWER: LOWER,
    Word.LOWER_UNCLEAR: LOWER_UNCLEAR,
    Word.HIGHER: HIGHER,
    Word.HIGHER_UNCLEAR: HIGHER_UNCLEAR,
    Word.SAME: SAME,
    Word.UNDECIDED: UNDECIDED,
    Word.NO_INTERVAL: SINGLE,
    Word.NOT_COMPARABLE: NOT_COMPARABLE,
}

MEANINGS = (
    (BEST, "The lowest mean of all variants that compete; the others are compared with it."),
    (REFERENCE, "The baseline that was named beforehand; the others are compared with it."),
    (LOWER, "The whole interval of the change is below 0, and beyond the margin if one was set."),
    (HIGHER, "The whole interval of the change is above 0, and beyond the margin if one was set."),
    (LOWER_UNCLEAR, "The interval is below 0 and reaches into the margin."),
    (HIGHER_UNCLEAR, "The interval is above 0 and reaches into the margin."),
    (SAME, "The whole interval is inside the margin that was set beforehand."),
    (
        UNDECIDED,
        "The interval has 0 in it: these runs cannot tell the two apart. That is not the same as "
        "equal: more or longer runs may decide.",
    ),
    (SINGLE, "One good run has no spread: a number, and no verdict."),
    (
        NOT_COMPARABLE,
        "Joules of different classes, runs that timed out, or a reference that is not above zero "
        "or its uncertainty.",
    ),
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


@once_each
def headline_key(summary: CampaignSummary) -> str:
    """Return the metric that ranks the variants, as the verdict does.

    That is the one that the campaign names. It is energy only if every variant with a good run has
    it, positive and of one class; net energy only where it is above its own uncertainty.
    """
    good = [v for v in summary.variants if v.ok]
    named = None if summary.metric == ENERGY else summary.metric
    other = named if named in METRICS and named not in ENERGY_METRICS else None
    if other is not None and good and all(metric_of(v, other) is not None for v in good):
        return other
    if good and len({v.energy_class for v in good}) == 1 and good[0].energy_class is not None:
        for key in (named,) if named and named in ENERGY_METRICS else ENERGY_METRICS:
            found = [metric_of(v, key) for v in good]
            if not all(m is not None and m.mean is not None and m.mean > 0 for m in found):
                continue
            if key != NET or all(net_is_known(good_figures(summary, v)) for v in good):
                return key
    return "duration_s"


def ratio_key(summary: CampaignSummary) -> str | None:
    """Return the energy whose ratios are shown: the one that ranks, else the first that is shown.

    None without energy.
    """
    key = headline_key(summary)
    return key if METRICS[key].is_energy else energy_key(summary)


def compared_key(summary: CampaignSummary) -> str:
    """Return the metric whose changes a table shows: the one named, else energy, else time."""
    if summary.metric is not None:
        return headline_key(summary)
    return ratio_key(summary) or "duration_s"


def ranked(summary: CampaignSummary, key: str) -> list[VariantSummary]:
    """Return the variants by group, the lowest mean of each first, those without a value last."""
    place_of = group_places(summary.variants)

    def order(item: tuple[int, VariantSummary]) -> tuple[int, float, int]:
        place, variant = item
        metric = metric_of(variant, key)
        mean = math.inf if metric is None or metric.mean is None else metric.mean
        return (place_of[place], mean, variant.index)

    return [variant for _, variant in sorted(enumerate(summary.variants), key=order)]


def half_interval(variant: VariantSummary, key: str) -> float | None:
    """Return the ± of a mean: the 95 % interval between runs, for joules with the meter's share.

    What the meter adds to all runs alike belongs to the absolute figure. Its gain cancels in a
    ratio, so that ratios carry intervals of their own.
    """
    metric = metric_of(variant, key)
    if metric is None:
        return None
    parts = [half_width(metric.low, metric.high), metric.instrument_u]
    known = [p for p in parts if p is not None]
    return math.hypot(*known) if known else None


def magnitude(variant: VariantSummary, key: str) -> float | None:
    """Return what a unit must make readable: the mean, or its ± where that is larger."""
    metric = metric_of(variant, key)
    if metric is None or metric.mean is None:
        return None
    return max(abs(metric.mean), half_interval(variant, key) or 0.0)


def standings(summary: CampaignSummary, key: str) -> dict[int, Sign]:
    """Say how every variant, by its index, stands to its reference."""
    valued = [v for v in summary.variants if metric_of(v, key) is not None]
    found = dict.fromkeys((v.index for v in summary.variants), MISSING)
    for variant in valued:
        standing = variant.metrics[key].standing
        found[variant.index] = ALONE if standing is None else SIGNS[standing.word]
    for variant in valued:
        named = bool(summary.baseline) and has_levels(variant, summary.baseline or {})
        if found[variant.index] is REFERENCE and not named:
            found[variant.index] = BEST if _is_judged(summary, key, variant.index) else SINGLE
    return found


def _is_judged(summary: CampaignSummary, key: str, reference: int) -> bool:
    """Say whether any variant has an interval against a reference: single runs have no order."""
    found = (v.metrics[key].standing for v in summary.variants if key in v.metrics)
    return any(
        s is not None
        and s.reference == reference
        and (s.low is not None or s.word is Word.UNDECIDED)
        for s in found
    )


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


def instrument_notes(summary: CampaignSummary) -> list[str]:
    """Return what must be said of the meter's share in the ± of joules."""
    shares = [v.energy_instrument_u_rel for v in summary.variants if v.energy_instrument_u_rel]
    if not shares or energy_key(summary) is None:
        return []
    share = number(100 * max(shares), 2)
    if MeasurementClass.ESTIMATED in energy_classes(summary):
        return [f"± of joules includes {share} % for the model, in the ratios too"]
    return [f"± of joules includes {share} % for the gain of the meter, which cancels in a ratio"]
