"""A profile from a stored campaign: what its devices took, in the form that a later run reads.

Times by layer are those that the runs measured before their first rounds, rates those of the
rounds, watts the meters' own: computing from the phase ``train``, sending from ``upload``,
receiving from ``download``, idle from the stages at rest. What no meter tells is as the runs took
it, and has no uncertainty; each figure says where it is from. The form is that of docs/cuts.md.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchharness.cuts.profile import VERSION, from_document
from benchharness.errors import UsageError
from benchharness.model import CampaignSummary, ParticipantSummary, Quantity, TrialSummary
from benchharness.report.groups import level_of
from benchharness.report.participants_shown import good_trials
from benchharness.report.split.rounds import devices_of
from benchharness.report.text import plain

PROFILE, POWER_MODE = "profile", "power_mode"
_PHASES = {"compute_w": "train", "transmit_w": "upload", "receive_w": "download"}
_ARRAYS = ("forward_s", "backward_s", "server_s")
_RATES = {"up_bit_s": "uplink_bit_s", "down_bit_s": "downlink_bit_s"}


@dataclass(frozen=True, slots=True)
class CampaignProfile:
    """The document, the variants that it is of, and those that are of other sizes or modes."""

    document: dict[str, Any]
    of: tuple[str, ...]
    left_out: tuple[str, ...]


def campaign_profile(summary: CampaignSummary, label: str | None = None) -> CampaignProfile:
    """Return the profile of a campaign's good runs, those of variant ``label`` alone if given.

    Runs whose network, batches or power mode differ from the first one's are left out. Raises
    UsageError for a campaign without a profile, and for a variant that it has not.
    """
    labels = {variant.index: variant.label for variant in summary.variants}
    if label is not None and label not in labels.values():
        raise UsageError(
            f"there is no variant {label!r}",
            where="--variant",
            remedy=f"take one of: {'; '.join(plain(each, 60) for each in labels.values())}",
        )
    runs = [
        trial
        for trial in good_trials(summary.trials)
        if devices_of(trial)
        and isinstance(trial.outputs.get(PROFILE), Mapping)
        and label in (None, labels[trial.variant])
    ]
    if not runs:
        raise UsageError(
            "no good run tells what its devices take by layer",
            where=f"campaign {plain(summary.campaign_id, 40)}",
            remedy="take a campaign of split_ares",
        )
    modes = {v.index: level_of(v, POWER_MODE) for v in summary.variants}
    alike = [run for run in runs if _kind(run, modes) == _kind(runs[0], modes)]
    used = dict.fromkeys(labels[run.variant] for run in alike)
    rest = dict.fromkeys(labels[r.variant] for r in runs if labels[r.variant] not in used)
    document = _document(summary, alike)
    from_document(document, f"the profile of {plain(summary.campaign_id, 40)}")  # that it is one
    return CampaignProfile(document, tuple(used), tuple(rest))


def _kind(trial: TrialSummary, modes: Mapping[int, str | None]) -> object:
    """Return what runs must have in common for their figures to be of one thing."""
    profile = trial.outputs[PROFILE]
    devices = [(each.get("name"), each.get("batches")) for each in profile.get("devices", ())]
    return profile.get("layers"), devices, modes.get(trial.variant)


def _document(summary: CampaignSummary, runs: Sequence[TrialSummary]) -> dict[str, Any]:
    first = runs[0].outputs[PROFILE]
    document: dict[str, Any] = {
        "version": VERSION,
        "campaign": summary.campaign_id,
        "created_utc": summary.created_utc,
        "runs": len(runs),
        "network": first.get("network"),
        "devices": [_device(str(each.get("name")), runs) for each in first.get("devices", ())],
        "layers": first.get("layers"),
    }
    if first.get("server") is not None:
        document["server"] = first["server"]
    return document


def _device(name: str, runs: Sequence[TrialSummary]) -> dict[str, Any]:
    told = [
        device
        for run in runs
        for device in run.outputs[PROFILE].get("devices", ())
        if device.get("name") == name
    ]
    own = [p for run in runs for p in devices_of(run) if p.name == name]
    rates = {key: _rate(runs, name, metric) for key, metric in _RATES.items()}
    return {
        "name": name,
        "board": next((p.device for p in own), None),
        **{key: _medians([device.get(key) for device in told]) for key in _ARRAYS},
        **{
            key: _median([device.get(key) for device in told]) if rate is None else rate
            for key, rate in rates.items()
        },
        "rates_source": {
            key: "before the first round" if rate is None else "the rounds, their median"
            for key, rate in rates.items()
        },
        "overhead_s": _median([device.get("overhead_s") for device in told]),
        "batches": told[0].get("batches"),
        "watts": _watts(own, [device.get("watts") or {} for device in told]),
    }


def _watts(own: Sequence[ParticipantSummary], told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the watts, each with its U and its source; a meter's where it has one."""
    metered = {key: _phase_power(own, phase) for key, phase in _PHASES.items()}
    metered["idle_w"] = _idle_power(own)
    taken = next((str(each["source"]) for each in told if each.get("source")), "not known")
    classes = sorted({p.energy.measurement_class.value for p in own if p.energy is not None})
    sources = {
        key: taken if power is None else f"meter, {'/'.join(classes)}"
        for key, power in metered.items()
    }
    return {
        **{
            key: _median([each.get(key) for each in told]) if power is None else power.value
            for key, power in metered.items()
        },
        "u_w": {k: None if power is None else power.expanded_u for k, power in metered.items()},
        "sources": sources,
        "source": "; ".join(dict.fromkeys(sources.values())),
    }


def _phase_power(own: Iterable[ParticipantSummary], phase: str) -> Quantity | None:
    """Return the mean power of a phase over the runs, its U in a row: one meter, one gain."""
    uses = [use for p in own for use in p.phases if use.name == phase and use.energy_j is not None]
    seconds = math.fsum(use.duration_s for use in uses)
    if seconds <= 0.0:
        return None
    joules = [use.energy_j for use in uses if use.energy_j is not None]
    halves = [each.expanded_u for each in joules if each.expanded_u is not None]
    power_w = math.fsum(each.value for each in joules) / seconds
    if power_w < 0.0:  # of a phase too short for its meter
        return None
    return Quantity(power_w, math.fsum(halves) / seconds if len(halves) == len(joules) else None)


def _idle_power(own: Iterable[ParticipantSummary]) -> Quantity | None:
    known = [
        p.energy.idle_power_w
        for p in own
        if p.energy is not None and p.energy.idle_power_w is not None
    ]
    if not known:
        return None
    halves = [each.expanded_u for each in known if each.expanded_u is not None]
    return Quantity(
        statistics.fmean(each.value for each in known),
        statistics.fmean(halves) if len(halves) == len(known) else None,
    )


def _rate(runs: Iterable[TrialSummary], name: str, metric: str) -> float | None:
    """Return the median rate of a link over all rounds, None where nothing was sent."""
    values = [p.value for run in runs for p in run.series.get(f"{name}/{metric}", ())]
    known = [value for value in values if math.isfinite(value) and value > 0.0]
    return statistics.median(known) if known else None


def _median(values: Iterable[object]) -> float | None:
    known = [float(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return statistics.median(known) if known else None


def _medians(arrays: Sequence[object]) -> list[float | None]:
    lists = [each for each in arrays if isinstance(each, Sequence) and not isinstance(each, str)]
    return [_median(values) for values in zip(*lists, strict=False)]
