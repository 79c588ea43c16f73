"""What to know about a campaign as a whole, and which of its trials stand out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchharness.energy.observed import ASSUMED_GAIN_BOUND, ASSUMED_MODEL_BOUND
from benchharness.model import Caution, MeasurementClass, TrialSummary
from benchharness.report.derive_cautions import missed_ticks
from benchharness.report.derive_variants import VariantTrials
from benchharness.report.interrupted import was_interrupted
from benchharness.stats.interval import mean_interval
from benchharness.stats.outliers import WIDE_VARIATION, outliers, variation
from benchharness.stats.saying import listed
from benchharness.stats.verdict import SUGGESTED_REPETITIONS
from benchharness.store.rescue_mark import lost_text

_ENOUGH_REPETITIONS = 3
_WORDS = {
    "duration_s": "time",
    "energy_net_j": "net energy",
    "energy_gross_j": "gross energy",
    "memory_peak_bytes": "peak memory",
}


def campaign_cautions(
    variants: Sequence[VariantTrials],
    trials: Sequence[TrialSummary],
    meters: Sequence[Mapping[str, Any]],
    *,
    quick: bool,
    overhead: Mapping[str, Any],
    resume: str,
) -> list[Caution]:
    """Return the cautions of a campaign, those that touch every figure first.

    ``resume`` is the command that finishes the campaign.
    """
    return [
        *_quick(quick),
        *_unfinished(trials, resume),
        *_classes(variants, meters),
        *_assumed_gain(meters),
        *_few(variants),
        *_spread(variants),
        *_outlying(variants),
        *missed_ticks(overhead.get("ticks") or 0, overhead.get("missed_ticks") or 0),
    ]


def lost_cautions(spec: Mapping[str, Any]) -> Iterable[Caution]:
    """Say how many trials of a campaign were lost with a results file that was rescued."""
    lost = lost_text(spec)
    if lost:
        yield Caution("rescued-in-part", lost, "means are of those that are left")


def _quick(quick: bool) -> Iterable[Caution]:
    if quick:
        yield Caution("quick", "this is a quick run: its sizes are small", "run without --quick")


def _unfinished(trials: Sequence[TrialSummary], resume: str) -> Iterable[Caution]:
    left = sum(trial.status.is_pending or was_interrupted(trial) for trial in trials)
    if left:
        yield Caution(
            "unfinished",
            f"{left} of {len(trials)} trials have not been run",
            f"finish it with: {resume}",
        )


def _classes(
    variants: Sequence[VariantTrials], meters: Sequence[Mapping[str, Any]]
) -> Iterable[Caution]:
    found = {each for variant in variants for each in variant.classes}
    if len(found) > 1:
        which = listed(sorted(each.value for each in found))
        yield Caution("mixed-classes", f"joules are {which}, and are not compared with each other")
    by_class: dict[str, list[str]] = {}
    for meter in meters:
        by_class.setdefault(str(meter.get("class")), []).append(str(meter["name"]))
    for each, names in by_class.items():
        which, one = _shortly(names), len(names) == 1
        if each == MeasurementClass.ESTIMATED.value:
            message = f"joules of {which} are estimated from CPU use, not measured"
            yield Caution("estimated", message, "connect a meter (--meter)")
        elif each == MeasurementClass.EMULATED.value:
            come = "an emulated meter" if one else "emulated meters"
            yield Caution("emulated", f"joules of {which} come from {come}")
        elif each == MeasurementClass.REPLAYED.value:
            come = "a recording" if one else "recordings"
            yield Caution("replayed", f"joules of {which} come from {come}")


def _assumed_gain(meters: Sequence[Mapping[str, Any]]) -> Iterable[Caution]:
    for meter in meters:
        if meter.get("gain_bound") is None:
            estimated = meter.get("class") == MeasurementClass.ESTIMATED.value
            bound = ASSUMED_MODEL_BOUND if estimated else ASSUMED_GAIN_BOUND
            yield Caution(
                "gain-assumed",
                f"meter {meter['name']} states no accuracy: ±{100 * bound:.0f} % is assumed",
                "calibrate it and state the gain in its file",
            )


def _few(variants: Sequence[VariantTrials]) -> Iterable[Caution]:
    few = [v.label for v in variants if 0 < len(v.good) < _ENOUGH_REPETITIONS]
    if few:
        yield Caution(
            "few-repetitions",
            f"fewer than {_ENOUGH_REPETITIONS} good trials of {_shortly(few)}",
            f"repeat with --repeat {SUGGESTED_REPETITIONS}",
        )


def _spread(variants: Sequence[VariantTrials]) -> Iterable[Caution]:
    for variant in variants:
        for metric in ("duration_s", "energy_net_j"):
            interval = mean_interval(variant.values(metric))
            relative = variation(interval)
            if relative is not None and relative >= WIDE_VARIATION:
                yield Caution(
                    "wide-spread",
                    f"{_WORDS[metric]} of {variant.label} varies by {100 * relative:.0f} % "
                    f"(standard deviation of {interval.n} trials)",
                    "end other work on the machine, or repeat more",
                )


def _outlying(variants: Sequence[VariantTrials]) -> Iterable[Caution]:
    for variant in variants:
        for metric, word in _WORDS.items():
            values = variant.values(metric)
            if len(values) != len(variant.good):
                continue
            flagged = [
                f"{trial.index + 1}"
                for trial, is_outlier in zip(variant.good, outliers(values), strict=True)
                if is_outlier
            ]
            if flagged:
                yield Caution(
                    "outlier",
                    f"{word} of {variant.label} is far from the median in trial "
                    f"{_shortly(flagged)}",
                    "look at its plot; it is counted all the same",
                )


def _shortly(names: Sequence[str], most: int = 4) -> str:
    if len(names) <= most:
        return listed(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
