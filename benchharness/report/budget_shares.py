"""The error budget of an absolute energy and of a difference, side by side.

Both are of means: what differs from run to run is in their spread; what all runs of a variant share
is not averaged out. The gain of one meter is common to both sides of a ratio and cancels in it;
the error of a model does not. After the GUM (JCGM 100:2008, F.1.2.3: correlated inputs).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchharness.energy.budget import GAIN, IDLE_PREFIX, SYSTEMATIC
from benchharness.energy.systematic import gross_terms_j, net_terms_j
from benchharness.model import CampaignSummary, EnergyFigure, MeasurementClass, VariantSummary
from benchharness.report.derive_variants import NET
from benchharness.report.energy_budget import MEANINGS, good_figures
from benchharness.report.groups import groups
from benchharness.report.metrics import half_interval, metric_of, ranked, ratio_key
from benchharness.report.text import number, plain

SPREAD = "spread between runs"
_NOTHING = 0.01  # of the largest term: less is not shown
_LARGEST_FIRST = 8


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A term: its standard uncertainty as a share of the energy, in both budgets.

    ``of_difference`` is None where it cancels. Widths are per cent of the longest bar.
    """

    name: str
    meaning: str
    of_value: float
    of_difference: float | None
    value_width: float
    difference_width: float

    @property
    def value_text(self) -> str:
        """Return the share of the absolute value in per cent."""
        return number(100.0 * self.of_value, 2)

    @property
    def difference_text(self) -> str:
        """Return the share of the difference in per cent."""
        return "cancels" if self.of_difference is None else number(100.0 * self.of_difference, 2)


@dataclass(frozen=True, slots=True)
class BudgetShares:
    """Both budgets: of the mean of ``variant``, and of its ratio to ``other``."""

    variant: str
    other: str
    rows: tuple[ShareRow, ...]
    value_u: float  # combined standard uncertainty, as a share
    difference_u: float
    words: tuple[str, ...]


def budget_shares(summary: CampaignSummary) -> BudgetShares | None:
    """Return the budgets of the lowest variant and its change; None where there is no such pair."""
    key = ratio_key(summary)
    pair = None if key is None else _pair(summary, key)
    if key is None or pair is None:
        return None
    terms = [_terms(summary, variant, key) for variant in pair]
    cancels = _one_instrument(summary, pair)
    names = list(dict.fromkeys(name for each in terms for name in each))
    rows = []
    for name in names:
        own, other = (each.get(name, 0.0) for each in terms)
        both = None if name == GAIN and cancels else math.hypot(own, other)
        rows.append((name, own, both))
    largest = max(max(own, both or 0.0) for _, own, both in rows)
    if largest <= 0.0:
        return None
    kept = [r for r in rows if max(r[1], r[2] or 0.0) >= _NOTHING * largest]
    kept.sort(key=lambda row: -max(row[1], row[2] or 0.0))
    labels = [plain(variant.label, 60) for variant in pair]
    return BudgetShares(
        variant=labels[0],
        other=labels[1],
        rows=tuple(_row(*row, largest) for row in kept[:_LARGEST_FIRST]),
        value_u=math.hypot(*(own for _, own, _ in rows)),
        difference_u=math.hypot(*(both or 0.0 for _, _, both in rows)),
        words=tuple(_words(key, pair, kept)),
    )


def _pair(summary: CampaignSummary, key: str) -> tuple[VariantSummary, VariantSummary] | None:
    """Return the lowest variant with the reference, or with the next where it is that itself."""
    for group in groups(summary.variants):
        members = {v.index for v in group.members}
        found = [v for v in ranked(summary, key) if v.index in members and _is_known(v, key)]
        if len(found) < 2:
            continue
        standing = found[0].metrics[key].standing
        reference = next(
            (v for v in found[1:] if standing is not None and v.index == standing.reference),
            found[1],
        )
        return found[0], reference
    return None


def _is_known(variant: VariantSummary, key: str) -> bool:
    metric = metric_of(variant, key)
    return metric is not None and metric.sd is not None and (metric.mean or 0.0) > 0.0


def _terms(summary: CampaignSummary, variant: VariantSummary, key: str) -> Mapping[str, float]:
    """Return the standard uncertainties of a variant's mean, as shares of it."""
    metric = variant.metrics[key]
    assert metric.mean is not None
    assert metric.sd is not None
    figures = good_figures(summary, variant)
    budgets = [net_terms_j(f) if key == NET else gross_terms_j(f) for f in figures]
    names = dict.fromkeys(n for each in budgets for n in each if n in SYSTEMATIC or n == GAIN)
    shared = {
        name: statistics.median(each.get(name, 0.0) for each in budgets) / metric.mean
        for name in names
    }
    return {SPREAD: metric.sd / math.sqrt(metric.n) / metric.mean, **shared}


def _one_instrument(summary: CampaignSummary, pair: Iterable[VariantSummary]) -> bool:
    figures: list[EnergyFigure] = [f for v in pair for f in good_figures(summary, v)]
    classes = {f.measurement_class for f in figures}
    return len({f.meter for f in figures}) == 1 and MeasurementClass.ESTIMATED not in classes


def _row(name: str, own: float, both: float | None, largest: float) -> ShareRow:
    meaning = MEANINGS.get(name, "")
    if name == SPREAD:
        meaning = "what differs from run to run, by chance; the mean of more runs has less"
    elif name == GAIN:
        meaning = "common to all runs" if both is None else "of a model, or of several meters"
    elif name.startswith(IDLE_PREFIX):
        meaning = "of the idle power"
    return ShareRow(
        name=plain(name, 60),
        meaning=meaning,
        of_value=own,
        of_difference=both,
        value_width=round(100.0 * own / largest, 2),
        difference_width=round(100.0 * (both or 0.0) / largest, 2),
    )


def _words(
    key: str,
    pair: tuple[VariantSummary, VariantSummary],
    rows: Sequence[tuple[str, float, float | None]],
) -> Iterable[str]:
    cancels = any(name == GAIN and both is None for name, _, both in rows)
    if cancels:
        first = max(rows, key=lambda row: row[1])[0] == GAIN
        size = "the largest part of" if first else "a part of"
        yield (
            f"The meter's gain error is {size} an absolute value. It is common to all variants on "
            "one meter, so that it cancels when two are compared."
        )
    half, mean = half_interval(pair[0], key), pair[0].metrics[key].mean
    metric = next((v.metrics[key] for v in pair if v.metrics[key].ratio_low is not None), None)
    if half is not None and mean:
        text = f"Absolute joules: good to ±{number(100.0 * half / mean, 2)} %."
        high = None if metric is None else metric.ratio_high
        if metric is not None and metric.ratio and high is not None and math.isfinite(high):
            width = high - (metric.ratio_low or 0.0)
            text += f" The difference: to ±{number(50.0 * width / metric.ratio, 2)} %."
        yield text
    differing = [(name, both) for name, _, both in rows if both is not None]
    if differing:
        name = max(differing, key=lambda row: row[1])[0]
        yield _remedy(name, cancels=cancels)


def _remedy(name: str, *, cancels: bool) -> str:
    if name == SPREAD:
        more = " For the absolute value: calibrate the meter." if cancels else ""
        return f"More runs would shrink the difference's interval most.{more}"
    if name == GAIN:
        return "More runs do not help here: the error of the model decides. Connect a meter."
    if name.startswith(IDLE_PREFIX):
        return "The idle power decides the difference: longer rest before and after would help."
    return f"Of the difference, {name} is largest: longer windows would help more than more runs."
