"""Which device spent what, on what: bars by kind of phase, power over time, the table.

Bars and tables are means over the good runs; one run is drawn over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, TrialSummary, VariantSummary
from benchharness.report.device_rows import not_counted
from benchharness.report.device_series import (
    USUAL_BAR_S,
    DeviceSeries,
    TrialSeries,
    read_devices,
)
from benchharness.report.device_tables import device_tables
from benchharness.report.figures_devices import bar_length, device_axes, draw_device, watts
from benchharness.report.html_panels import Panel, Panels, median_run
from benchharness.report.html_stacks import Stack
from benchharness.report.metrics import class_suffix, headline_key, ranked
from benchharness.report.participant_stacks import (
    MOST_ROWS,
    energy_rows,
    mean_of,
    parts_stack,
    summed,
    time_rows,
)
from benchharness.report.participants_shown import good_trials, some_of_each, watt_hours
from benchharness.report.phase_kinds import ENGINE, PhaseKinds, clients, phase_kinds
from benchharness.report.stored_testbed import stored_testbed
from benchharness.report.table import Table
from benchharness.report.text import plain
from benchharness.report.timeline import SeriesReader
from benchharness.units import format_duration, format_si

MOST_PANELS = 12
_MOST_OPEN = 1  # variants whose bars are not folded away
_MOST_VARIANTS = 6


@dataclass(frozen=True, slots=True)
class VariantBars:
    """The bars of one variant: a row a participant."""

    label: str
    runs: int
    energy: Stack | None
    time: Stack | None
    left_out: int  # participants without bars


@dataclass(frozen=True, slots=True)
class ParticipantsView:
    """What the section shows. ``legend`` is the key to the phases: name, role of the colour."""

    in_rounds: bool
    energy_words: str  # "Energy", or with its class "Energy (emulated)"
    many: bool  # variants
    noun: str  # "device", or "program" where none has a device of its own
    not_counted: str  # whose joules are in no sum
    whole: Stack | None  # a bar a variant: the joules of all devices together
    whole_time: Stack | None  # likewise the seconds of the mean one
    bars: tuple[VariantBars, ...]
    left_out: int  # variants without bars
    panels: Panels
    shown: str  # which run is drawn over time, and how it was read
    legend: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def participants_view(
    summary: CampaignSummary, reader: SeriesReader | None, buckets: int = 240
) -> ParticipantsView | None:
    """Return the section; None for a campaign whose trials are of one program each."""
    good = good_trials(summary.trials)
    if not any(len(clients(trial)) > 1 for trial in good):
        return None
    kinds = phase_kinds(good)
    variants = [v for v in ranked(summary, headline_key(summary)) if v.ok]
    series = None if reader is None else shown_series(summary, reader, kinds, buckets)
    bars = [_bars(summary, variant, kinds) for variant in variants[:_MOST_VARIANTS]]
    return ParticipantsView(
        in_rounds=kinds.in_rounds,
        energy_words=energy_words(summary),
        many=len(variants) > 1,
        noun="device" if any(p.device for t in good for p in clients(t)) else "program",
        not_counted=not_counted(good, kinds),
        whole=whole_stack(summary, kinds),
        whole_time=whole_time_stack(summary, kinds),
        bars=tuple(b for b in bars if b.energy is not None or b.time is not None),
        left_out=max(0, len(variants) - _MOST_VARIANTS),
        panels=_panels(series, kinds),
        shown="" if series is None else _shown(summary, series),
        legend=_legend(series, kinds),
        tables=tuple(device_tables(summary, kinds, stored_testbed(reader, summary.campaign_id))),
        notes=tuple(_notes(good, kinds)),
    )


def shown_series(
    summary: CampaignSummary, reader: SeriesReader, kinds: PhaseKinds, buckets: int
) -> TrialSeries | None:
    """Read the run that is drawn: the median one of the best variant whose devices were metered."""
    key = headline_key(summary)
    for variant in ranked(summary, key):
        trial = median_run(summary, variant, key) if variant.ok else None
        series = None if trial is None else read_devices(reader, trial, kinds, buckets)
        if series is not None:
            return series
    return None


def energy_words(summary: CampaignSummary) -> str:
    """Return what the joules are called: with their class, where they are not measured."""
    suffix = class_suffix(summary).strip(", ")
    return f"Energy ({suffix})" if suffix else "Energy"


def whole_stack(summary: CampaignSummary, kinds: PhaseKinds) -> Stack | None:
    """Return a bar a variant: the joules of all devices by kind, so that engines stand beside."""
    variants = [v for v in ranked(summary, headline_key(summary)) if v.ok]
    rows = []
    for variant in variants:
        trials = good_trials(summary.trials_of(variant.index))
        parts = energy_rows(trials, kinds)
        if parts:
            rows.append(summed(plain(variant.label, 60), parts, _half_of(trials)))
    return parts_stack("Energy", rows, kinds, "J") if len(rows) > 1 else None


def whole_time_stack(summary: CampaignSummary, kinds: PhaseKinds) -> Stack | None:
    """Return a bar a variant: how long its participants did what, the mean over all of them."""
    rows = []
    for variant in ranked(summary, headline_key(summary)):
        parts = time_rows(good_trials(summary.trials_of(variant.index)), kinds)
        if parts:
            rows.append(mean_of(plain(variant.label, 60), parts))
    return parts_stack("Time", rows, kinds, "s") if len(rows) > 1 else None


def _half_of(trials: Sequence[TrialSummary]) -> float | None:
    """Return the mean U of the sum over all devices, None where a run has none."""
    halves = [t.energy.gross_j.expanded_u for t in trials if t.energy is not None]
    known = [half for half in halves if half is not None]
    return sum(known) / len(known) if known and len(known) == len(trials) else None


def _bars(summary: CampaignSummary, variant: VariantSummary, kinds: PhaseKinds) -> VariantBars:
    trials = good_trials(summary.trials_of(variant.index))
    several = clients(trials[0])
    only = some_of_each(several, MOST_ROWS)
    return VariantBars(
        plain(variant.label, 60),
        len(trials),
        parts_stack("Energy", energy_rows(trials, kinds, only), kinds, "J"),
        parts_stack("Time", time_rows(trials, kinds, only), kinds, "s"),
        len(several) - len(only),
    )


def _panels(series: TrialSeries | None, kinds: PhaseKinds) -> Panels:
    if series is None:
        return Panels((), 0)
    axes = device_axes(series, kinds.roles)
    shown = shown_devices(series)
    return Panels(
        tuple(
            Panel(
                head=plain(device.participant.device or device.participant.name, 40),
                text=_who(device),
                figure=draw_device(device, axes, f"device{place}"),
            )
            for place, device in enumerate(shown)
        ),
        len(series.devices) - len(shown),
    )


def shown_devices(series: TrialSeries) -> list[DeviceSeries]:
    """Return the participants that are drawn: of many some of each kind of device."""
    names = some_of_each([device.participant for device in series.devices], MOST_PANELS)
    return [device for device in series.devices if device.participant.name in names]


def _who(device: DeviceSeries) -> str:
    """Return the program, the device's title, its energy and its plateau."""
    own = device.participant
    parts = [plain(own.name, 40)]
    if own.device_title:
        parts.append(plain(own.device_title, 60))
    if own.energy is not None:
        joules = own.energy.gross_j.value
        parts.append(f"{format_si(joules, 'J', 3)} ({watt_hours(joules)})")
    if device.plateau_w is not None:
        parts.append(f"about {watts(device.plateau_w)} W at work")
    return ", ".join(parts)


