"""The answer of a campaign whose variants do not all compete: a sentence for each workload."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchharness.model import MeasurementClass
from benchharness.report.derive_variants import GROSS, NET, VariantTrials, samples_of
from benchharness.report.groups import Group, groups, name_in, workloads
from benchharness.stats.ranking import rank
from benchharness.stats.verdict import SUGGESTED_REPETITIONS, listed, ratio_text

_MOST_NAMED = 3
_NOTHING = "nothing to compare, each of its kind is alone"
_PHRASES = {NET: "least {cls}net energy", GROSS: "least {cls}gross energy"}


def divided_verdict(
    good: Sequence[VariantTrials],
    metric_for: Callable[[Sequence[VariantTrials]], str],
    *,
    several: bool,
) -> str:
    """Return ``matrix, fastest: wasmer in jit (wasmtime × 1.2), ... . gpio-http, fastest: ...``.

    ``metric_for`` says what ranks the variants of a workload; ``several`` that the campaign has
    several, which are named. The reference is not ranked.
    """
    said = []
    for workload in workloads(good):
        members = [variant for variant in good if variant.workload == workload]
        metric = metric_for(members)
        head = _PHRASES.get(metric, "fastest").format(cls=_class(members))
        parts = [part for g in groups(members) if (part := _said_of(g, metric, several=several))]
        name = f"{workload}, " if several else ""
        head = head if several else f"{head[0].upper()}{head[1:]}"
        said.append(f"{name}{head}: {', '.join(parts)}" if parts else f"{name}{_NOTHING}")
    return ". ".join(said)


def _class(members: Sequence[VariantTrials]) -> str:
    found = members[0].energy_class
    return "" if found in (None, MeasurementClass.MEASURED) else f"{found.value} "


def _said_of(group: Group[VariantTrials], metric: str, *, several: bool) -> str:
    """Return what wins in a group; "" where there is nothing to win."""
    samples = samples_of(group.members, metric)
    names = [name_in(member, group.kind, several=several) for member in group.members]
    ranking = rank(samples)
    if group.is_reference or len(ranking.order) < 2:
        return ""
    kind = f" in {group.kind}" if group.kind else ""
    if not ranking.decided:
        return f"not ranked{kind} (one trial has no spread: --repeat {SUGGESTED_REPETITIONS})"
    best = ranking.order[0]
    if ranking.tied:
        tied = [names[place] for place in ranking.order if place == best or place in ranking.tied]
        who = listed(tied) if len(tied) <= _MOST_NAMED else f"{len(tied)} variants"
        return f"undecided{kind} between {who}"
    ratio = ranking.ratios[ranking.order[1]]
    second = names[ranking.order[1]]
    if ratio is None or ratio.low is None or ratio.high is None:
        return f"{names[best]}{kind}"
    return f"{names[best]}{kind} ({second} × {ratio_text(ratio)[0]})"
