"""Several programs in sentences: on which devices they ran, on what data, divided how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from benchharness.model import CampaignSummary, MeasurementClass, ParticipantSummary, TrialSummary
from benchharness.report.device_rows import not_counted
from benchharness.report.methods_parts import Sentence, listed
from benchharness.report.participants_shown import good_trials
from benchharness.report.partition import partitions
from benchharness.report.phase_kinds import clients, phase_kinds
from benchharness.report.text import number, plain


def participants_sentences(summary: CampaignSummary) -> Iterator[Sentence]:
    """Yield what a reader must know of the participants and of the data; else nothing."""
    good = good_trials(summary.trials)
    several = next((trial for trial in good if len(clients(trial)) > 1), None)
    if several is not None:
        yield from _devices(clients(several))
        if without := not_counted(good, phase_kinds(good)):
            yield (f"{without}.",)
    yield from _data(summary, good)


def _devices(participants: Sequence[ParticipantSummary]) -> Iterator[Sentence]:
    placed = [p for p in participants if p.device is not None]
    if not placed:
        yield (f"{len(participants)} programs ran at the same time on this machine.",)
        return
    titles = Counter(plain(p.device_title or p.device, 60) for p in placed)
    kinds: list[Sentence] = [(f"{count} × {title}",) for title, count in titles.items()]
    shares = sorted(p.cores for p in placed if p.cores is not None)
    emulated = any(
        p.energy is not None and p.energy.measurement_class is MeasurementClass.EMULATED
        for p in placed
    )
    word = "a digital twin of" if emulated else "a testbed of"
    yield (f"{len(placed)} programs ran on {word} ", *listed(kinds), ".")
    if shares:
        low, high = number(shares[0], 2), number(shares[-1], 2)
        span = f"{low} to {high}" if low != high else low
        power = (
            ", and an emulated plug whose power follows its CPU use between the stated idle and "
            "busy watts"
            if emulated
            else ""
        )
        yield (
            f"Each was given a share of this machine's CPU, {span} cores, in a control group of "
            f"its own{power}.",
        )


def _data(summary: CampaignSummary, good: Sequence[TrialSummary]) -> Iterator[Sentence]:
    """Say what was learned from, as the workload tells it, and how it was divided."""
    told = (trial.outputs.get("data") for trial in good)
    texts = dict.fromkeys(plain(text, 240).rstrip(".") for text in told if isinstance(text, str))
    if texts:
        yield (f"The data: {'; '.join(texts)}.",)
    ways = dict.fromkeys(
        f"{len(view.clients) + view.left_out} clients ({view.how})"
        for view in partitions(summary)
        if view.how
    )
    if ways:
        yield (f"They were divided among {' or '.join(ways)}.",)
