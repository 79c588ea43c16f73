"""The answer of a campaign in a sentence: by net energy, else gross energy, else time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchharness.model import MeasurementClass
from benchharness.report.derive_standings import Rules, baseline_members
from benchharness.report.derive_variants import (
    ENERGY_METRICS,
    NET,
    VariantTrials,
    comparable,
    net_is_known,
    samples_of,
)
from benchharness.report.derive_verdict_groups import divided_verdict
from benchharness.report.groups import groups, workloads
from benchharness.report.text import column_unit, scaled_pm
from benchharness.report.timed_out import REMEDY, of_how_many, why_not_compared
from benchharness.stats.saying import listed
from benchharness.stats.verdict import verdict
from benchharness.stats.wording import Verdict, Wording
from benchharness.units import format_duration, format_si

TIME = "duration_s"
ENERGY = "energy"  # as a campaign names it: net where it is known, else gross
_NOTHING_J = 1e-9
_MOST_NAMED = 4


def campaign_verdict(
    variants: Sequence[VariantTrials],
    rules: Rules | None = None,
    *,
    metric: str | None = None,
    quick: bool,
) -> str:
    """Return the sentence; what it cannot tell apart it does not rank.

    ``metric`` is the key of a metric, or "energy", if the campaign names what it is about. Of a
    campaign with several groups: a short sentence for each workload.
    """
    rules = rules or Rules()
    good = [variant for variant in variants if variant.good]
    if not good:
        return _nothing(variants)
    good, lost = _compared(good, metric)
    if not good:
        return _begun([_all_cut(lost)], quick=quick)
    divided = len(groups(variants)) > 1
    several = len(workloads(variants)) > 1
    if divided:
        parts = [divided_verdict(good, lambda v: ranking_metric(v, metric), several=several)]
    elif cut := baseline_members(lost, rules.baseline):
        parts = [f"Nothing is compared with {lost[cut[0]].label}, the baseline"]
    else:
        parts = _whole(good, rules, metric)
    parts += [f"{v.label} is not compared: {_runs(v)} timed out; {REMEDY}" for v in lost]
    bad = [variant.label for variant in variants if variant.trials and not variant.good]
    if divided and len(bad) > _MOST_NAMED:
        parts.append(f"no good trial of {len(bad)} variants")
    elif bad:
        parts.append(f"no good trial of {listed(bad)}")
    return _begun(parts, quick=quick)


def _begun(parts: Sequence[str], *, quick: bool) -> str:
    return f"{'Quick run: ' if quick else ''}{'; '.join(parts)}"


def _compared(
    good: Sequence[VariantTrials], named: str | None
) -> tuple[list[VariantTrials], list[VariantTrials]]:
    """Return those that are compared in the metric of their workload, and those cut short."""
    kept: list[VariantTrials] = []
    lost: list[VariantTrials] = []
    for workload in workloads(good):
        members = [variant for variant in good if variant.workload == workload]
        metric = ranking_metric(members, named)
        for variant in members:
            cut = why_not_compared(variant.label, variant.trials, metric)
            (kept if cut is None else lost).append(variant)
    return kept, lost


def _runs(variant: VariantTrials) -> str:
    return of_how_many(variant.trials)


def _all_cut(lost: Sequence[VariantTrials]) -> str:
    who = "; ".join(f"{_runs(variant)} of {variant.label} timed out" for variant in lost)
    return f"Nothing is compared: {who}; {REMEDY}"


def _whole(good: Sequence[VariantTrials], rules: Rules, named: str | None) -> list[str]:
    """Return what is to be said of variants that all compete."""
    metric = ranking_metric(good, named)
    baseline = [good[place].label for place in baseline_members(good, rules.baseline)]
    answer = verdict(
        samples_of(good, metric),
        _wording(metric, good),
        reference=baseline[0] if len(baseline) == 1 else None,
        margin=rules.margin,
    )
    parts = [answer.sentence] if answer else []
    if metric in ENERGY_METRICS and answer is not None and not answer.decided and not baseline:
        parts += _by_time(good)
    return parts


def ranking_metric(good: Sequence[VariantTrials], named: str | None = None) -> str:
    """Return the metric that ranks: joules only if every variant has them, of one class.

    That is the metric that the campaign names, as far as every variant has it. A net energy that
    is below its own uncertainty in most of the trials of a variant is below what the meter can
    tell, and ranks nothing, however equal the trials are; then the gross energy does.
    """
    key = None if named == ENERGY else named
    if key is not None and key not in ENERGY_METRICS and all(v.values(key) for v in good):
        return key
    if comparable(good):
        for metric in (key,) if key in ENERGY_METRICS else ENERGY_METRICS:
            values = [variant.values(metric) for variant in good]
            known = metric != NET or all(net_is_known(v.figures) for v in good)
            if known and all(values) and all(sum(each) > 0.0 for each in values):
                return metric
    return TIME


def _by_time(good: Sequence[VariantTrials]) -> list[str]:
    """Return what time says where energy has not decided.

    It is the second question: asked at half the error, for one or the other to have an answer by
    chance in 7.4 % of campaigns at most and not in 9.8 %.
    """
    answer = verdict(samples_of(good, TIME), _wording(TIME, good), questions=2)
    return [answer.sentence] if answer is not None and _is_news(answer) else []


def _is_news(answer: Verdict) -> bool:
    return answer.decided


def _wording(metric: str, good: Sequence[VariantTrials]) -> Wording:
    if metric in _OTHERS:
        return _OTHERS[metric]
    kind = "net energy" if metric == NET else "gross energy"
    found = good[0].energy_class
    if found is not None and found is not MeasurementClass.MEASURED:
        kind = f"{found.value} {kind}"
    return Wording(
        subject=kind,
        wins=f"uses the least {kind}",
        win=f"use the least {kind}",
        loses="use more",
        show=_joules,
        show_pm=_pm("J"),
    )


def _pm(base: str) -> Callable[[float, float], str]:
    """Return what writes a mean with half of its interval, in a unit of this base."""

    def shown(mean: float, half: float) -> str:
        unit = column_unit([max(abs(mean), half)], base)
        return f"{scaled_pm(mean, half, unit)} {unit.symbol}"

    return shown


_OTHERS = {
    TIME: Wording(
        "time",
        "is the fastest",
        "are the fastest",
        "take longer",
        format_duration,
        _pm("s"),
        ("takes", "take"),
    ),
    "memory_peak_bytes": Wording(
        "peak memory",
        "needs the least memory",
        "need the least memory",
        "need more",
        lambda size_bytes: format_si(size_bytes, "B"),
        _pm("B"),
        ("needs", "need"),
    ),
    "cpu_s": Wording(
        "CPU time",
        "takes the least CPU time",
        "take the least CPU time",
        "take more",
        format_duration,
        _pm("s"),
        ("takes", "take"),
    ),
}


def _joules(energy_j: float) -> str:
    # Less than a nanojoule is what is left of a difference of equal numbers.
    return format_si(energy_j if abs(energy_j) >= _NOTHING_J else 0.0, "J")


def _nothing(variants: Sequence[VariantTrials]) -> str:
    trials = [trial for variant in variants for trial in variant.trials]
    reasons = list(dict.fromkeys(trial.reason for trial in trials if trial.reason))
    if not reasons:
        return "No trial has ended yet" if trials else "The campaign has no trials"
    more = f" (and {len(reasons) - 1} other reasons)" if len(reasons) > 1 else ""
    return f"No trial succeeded: {reasons[0]}{more}"