def _shown(summary: CampaignSummary, series: TrialSeries) -> str:
    """Say which run is drawn, how it was read, and how long a bar is."""
    trial = series.trial
    label = next((v.label for v in summary.variants if v.index == trial.variant), "")
    of = f" of {plain(label, 60)}" if len(summary.variants) > 1 else ""
    run = f"Run {trial.index + 1}{of}, {format_duration(series.window_s)}"
    read = (
        ""
        if series.period_s is None
        else f", read every {format_si(float(f'{series.period_s:.2g}'), 's', 2)}"
    )
    bars = f"Bars: energy in each {bar_length(series.bar_s)}"
    if series.bar_s < USUAL_BAR_S:
        bars += ", since two minutes would be too few bars in this window"
    return f"{run}{read}. {bars}; the last one may be shorter"


def _legend(series: TrialSeries | None, kinds: PhaseKinds) -> tuple[tuple[str, str], ...]:
    if series is None:
        return ()
    seen = {span.name for device in series.devices for span in device.spans}
    return tuple((plain(k, 60), role) for k, role in kinds.roles.items() if k in seen)


def _notes(good: Sequence[TrialSummary], kinds: PhaseKinds) -> list[str]:
    """Say how the joules were divided, and what could not be."""
    notes = []
    placed = [p for t in good for p in clients(t)]
    methods = dict.fromkeys(u.energy_method for p in placed for u in p.phases if u.energy_method)
    words = {"readings": "by the readings that see one phase only", "CPU use": "by CPU use"}
    if methods:
        how = " or ".join(words.get(m, plain(m, 60)) for m in methods)
        notes.append(f"The joules of a device were divided among its phases {how}")
    reasons = [p.energy_missing for p in placed if p.energy is None]
    reasons += [u.energy_missing for p in placed for u in p.phases if u.energy_j is None]
    known = [plain(reason, 200) for reason in dict.fromkeys(reasons) if reason]
    notes += [f"Joules are missing: {reason}" for reason in known[:3]]
    if any(kinds.of(use.name) == ENGINE for p in placed for use in p.phases):
        notes.append(
            "Transfer and engine: from the server's sending to the client's beginning, and from "
            "the client's end to the server's receiving; everything that is not training, "
            "evaluating or waiting"
        )
    return notes
