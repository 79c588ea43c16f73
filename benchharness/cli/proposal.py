"""What a pilot has shown: the repetitions that are needed, and the command that runs them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from benchharness.cli.columns import columns
from benchharness.clock import seconds
from benchharness.model import Status, TrialSummary
from benchharness.plan.goals import IN_WORDS
from benchharness.plan.pilot import Iterations, Proposal, propose
from benchharness.plan.stop import percent
from benchharness.report.commands import command, named_results
from benchharness.units import format_duration

if TYPE_CHECKING:
    from benchharness.plan.run_table import Variant
    from benchharness.store.database import Store
    from benchharness.store.records import CampaignRecord

_HARNESS = "harness"
_PRACTICAL = 200  # more repetitions of one campaign are hardly made


def print_proposal(store: Store, campaign: CampaignRecord) -> None:
    """Print on stderr what a pilot proposes; nothing for a campaign that is none."""
    if "pilot" not in campaign.spec:
        return
    for line in proposal_lines(store, campaign):
        print(line, file=sys.stderr)


def proposal_lines(store: Store, campaign: CampaignRecord) -> list[str]:
    """Return the proposal for people."""
    from benchharness.cli.growing import looked_at, stored_variants, values_of
    from benchharness.report.derive import derive_trial

    width = float(campaign.spec["pilot"]["width"])
    metric = looked_at(campaign.spec)
    trials = [derive_trial(store, record) for record in store.trials(campaign.id)]
    variants = stored_variants(campaign.spec)
    values = values_of(variants, trials, metric)
    iterations = _iterations(store, variants, trials)
    found = propose(values, iterations, width)
    there = max((trial.repetition + 1 for trial in trials), default=0)
    block_s = sum(trial_s(trial) for trial in trials) / max(1, there)
    lines = [
        "",
        f"pilot: repetitions for a 95 % interval of {percent(width)} around each mean of "
        f"{IN_WORDS[metric]}",
        *columns(
            [
                ["variant", "trials", "spread", "needed"],
                *([p.label, str(p.trials), _spread(p), _needed(p)] for p in found),
            ]
        ),
    ]
    lines += _advice(found, there, block_s, partial(_command, store, campaign))
    return lines + _levels(found)


def _advice(
    found: Sequence[Proposal], there: int, block_s: float, resume: Callable[[int], str]
) -> list[str]:
    known = [each.repetitions for each in found if each.repetitions is not None]
    if not known:
        return ["no variant has a spread above 0 around a mean above 0: nothing can be proposed"]
    most = max(known)
    silent = [each.label for each in found if each.repetitions is None]
    lines = [f"not known for {', '.join(silent)}"] if silent else []
    fewest = min(each.trials for each in found if each.repetitions is not None)
    if fewest > 1:
        share = percent(1.0 / (2.0 * (fewest - 1)) ** 0.5)
        lines.append(f"a spread of {fewest} values is itself only known to about ± {share}")
    if most <= there:
        return [*lines, f"the {there} repetitions that there are do"]
    more = most - there
    lines.append(f"{more} more of every variant, about {format_duration(more * block_s)}:")
    lines.append(f"  {resume(most)}")
    if most > _PRACTICAL:
        lines.append("that is many: longer windows, or a steadier machine, would need fewer")
    return lines


def _levels(found: Sequence[Proposal]) -> list[str]:
    """Say how often a program should repeat within a trial, where it does."""
    lines = []
    for each in found:
        if each.best_iterations is None:
            continue
        best = each.best_iterations
        what = "as often as it can" if best == 0 else f"{best} times"
        lines += [
            f"{each.label} repeats {each.iteration} {each.iterations} times in a trial;",
            f"  for the time that trials cost, {what} is best (Kalibera and Jones 2013)",
        ]
    return lines


def _spread(proposal: Proposal) -> str:
    return "–" if proposal.variation is None else percent(proposal.variation)


def _needed(proposal: Proposal) -> str:
    return "–" if proposal.repetitions is None else str(proposal.repetitions)


def _command(store: Store, campaign: CampaignRecord, repeat: int) -> str:
    words = (campaign.id, "--repeat", str(repeat))
    return command("resume", *words, results=named_results(store.path))


def trial_s(trial: TrialSummary) -> float:
    """Return how long a trial took, from its first stage to its last; 0 for one without any."""
    ends = [span.end_ns for span in trial.spans if span.end_ns is not None]
    return seconds(max(ends) - min(span.start_ns for span in trial.spans)) if ends else 0.0


def _iterations(
    store: Store, variants: Sequence[Variant], trials: Sequence[TrialSummary]
) -> dict[str, Iterations]:
    """Return what each variant's program repeats: its commonest phase, else its metric in s."""
    found: dict[str, Iterations] = {}
    for variant in variants:
        good = [t for t in trials if t.variant == variant.index and t.status is Status.OK]
        repeated = [_phases(trial) or _stepped(store, trial) for trial in good]
        names = {name for each in repeated for name in each}
        for name in names:
            lists = [each.get(name, []) for each in repeated]
            if min(map(len, lists)) >= 2:
                whole_s = sum(map(trial_s, good)) / len(good)
                before = found.get(variant.label)
                candidate = Iterations(name, lists, whole_s)
                if before is None or candidate.count > before.count:
                    found[variant.label] = candidate
    return found


def _phases(trial: TrialSummary) -> dict[str, list[float]]:
    lists: dict[str, list[float]] = {}
    for span in trial.spans:
        if span.source != _HARNESS and span.name != "window" and span.end_ns is not None:
            lists.setdefault(span.name, []).append(seconds(span.end_ns - span.start_ns))
    return {name: each for name, each in lists.items() if len(each) > 1}


def _stepped(store: Store, trial: TrialSummary) -> dict[str, list[float]]:
    lists: dict[str, list[float]] = {}
    for event in store.events(trial.trial_id, "metric"):
        if event.step is not None and event.unit == "s" and event.name and event.value is not None:
            lists.setdefault(event.name, []).append(event.value)
    return {name: each for name, each in lists.items() if len(each) > 1}
