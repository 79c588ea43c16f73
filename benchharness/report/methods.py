"""The methods section of a paper from a campaign: what was done, with its numbers filled in.

Every sentence is made from what the campaign recorded. What is not known is left out.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchharness.model import CampaignSummary, Status, TrialSummary
from benchharness.report.groups import workloads
from benchharness.report.latex_document import document, write_tex
from benchharness.report.latex_text import escape
from benchharness.report.methods_energy import energy_sentences
from benchharness.report.methods_machine import machine, software
from benchharness.report.methods_participants import participants_sentences
from benchharness.report.methods_parts import (
    Part,
    Sentence,
    as_text,
    latex_paragraph,
    listed,
    percent,
    si,
)
from benchharness.report.methods_statistics import statistics_sentences
from benchharness.report.phases import HARNESS
from benchharness.report.run_order import has_complete_blocks, is_randomised
from benchharness.report.text import plain
from benchharness.units import format_bytes

if TYPE_CHECKING:
    from benchharness.store.database import Store


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the runs were made, as far as the summary does not say; None is not known."""

    probe_hz: float | None = None
    warmup: int | None = None
    has_temperature: bool | None = None  # the board told its temperature


def read_conditions(store: Store, campaign_id: str) -> Conditions:
    """Read the conditions of a campaign. Raises UnknownNameError for one that is not there."""
    campaign = store.campaign(campaign_id)
    options: Mapping[str, Any] = campaign.spec.get("options") or {}
    trials = store.trials(campaign.id)
    names = {
        channel.name
        for trial in trials[:1]
        for stream in store.streams(trial.trial_id)
        for channel in stream.channels
    }
    return Conditions(
        probe_hz=options.get("probe_hz"),
        warmup=options.get("warmup"),
        has_temperature="temperature_c" in names if names else None,
    )


def write_methods(
    summary: CampaignSummary,
    path: Path,
    conditions: Conditions | None = None,
    *,
    standalone: bool = False,
) -> Path:
    """Write the paragraph for ``\\input``. Raises UsageError when the file cannot be written."""
    text = methods_latex(summary, conditions)
    return write_tex(path, document(text) if standalone else text, "the methods")


def methods_latex(summary: CampaignSummary, conditions: Conditions | None = None) -> str:
    """Return the paragraph as LaTeX, which needs siunitx."""
    head = f"% benchharness, methods of campaign {escape(plain(summary.campaign_id, 40))}\n"
    need = "% in the preamble: \\usepackage{siunitx}, siunitx 2.7 or newer\n"
    return head + need + latex_paragraph(methods_parts(summary, conditions))


def methods_sentences(summary: CampaignSummary, conditions: Conditions | None = None) -> list[str]:
    """Return the paragraph as sentences of plain text."""
    return [as_text(sentence) for sentence in methods_parts(summary, conditions)]


def methods_parts(summary: CampaignSummary, conditions: Conditions | None = None) -> list[Sentence]:
    """Return the sentences in the order of a methods section."""
    known = conditions or Conditions()
    return [
        *_what(summary),
        *participants_sentences(summary),
        *_repetitions(summary, known),
        *_between(summary, known),
        *energy_sentences(summary),
        *_probes(summary, known),
        *statistics_sentences(summary),
        *software(summary),
    ]


def _what(summary: CampaignSummary) -> Iterator[Sentence]:
    if not summary.variants:
        return
    names = [plain(name, 60) for name in workloads(summary.variants) if name]
    count = len(summary.variants)
    of = listed([(name,) for name in names]) if names else (plain(summary.title, 60),)
    variants = "one variant" if count == 1 else f"{count} variants"
    where = machine(summary.environment)
    yield (f"We ran {variants} of ", *of, *([" on ", *where] if where else []), ".")
    if summary.quick:
        yield ("This was a quick run with small inputs: its figures are not results.",)


def _repetitions(summary: CampaignSummary, known: Conditions) -> Iterator[Sentence]:
    ended = [t for t in summary.trials if not t.status.is_pending]
    if not ended:
        return
    counts = sorted(Counter(t.variant for t in ended).values())
    times = f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
    word = "time" if times == "1" else "times"
    bad = sum(t.status is not Status.OK for t in ended)
    left = f"; {bad} of them failed and {'is' if bad == 1 else 'are'} left out" if bad else ""
    order = _order(summary)
    yield (f"Each variant was run {times} {word} ({len(ended)} runs in all{left}){order}.",)
    if known.warmup:
        often = "once" if known.warmup == 1 else f"{known.warmup} times"
        yield (f"Before each run the program was run {often} to warm up, without being counted.",)
    elif known.warmup == 0:
        yield ("There were no warm-up runs: each run starts a new process.",)
    if _agree(ended):
        yield ("All good runs of a variant gave the same output.",)


def _agree(ended: Sequence[TrialSummary]) -> bool:
    """Say whether every good run told an output, and those of each variant the same."""
    told: dict[int, list[Mapping[str, Any]]] = {}
    for trial in ended:
        if trial.status is Status.OK:
            told.setdefault(trial.variant, []).append(trial.outputs)
    return bool(told) and all(
        len(each) > 1 and each[0] and all(outputs == each[0] for outputs in each)
        for each in told.values()
    )


def _order(summary: CampaignSummary) -> str:
    """Say how the runs were ordered, by the order in which they were."""
    if len(summary.variants) < 2:
        return ""
    if not is_randomised(summary):
        return "; the order of the runs was not randomised"
    if has_complete_blocks(summary):
        return f" in randomised complete blocks (seed {summary.seed})"
    return f" in a randomised order (seed {summary.seed})"


def _between(summary: CampaignSummary, known: Conditions) -> Iterator[Sentence]:
    waits = _seconds(summary, "cooldown")
    if len(waits) < 1:
        return
    wait = si(statistics.median(waits), "s", 2)
    if known.has_temperature:
        yield (
            "Between two runs the harness waited until the processor had cooled to near its "
            "temperature before the first run (median wait ",
            wait,
            ").",
        )
    elif statistics.median(waits) >= 0.5:
        yield ("Between two runs the machine rested for ", wait, ".")


def _seconds(summary: CampaignSummary, stage: str) -> list[float]:
    return [
        (span.end_ns - span.start_ns) / 1e9
        for trial in summary.trials
        for span in trial.spans
        if span.source == HARNESS and span.name == stage and span.end_ns is not None
    ]


def _probes(summary: CampaignSummary, known: Conditions) -> Iterator[Sentence]:
    share = summary.overhead.get("cpu_share_of_a_core")
    memory = summary.overhead.get("memory_peak_bytes")
    own: list[Part] = []
    if share is not None:
        own = ["the harness itself used ", percent(share), " of one core"]
        own += [f" and {format_bytes(memory)} of memory"] if memory else []
    if known.probe_hz is not None:
        what: Sentence = ("CPU time and memory were sampled at ", si(known.probe_hz, "Hz"))
        yield (*what, *(["; ", *own] if own else []), ".")
    elif own:
        yield ("The harness itself used ", *own[1:], ".")
