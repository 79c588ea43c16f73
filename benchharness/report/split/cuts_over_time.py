"""The cuts of a run over time beside the rates of its links, for drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchharness.model import CampaignSummary, ParticipantSummary, TrialSummary, VariantSummary
from benchharness.report.html_panels import median_run
from benchharness.report.metrics import headline_key
from benchharness.report.participants_shown import good_trials, some_of_each
from benchharness.report.split.rounds import DeviceRound, device_rounds, devices_of
from benchharness.report.split.schemes import Scheme, schemes
from benchharness.report.text import plain

MOST_RUNS, MOST_DEVICES = 6, 6
_AT_ONCE_S = 0.5
_UP, _DOWN = "link_up_bit_s", "link_down_bit_s"
_ESTIMATES = ("uplink_estimate_bit_s", "uplink_bit_s")


@dataclass(frozen=True, slots=True)
class Steps:
    """A value that holds from each time on, in seconds of the window, until the next."""

    t_s: tuple[float, ...]
    value: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DeviceCuts:
    """One device: its cuts, and the rates of its link where they are known."""

    name: str
    cuts: Steps
    up_bit_s: Steps | None
    down_bit_s: Steps | None


@dataclass(frozen=True, slots=True)
class RunCuts:
    """One run. ``measured``: the rates are those that the run measured, round by round."""

    trial: TrialSummary
    label: str
    duration_s: float
    last_cut: int
    devices: tuple[DeviceCuts, ...]
    left_out: int
    measured: bool

    @property
    def one_link(self) -> bool:
        """Say whether all devices have one trace, so that one line is all of them."""
        first = self.devices[0]
        return all(
            _alike(first.up_bit_s, d.up_bit_s) and _alike(first.down_bit_s, d.down_bit_s)
            for d in self.devices
        )


def _alike(one: Steps | None, other: Steps | None) -> bool:
    """Say whether two are one trace: whoever keeps it sets one link after the other."""
    if one is None or other is None:
        return one is other
    if one.value != other.value:
        return False
    return all(abs(a - b) < _AT_ONCE_S for a, b in zip(one.t_s, other.t_s, strict=True))


def runs_with_cuts(summary: CampaignSummary) -> tuple[list[RunCuts], int]:
    """Return the median runs of the variants that chose, and how many are too many to draw.

    Where none chose, that of the first variant stands for all.
    """
    found = [
        (scheme, trial)
        for scheme in schemes([v for v in summary.variants if v.ok])
        if (trial := _median(summary, scheme.variant)) is not None
    ]
    choosing = [(s, t) for s, t in found if s.line or _moves(t)] or found[:1]
    chosen = _spread(choosing)
    runs = [run for s, t in chosen if (run := run_cuts(t, _label(s))) is not None]
    return runs, len(choosing) - len(chosen)


def run_cuts(trial: TrialSummary, label: str = "") -> RunCuts | None:
    """Return the cuts of a run over time, None for a run without any or without a window."""
    start_ns, end_ns = trial.window_start_ns, trial.window_end_ns
    devices = devices_of(trial)
    rounds = device_rounds(trial)
    if not rounds or start_ns is None or end_ns is None or end_ns <= start_ns:
        return None
    names = some_of_each(devices, MOST_DEVICES)
    traced = any(f"{p.name}/{_UP}" in trial.series for p in devices)
    shown = [_device(trial, p, rounds, traced=traced) for p in devices if p.name in names]
    return RunCuts(
        trial=trial,
        label=label,
        duration_s=(end_ns - start_ns) / 1e9,
        last_cut=max(_last_cut(trial), *(each.cut for each in rounds)),
        devices=tuple(shown),
        left_out=len(devices) - len(shown),
        measured=not traced,
    )


def _spread(
    found: Sequence[tuple[Scheme, TrialSummary]],
) -> list[tuple[Scheme, TrialSummary]]:
    """Return at most so many, of each line and condition as many: both ends and some between."""
    if len(found) <= MOST_RUNS:
        return list(found)
    of: dict[tuple[str, str], list[tuple[Scheme, TrialSummary]]] = {}
    for each in found:
        of.setdefault((each[0].condition, each[0].line), []).append(each)
    quota = max(1, MOST_RUNS // len(of))
    chosen = []
    for own in of.values():
        count = min(quota, len(own))
        places = [round(n * (len(own) - 1) / max(1, count - 1)) for n in range(count)]
        chosen += [own[place] for place in places]
    return chosen[:MOST_RUNS]


def _median(summary: CampaignSummary, variant: VariantSummary) -> TrialSummary | None:
    trial = median_run(summary, variant, headline_key(summary))
    if trial is not None and devices_of(trial):
        return trial
    good = [t for t in good_trials(summary.trials_of(variant.index)) if devices_of(t)]
    return good[0] if good else None


def _moves(trial: TrialSummary) -> bool:
    """Say whether a device was cut in more than one place."""
    cuts: dict[str, set[int]] = {}
    for each in device_rounds(trial):
        cuts.setdefault(each.device, set()).add(each.cut)
    return any(len(found) > 1 for found in cuts.values())


def _label(scheme: Scheme) -> str:
    words = [scheme.line, scheme.label, scheme.condition]
    return plain(", ".join(word for word in words if word), 80)


def _last_cut(trial: TrialSummary) -> int:
    """Return how many layers the network has, as the run's profile says; 1 where it has none."""
    profile = trial.outputs.get("profile")
    network = profile.get("network") if isinstance(profile, Mapping) else None
    layers = network.get("layers") if isinstance(network, Mapping) else None
    return layers if isinstance(layers, int) and 0 < layers < 1000 else 1


def _device(
    trial: TrialSummary,
    participant: ParticipantSummary,
    rounds: Sequence[DeviceRound],
    *,
    traced: bool,
) -> DeviceCuts:
    own = [each for each in rounds if each.device == participant.name]
    zero_ns = trial.window_start_ns or 0
    at_s = [_begin_s(trial, each) for each in own]
    name = plain(participant.device or participant.name, 30)
    cuts = Steps(tuple(at_s), tuple(float(each.cut) for each in own))
    if not traced:
        return DeviceCuts(name, cuts, _estimates(own, at_s), None)
    up, down = (
        tuple(
            (max(0.0, (p.t_ns - zero_ns) / 1e9), p.value)
            for p in trial.series.get(f"{participant.name}/{metric}", ())
        )
        for metric in (_UP, _DOWN)
    )
    return DeviceCuts(name, cuts, _trace(up), _trace(down))


def _begin_s(trial: TrialSummary, each: DeviceRound) -> float:
    """Return when a round began: by its phase, else when its cut was told."""
    zero_ns = trial.window_start_ns or 0
    if each.use is not None:
        return max(0.0, (each.use.start_ns - zero_ns) / 1e9)
    points = trial.series[f"{each.device}/cut"]
    at_ns = next(p.t_ns for p in points if p.step == each.step)
    return max(0.0, (at_ns - zero_ns) / 1e9)


def _trace(points: tuple[tuple[float, float], ...]) -> Steps | None:
    """Return rates by their times; of several at one time the last one holds."""
    latest = dict(points)
    return Steps(tuple(latest), tuple(latest.values())) if latest else None


def _estimates(own: Sequence[DeviceRound], at_s: Sequence[float]) -> Steps | None:
    """Return the uplink's rate as the run itself took it to be, round by round."""
    found = []
    for t_s, each in zip(at_s, own, strict=True):
        known = (each.value(name) for name in _ESTIMATES)
        rate = next((value for value in known if value is not None), None)
        if rate is not None:
            found.append((t_s, rate))
    return _trace(tuple(found))
