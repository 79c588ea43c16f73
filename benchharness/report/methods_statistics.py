"""What was computed from the runs, in sentences: intervals, comparisons, the margin."""

from __future__ import annotations

from collections.abc import Iterator

from benchharness.model import CampaignSummary, MeasurementClass
from benchharness.report.comparing import Comparing, comparing
from benchharness.report.methods_parts import Amount, Sentence, percent
from benchharness.report.metrics import METRICS, energy_classes, headline_key
from benchharness.report.text import plain

_LEVEL = Amount("95", "%")


def statistics_sentences(summary: CampaignSummary) -> Iterator[Sentence]:
    """Yield how means, ratios and verdicts were made."""
    if not any(variant.ok >= 2 for variant in summary.variants):
        if any(variant.ok for variant in summary.variants):
            yield ("Single runs have no spread, and no interval is given for them.",)
        return
    yield (
        "Means have ",
        _LEVEL,
        " intervals by Student's t; those of joules include what the meter adds to all runs alike.",
    )
    found = comparing(summary, headline_key(summary))
    if not found.comparisons:
        return
    alone = max(found.comparisons) == 1
    several = " in each group of variants that compete" if len(found.comparisons) > 1 else ""
    yield (
        f"Changes are ratios of means against the {_reference(summary, found)} with ",
        "Fieller intervals at " if alone else "simultaneous Fieller intervals at ",
        _LEVEL,
        "" if alone else f" (Bonferroni for {found.count} comparisons{several})",
        _gain(summary),
        ".",
    )
    if summary.margin > 0:
        yield (
            "A change within ",
            percent(summary.margin),
            " was set beforehand as too small to "
            "matter; a verdict follows from the whole interval.",
        )
    else:
        yield (
            "No margin of what matters was set: two variants are told apart where the interval "
            "of their ratio excludes 1.",
        )


def _gain(summary: CampaignSummary) -> str:
    classes = energy_classes(summary)
    if not classes:
        return ""
    if MeasurementClass.ESTIMATED in classes:
        return "; the error of the model is in them, since it does not cancel"
    return ", in which the gain of a meter that both sides share cancels"


def _reference(summary: CampaignSummary, found: Comparing) -> str:
    if summary.baseline and found.named:
        levels = ", ".join(
            f"{plain(name, 40)} = {plain(level, 40)}" for name, level in summary.baseline.items()
        )
        return f"baseline named beforehand ({levels})"
    return f"variant of the lowest {METRICS[headline_key(summary)].title.lower()}"
