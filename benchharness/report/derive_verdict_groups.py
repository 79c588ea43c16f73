"""The answer of a campaign whose variants do not all compete: a sentence for each workload."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchharness.model import MeasurementClass
from benchharness.report.derive_variants import GROSS, NET, VariantTrials, samples_of
from benchharness.report.groups import Group, groups, name_in, workloads
from benchharness.stats.ranking import rank
from benchharness.stats.saying import listed, ratio_text
from benchharness.stats.verdict import SUGGESTED_REPETITIONS

_MOST_NAMED = 3
_ALONE = "nothing to compare, each of its kind is alone"
_EACH = "one trial of each variant has no spread"
_SOME = "one trial has no spread"
_REMEDY = f"(--repeat {SUGGESTED_REPETITIONS})"
_PHRASES = {NET: "least {cls}net energy", GROSS: "least {cls}gross energy"}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is to be said of a group: ``text``; with ``unranked`` that it has no ranking."""

    kind: str
    text: str
    unranked: bool = False


def divided_verdict(
    good: Sequence[VariantTrials],
    metric_for: Callable[[Sequence[VariantTrials]], str],
    *,
    several: bool,
) -> str:
    """Return ``matrix, fastest: wasmer in jit (wasmtime × 1.2), ... . gpio-http, fastest: ...``.

    ``metric_for`` says what ranks the variants of a workload; ``several`` that the campaign has
    several, which are named. The reference is not ranked. What could not be ranked, and why, and
    what has nothing to be compared with is said once, at the end.
    """
    said: list[str] = []
    alone: list[str] = []
    unranked: dict[str, list[str]] = {}
    for workload in workloads(good):
        members = [variant for variant in good if variant.workload == workload]
        metric = metric_for(members)
        answers = [a for g in groups(members) if (a := _said_of(g, metric, several=several))]
        parts = [answer.text for answer in answers if not answer.unranked]
        if parts:
            said.append(f"{_head(members, metric, workload, several=several)}: {', '.join(parts)}")
        if not answers:
            alone.append(workload)
        if kinds := [answer.kind for answer in answers if answer.unranked]:
            unranked[workload] = kinds
    if unranked:
        reason = _EACH if all(len(v.trials) == 1 for v in good) else _SOME
        who = _places(unranked, several=several)
        said += [
            f"Not ranked: {who}, since {reason} {_REMEDY}"
            if said
            else f"{reason}, so nothing is ranked {_REMEDY}"
        ]
    if alone:
        said.append(f"{listed(alone)}, {_ALONE}" if several else _ALONE)
    return ". ".join(said)


def _head(members: Sequence[VariantTrials], metric: str, workload: str, *, several: bool) -> str:
    head = _PHRASES.get(metric, "fastest").format(cls=_class(members))
    return f"{workload}, {head}" if several else f"{head[0].upper()}{head[1:]}"


def _places(unranked: dict[str, list[str]], *, several: bool) -> str:
    """Return ``matrix in jit and aot, gpio-http in jit``."""
    found = []
    for workload, kinds in unranked.items():
        known = listed([kind for kind in kinds if kind])
        name = workload if several else ""
        found.append(f"{name} in {known}".strip() if known else name)
    return ", ".join(found)


def _class(members: Sequence[VariantTrials]) -> str:
    found = members[0].energy_class
    return "" if found in (None, MeasurementClass.MEASURED) else f"{found.value} "


def _said_of(group: Group[VariantTrials], metric: str, *, several: bool) -> _Answer | None:
    """Return what wins in a group; None where there is nothing to win."""
    samples = samples_of(group.members, metric)
    names = [name_in(member, group.kind, several=several) for member in group.members]
    ranking = rank(samples)
    if group.is_reference or len(ranking.order) < 2:
        return None
    kind = f" in {group.kind}" if group.kind else ""
    if not ranking.decided:
        return _Answer(group.kind, "", unranked=True)
    best = ranking.order[0]
    if ranking.tied:
        tied = [names[place] for place in ranking.order if place == best or place in ranking.tied]
        who = listed(tied) if len(tied) <= _MOST_NAMED else f"{len(tied)} variants"
        return _Answer(group.kind, f"undecided{kind} between {who}")
    ratio = ranking.ratios[ranking.order[1]]
    second = names[ranking.order[1]]
    if ratio is None or ratio.low is None or ratio.high is None:
        return _Answer(group.kind, f"{names[best]}{kind}")
    return _Answer(group.kind, f"{names[best]}{kind} ({second} × {ratio_text(ratio)[0]})")
