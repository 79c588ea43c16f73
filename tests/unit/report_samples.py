"""Hand-made campaigns for the tests of the reports: small, invented, the same every time."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from benchharness.model import (
    CampaignSummary,
    Caution,
    Channel,
    EnergyEstimate,
    EnergyFigure,
    MeasurementClass,
    MetricSummary,
    PhaseSpan,
    Quantity,
    Status,
    TrialSummary,
    VariantSummary,
)
from benchharness.report.derive_standings import Rules, with_standings
from benchharness.report.derive_variants import VariantTrials

T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 9: 2.262, 24: 2.064}  # Student, 97.5 %
SECOND_NS = 1_000_000_000
HOSTILE = "</title><script>alert('x')</script><img src=x onerror=alert(1)>&amp;\"'|`$_#%\x1b[31m"


@dataclass(frozen=True)
class Kind:
    """What a variant of the sample costs."""

    label: str
    duration_s: float
    power_w: float
    memory_mib: float
    compile_s: float
    module_bytes: int | None


KINDS = (
    Kind("wasmtime scalar", 16.8, 5.9, 612.0, 0.21, 41_213),
    Kind("wasmtime simd128", 9.1, 6.1, 613.0, 0.24, 43_870),
    Kind("native", 9.3, 6.0, 575.0, 0.0, None),
    Kind("numpy", 3.2, 7.4, 640.0, 0.0, None),
)
IDLE_W = 2.7
TERMS_J = {"gain": 0.55, "quantisation": 0.3, "edges": 0.21, "idle drift": 0.4}
RAIL_SHARE = 0.82


def sample_trial(
    index: int, variant: int, repetition: int, kind: Kind, noise: float, cls: MeasurementClass
) -> TrialSummary:
    duration_s = kind.duration_s * (1 + noise)
    start_ns = (1_000 + 40 * index) * SECOND_NS
    end_ns = start_ns + round(duration_s * SECOND_NS)
    gross_j = kind.power_w * duration_s * (1 + noise / 2)
    net_j = gross_j - IDLE_W * duration_s
    compile_ns = start_ns + round(kind.compile_s * SECOND_NS)
    spans = [
        PhaseSpan("harness", "settle", start_ns - 8 * SECOND_NS, start_ns - 5 * SECOND_NS),
        PhaseSpan("harness", "idle_before", start_ns - 5 * SECOND_NS, start_ns),
        PhaseSpan("harness", "window", start_ns, end_ns),
        PhaseSpan("main", "run", compile_ns, end_ns),
        PhaseSpan("harness", "idle_after", end_ns, end_ns + 5 * SECOND_NS),
    ]
    phases = {"run": duration_s - kind.compile_s}
    if kind.compile_s:
        spans.append(PhaseSpan("main", "compile", start_ns, compile_ns))
        phases = {"compile": kind.compile_s, **phases}
    estimates = (
        EnergyEstimate("counter difference", gross_j, 0.6, {"quantisation": 0.3}, 2, 1.0),
        EnergyEstimate("interior hold", gross_j + 0.2, 0.9, {"edges": 0.7}, 16, 0.995),
        EnergyEstimate("hold and sum", gross_j * 0.975, 2.5, {"edges": 2.4}, 16, 0.97),
        EnergyEstimate("clipped trapezoid", gross_j * 0.983, 1.7, {"edges": 1.6}, 16, 0.98),
    )
    figure = EnergyFigure(
        gross_j=Quantity(gross_j, 1.4, 2.0),
        net_j=Quantity(net_j, 2.0 * math.hypot(*TERMS_J.values()), 2.0),
        method="counter difference",
        meter="plug-1",
        target="board",
        measurement_class=cls,
        idle_power_w=Quantity(IDLE_W, 0.05, 2.0),
        dominant_term="gain",
        terms_j=TERMS_J,
        coverage=0.995,
        estimates=estimates,
        nu_eff=61.0,
        gate={"accepted": 40, "rejected: spike": 1} if index % 7 == 3 else {"accepted": 41},
        nu={"idle drift": 8.0},
        idle_each_w=(IDLE_W - 0.02, IDLE_W + 0.02),
    )
    return TrialSummary(
        trial_id=index + 1,
        index=index,
        variant=variant,
        repetition=repetition,
        workload="matrix",
        factors={"runtime": kind.label, "n": 2000},
        status=Status.OK,
        reason=None,
        duration_s=duration_s,
        cpu_s=duration_s * 0.99,
        cpu_percent=99.0,
        memory_peak_bytes=round(kind.memory_mib * 2**20),
        energy=figure,
        energy_missing=None,
        other_energy=(),
        outputs={"checksum": "a3f1"},
        metrics={},
        phases_s=phases,
        window_start_ns=start_ns,
        window_end_ns=end_ns,
        spans=tuple(spans),
        cautions=(),
        methods={"cpu": "cgroup v1", "memory": "cgroup v1 anonymous, sampled"},
        module_bytes=kind.module_bytes,
    )


def metric(values: Sequence[float]) -> MetricSummary:
    mean = statistics.fmean(values)
    if len(values) < 2:
        return MetricSummary(len(values), mean, None, None, None)
    sd = statistics.stdev(values)
    half = T95.get(len(values) - 1, 2.0) * sd / math.sqrt(len(values))
    return MetricSummary(len(values), mean, sd, mean - half, mean + half)


def sample_variant(
    index: int, kind: Kind, trials: Sequence[TrialSummary], cls: MeasurementClass
) -> VariantSummary:
    good = [t for t in trials if t.status is Status.OK]
    metrics: dict[str, MetricSummary] = {}
    if good:
        metrics["duration_s"] = metric([t.duration_s or 0.0 for t in good])
        metrics["cpu_s"] = metric([t.cpu_s or 0.0 for t in good])
        metrics["cpu_percent"] = metric([t.cpu_percent or 0.0 for t in good])
        metrics["memory_peak_bytes"] = metric([float(t.memory_peak_bytes or 0) for t in good])
    figures = [t.energy for t in good if t.energy is not None]
    if figures:
        for key, values in (
            ("energy_gross_j", [f.gross_j.value for f in figures]),
            ("energy_net_j", [f.net_j.value for f in figures if f.net_j is not None]),
        ):
            found = metric(values)
            metrics[key] = replace(found, instrument_u=0.02 * (found.mean or 0.0))
    return VariantSummary(
        index=index,
        label=kind.label,
        workload="matrix",
        factors={"runtime": kind.label, "n": 2000},
        trials=len(trials),
        ok=len(good),
        metrics=metrics,
        energy_class=cls if figures else None,
        energy_instrument_u_rel=0.02 if figures else None,
        module_bytes=kind.module_bytes,
    )


def sample_campaign(
    repeat: int = 5,
    kinds: Sequence[Kind] = KINDS,
    cls: MeasurementClass = MeasurementClass.MEASURED,
    **changes: Any,
) -> CampaignSummary:
    """Return a campaign of ``kinds`` x ``repeat`` good runs; ``changes`` replace its fields."""
    chance = random.Random(7)
    order = [(v, r) for r in range(repeat) for v in chance.sample(range(len(kinds)), len(kinds))]
    trials = [
        sample_trial(i, v, r, kinds[v], chance.gauss(0, 0.012), cls)
        for i, (v, r) in enumerate(order)
    ]
    return assembled(trials, kinds, cls, **changes)


def assembled(
    trials: Sequence[TrialSummary],
    kinds: Sequence[Kind] = KINDS,
    cls: MeasurementClass = MeasurementClass.MEASURED,
    **changes: Any,
) -> CampaignSummary:
    """Summarise ``trials`` into a campaign."""
    rules = Rules(changes.get("margin", 0.0), changes.get("baseline"))
    bare = [
        sample_variant(i, k, [t for t in trials if t.variant == i], cls)
        for i, k in enumerate(kinds)
    ]
    grouped = [
        VariantTrials({"index": v.index, "label": v.label, "factors": v.factors}, trials)
        for v in bare
    ]
    variants = with_standings(grouped, bare, rules)
    summary = CampaignSummary(
        campaign_id="7f3c19e0",
        created_utc="2025-06-11T09:30:00+00:00",
        state="done",
        title="matrix",
        quick=False,
        seed=20250611,
        command="benchharness run matrix --vary runtime=wasmtime,native,numpy --repeat 5",
        trials=tuple(trials),
        variants=tuple(variants),
        environment={
            "machine": "5e9f01c2aa37",
            "board": "Raspberry Pi 5 Model B Rev 1.0",
            "cpu": "Cortex-A76",
            "cores": 4,
            "memory_bytes": 8_322_000_000,
            "kernel": "6.6.31",
            "versions": {"benchharness": "0.1.0", "wasmtime": "50.0.0"},
        },
        overhead={"cpu_share": 0.0021, "memory_peak_bytes": 41_000_000},
        cautions=(Caution("no-fan", "the board was at 71 °C", "add a fan"),),
        verdict="numpy uses the least energy: 54 % less than wasmtime simd128.",
        meters=(
            {
                "name": "plug-1",
                "driver": "tasmota",
                "class": cls.value,
                "target": "board",
                "where": "meters/plug-1.toml",
                "period_s": 1.0,
                "gain_bound": 0.05,
                "power_resolution_w": 0.1,
            },
        ),
    )
    return replace(summary, **changes)


def troubled(summary: CampaignSummary) -> CampaignSummary:
    """Give the second and the fourth run what can happen to a plug."""
    trials = list(summary.trials)
    trials[1] = replace(
        trials[1],
        cautions=(
            Caution(
                "counter-disagrees",
                "counter and powers of meter plug-1 differ by 9.1 J, their uncertainty is 2.2 J",
                "check the meter with 'benchharness meters check'",
            ),
        ),
    )
    figure = trials[3].energy
    assert figure is not None
    gate = {"accepted": 34, "repaired: counter reset": 1, "rejected: spike": 2, "rejected: NaN": 3}
    trials[3] = replace(
        trials[3],
        energy=replace(figure, coverage=0.9372, gate=gate),
        cautions=(
            Caution(
                "low-coverage",
                "meter plug-1 vouches for 93 % of the window: 1.1 s are without a reading",
                "check its connection",
            ),
            Caution(
                "meter-offline",
                "meter plug-1 was offline (it said so, or its broker did), for 1.1 s",
                "check its power and its network; silence is never counted as 0 W",
            ),
        ),
    )
    return replace(summary, trials=tuple(trials))


def with_rail(summary: CampaignSummary) -> CampaignSummary:
    """Put a wall meter before the board: plug-1 sees the wall, a rail what arrives."""
    trials = []
    for trial in summary.trials:
        wall = trial.energy
        assert wall is not None
        gross_j = RAIL_SHARE * wall.gross_j.value
        rail = replace(
            wall,
            meter="rail",
            target="board",
            part_of="wall",
            gross_j=Quantity(gross_j, 0.02 * gross_j, 2.0),
            net_j=None,
            estimates=(),
            terms_j={"gain": 0.01 * gross_j},
        )
        trials.append(replace(trial, energy=replace(wall, target="wall"), other_energy=(rail,)))
    wall_meter = {**summary.meters[0], "target": "wall"}
    rail_meter = {
        "name": "rail", "driver": "ina3221", "class": wall_meter["class"], "target": "board",
        "part_of": "wall", "where": "meters/rail.toml", "period_s": 0.2, "gain_bound": 0.01,
        "has_counter": False, "latency_s": 0.11, "latency_u_s": 0.02, "serial": "A-17",
        "calibration_date": "2026-03-01",
    }  # fmt: skip
    return replace(summary, trials=tuple(trials), meters=(wall_meter, rail_meter))


@dataclass(frozen=True)
class SampleStream:
    """A stream as the store lists it."""

    stream_id: int
    source: str
    name: str
    channels: tuple[Channel, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class SampleStore:
    """Observations made up from the summary: power, CPU and memory at ``hz``."""

    summary: CampaignSummary
    hz: float = 10.0

    def streams(self, trial_id: int) -> list[SampleStream]:
        power = (Channel("power_w", "W"),)
        trial = next(t for t in self.summary.trials if t.trial_id == trial_id)
        rails = [
            SampleStream(
                10 * trial_id + 2, "meter", figure.meter, power,
                {"target": figure.target, "part_of": figure.part_of},
            )
            for figure in trial.other_energy
        ]  # fmt: skip
        target = trial.energy.target if trial.energy else "board"
        return [
            SampleStream(10 * trial_id, "meter", "plug-1", power, {"target": target}),
            *rails,
            SampleStream(
                10 * trial_id + 1,
                "probe",
                "tree:main",
                (Channel("cpu_s", "s"), Channel("memory_bytes", "B")),
            ),
        ]

    def read_stream(
        self, stream_id: int
    ) -> tuple[npt.NDArray[np.int64], dict[str, npt.NDArray[np.float64]]]:
        trial = next(t for t in self.summary.trials if t.trial_id == stream_id // 10)
        assert trial.window_start_ns is not None
        assert trial.window_end_ns is not None
        assert trial.energy is not None
        start = trial.window_start_ns - 8 * SECOND_NS
        end = trial.window_end_ns + 5 * SECOND_NS
        times = np.arange(start, end, round(SECOND_NS / self.hz), dtype=np.int64)
        busy = (times >= trial.window_start_ns) & (times < trial.window_end_ns)
        if stream_id % 10 in (0, 2):
            noise = np.random.default_rng(stream_id).normal(0, 0.12, len(times))
            mean_w = trial.energy.gross_j.value / (trial.duration_s or 1.0)
            share = RAIL_SHARE if stream_id % 10 else 1.0
            return times, {"power_w": share * (np.where(busy, mean_w, IDLE_W) + noise)}
        inside = np.clip(times - trial.window_start_ns, 0, None)
        length = trial.window_end_ns - trial.window_start_ns
        cpu = np.minimum(inside, length) / SECOND_NS * 0.99
        memory = np.where(busy, float(trial.memory_peak_bytes or 0), np.nan)
        return times, {"cpu_s": cpu, "memory_bytes": memory}
