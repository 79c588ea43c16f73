"""Hand-made campaigns of split learning for the reports' tests: invented, always the same.

A Pi and two Nanos train against a server over a link of changing rate; costs follow the equations
of the paper, measured ones are a few per cent off.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchharness.model import (
    CampaignSummary,
    EnergyEstimate,
    EnergyFigure,
    Factors,
    MeasurementClass,
    ParticipantSummary,
    PhaseSpan,
    PhaseUse,
    Quantity,
    SeriesPoint,
    Status,
    StepUse,
    TrialSummary,
    VariantSummary,
)
from benchharness.report.derive_standings import Rules, with_standings
from benchharness.report.derive_variants import VariantTrials
from tests.unit.report_samples import SECOND_NS, metric

CLASS = MeasurementClass.EMULATED
GAIN = 0.02  # relative standard uncertainty of every plug
UP_BYTES = (12288.0, 131072.0, 32768.0, 65536.0, 16384.0, 16384.0, 512.0, 0.0)  # x 100, a batch


@dataclass(frozen=True)
class Board:
    """A device: seconds a batch of the whole network on it, and what it draws."""

    name: str
    title: str
    batch_s: float
    idle_w: float
    compute_w: float


BOARDS = (
    Board("pi", "Raspberry Pi 3 B+", 1.6, 1.9, 3.8),
    Board("nano-1", "Jetson Nano", 0.2, 1.3, 7.2),
    Board("nano-2", "Jetson Nano", 0.21, 1.3, 7.3),
)
RATES = ((0.0, 20e6), (40.0, 5e6), (90.0, 50e6))  # of every link


@dataclass(frozen=True)
class Way:
    """A variant: its factors, and the cuts of the devices while the link is slow and fast."""

    factors: Factors
    slow: Sequence[int]
    fast: Sequence[int]


WAYS = (
    Way({"scheme": "ares", "alpha": 0.0}, (7, 7, 7), (6, 7, 7)),
    Way({"scheme": "ares", "alpha": 0.5}, (6, 7, 7), (4, 6, 7)),
    Way({"scheme": "ares", "alpha": 1.0}, (6, 6, 7), (2, 6, 6)),
    Way({"scheme": "local"}, (7, 7, 7), (7, 7, 7)),
    Way({"scheme": "server"}, (0, 0, 0), (0, 0, 0)),
    Way({"scheme": "splitfed", "cut": 4}, (4, 4, 4), (4, 4, 4)),
)


@dataclass(frozen=True)
class Split:
    """What the sample is like."""

    ways: Sequence[Way] = WAYS
    rounds: int = 6
    repeat: int = 2
    batches: int = 5
    energy: bool = True
    untold: Sequence[int] = ()  # rounds in which the first device has too few readings
    traces: bool = True
    more: Factors | None = None  # of every variant


def split_campaign(shape: Split = Split(), **changes: Any) -> CampaignSummary:
    """Return a campaign of the ways, each ``repeat`` times; ``changes`` replace its fields."""
    chance = random.Random(5)
    trials: list[TrialSummary] = []
    start_ns = 1_000 * SECOND_NS
    for repetition in range(shape.repeat):
        for variant, way in enumerate(shape.ways):
            trials.append(_trial(shape, way, (len(trials), variant, repetition), start_ns, chance))
            start_ns = (trials[-1].window_end_ns or 0) + 60 * SECOND_NS
    bare = [_variant(shape, n, way, trials) for n, way in enumerate(shape.ways)]
    grouped = [
        VariantTrials({"index": v.index, "label": v.label, "factors": v.factors}, trials)
        for v in bare
    ]
    summary = CampaignSummary(
        campaign_id="a4e50001",
        created_utc="2026-02-03T08:00:00+00:00",
        state="done",
        title="split learning on three devices",
        quick=False,
        seed=7,
        command="benchharness run ares.toml",
        trials=tuple(trials),
        variants=tuple(with_standings(grouped, bare, Rules(0.0, None))),
        environment={"machine": "5e9f01c2aa37", "cpu": "a server", "cores": 2},
        overhead={},
        cautions=(),
        verdict="local took the least energy.",
    )
    return replace(summary, **changes)


def label_of(way: Way) -> str:
    return " ".join(str(level) for level in way.factors.values())


def _trial(
    shape: Split, way: Way, place: tuple[int, int, int], start_ns: int, chance: random.Random
) -> TrialSummary:
    index, variant, repetition = place
    series: dict[str, list[SeriesPoint]] = {}
    spans: list[PhaseSpan] = []
    uses: dict[str, list[StepUse]] = {board.name: [] for board in BOARDS}
    spent_j = [0.0] * len(BOARDS)
    now = 0.5

    def say(name: str, t_s: float, step: int | None, value: float) -> None:
        point = SeriesPoint(start_ns + round(t_s * SECOND_NS), step, value)
        series.setdefault(name, []).append(point)

    for step in range(1, shape.rounds + 1):
        rate = [r for t_s, r in RATES if t_s <= now][-1]
        cuts = way.slow if rate < 1e7 else way.fast
        costs = [_cost(shape, b, c, rate) for b, c in zip(BOARDS, cuts, strict=True)]
        real = [(s * chance.uniform(0.97, 1.06), j * chance.uniform(0.95, 1.04)) for s, j in costs]
        round_s = max(s for s, _ in real)
        begin, end = (start_ns + round(t * SECOND_NS) for t in (now, now + round_s))
        spans.append(PhaseSpan("main", "round", begin, end + SECOND_NS, step))
        spans.append(PhaseSpan("main", "aggregate", end, end + SECOND_NS, step))
        say("round_s", now + round_s, step, round_s)
        say("predicted_round_s", now, step, max(s for s, _ in costs))
        say("test_accuracy", now + round_s + 0.9, step, 0.1 + 0.6 * step / (step + 3.0))
        for n, board in enumerate(BOARDS):
            who, busy_s = f"device-{n + 1}", real[n][0]
            idle_j = board.idle_w * (round_s - busy_s)
            told = {
                "cut": float(cuts[n]), "predicted_s": costs[n][0], "predicted_j": costs[n][1],
                "busy_s": busy_s, "uplink_estimate_bit_s": 0.97 * rate, "uplink_bit_s": rate,
                "bytes_up": shape.batches * 100 * UP_BYTES[cuts[n]],
                "bytes_down": 0.9 * shape.batches * 100 * UP_BYTES[cuts[n]],
            }  # fmt: skip
            for name, value in told.items():
                say(f"{who}/{name}", now, step, value)
            joules = real[n][1] + idle_j
            spent_j[n] += joules - board.idle_w * round_s
            known = shape.energy and not (n == 0 and step in shape.untold)
            uses[board.name].append(
                StepUse(
                    step, begin, end, round_s - busy_s,
                    Quantity(joules, 2 * GAIN * joules, 2.0) if known else None,
                    None if known else "2 readings in it, of the 3 that it takes",
                )
            )  # fmt: skip
        now += round_s + 1.0
    if shape.traces:
        for n in range(len(BOARDS)):
            for t_s, rate in RATES:
                say(f"device-{n + 1}/link_up_bit_s", t_s, None, rate)
                say(f"device-{n + 1}/link_down_bit_s", t_s, None, 2 * rate)
    devices = [
        _device(shape, n, board, uses[board.name], spent_j[n] + board.idle_w * now, now)
        for n, board in enumerate(BOARDS)
    ]
    figures = [device.energy for device in devices if device.energy is not None]
    return TrialSummary(
        trial_id=index + 1,
        index=index,
        variant=variant,
        repetition=repetition,
        workload="split_ares",
        factors={**way.factors, **(shape.more or {})},
        status=Status.OK,
        reason=None,
        duration_s=now,
        cpu_s=now * 1.5,
        cpu_percent=150.0,
        memory_peak_bytes=900_000_000,
        energy=_sum(figures) if figures else None,
        energy_missing=None if figures else "no meter was used",
        other_energy=tuple(figures),
        outputs={
            "parameters": 582_346,
            "profile": profile(shape),
            "data": "synthetic",
            "classes": 10,
        },
        metrics={},
        phases_s={"round": now},
        window_start_ns=start_ns,
        window_end_ns=start_ns + round(now * SECOND_NS),
        spans=tuple(spans),
        cautions=(),
        methods={},
        participants=(ParticipantSummary("main", "main"), *devices),
        series={name: tuple(points) for name, points in series.items()},
    )


def profile(shape: Split) -> dict[str, Any]:
    """Return what a run measured before its first round, as its output has it."""
    shares = [0.0, *(0.3 + 0.7 * cut / 7.0 for cut in range(1, 8))]
    return {
        "version": 1,
        "network": {"layers": 7},
        "layers": {
            "up_bytes": [100 * size for size in UP_BYTES],
            "down_bytes": [90 * size for size in UP_BYTES],
            "part_bytes": [0, 4e3, 4e3, 8e4, 8e4, 2e5, 2.3e6, 2.33e6],
        },
        "devices": [
            {
                "name": f"device-{n + 1}",
                "forward_s": [0.4 * board.batch_s * share for share in shares],
                "backward_s": [0.6 * board.batch_s * share for share in shares],
                "server_s": [0.02 * (1.0 - share) for share in shares],
                "up_bit_s": 19e6, "down_bit_s": 38e6, "overhead_s": 0.001,
                "batches": shape.batches,
                "watts": {
                    "compute_w": 3.0, "transmit_w": 2.0, "receive_w": 1.9, "idle_w": None,
                    "source": f"testbed, {board.name}",
                },
            }
            for n, board in enumerate(BOARDS)
        ],
    }  # fmt: skip


def _cost(shape: Split, board: Board, cut: int, rate: float) -> tuple[float, float]:
    """Return the seconds and joules of a device in a round, as the paper has them."""
    compute_s = board.batch_s * (0.3 + 0.7 * cut / 7.0) if cut else 0.0
    link_s = 1.9 * 8.0 * 100 * UP_BYTES[cut] / rate
    busy_s = shape.batches * (compute_s + link_s + 0.02)
    return busy_s, shape.batches * (board.compute_w * compute_s + 0.3 * board.compute_w * link_s)


def _device(
    shape: Split,
    n: int,
    board: Board,
    uses: Sequence[StepUse],
    total_j: float,
    duration_s: float,
) -> ParticipantSummary:
    phases = tuple(
        PhaseUse(
            name, shape.rounds, share * duration_s,
            energy_j=Quantity(watts * share * duration_s, 0.05 * watts * share * duration_s, 2.0)
            if shape.energy
            else None,
            energy_method="readings",
        )
        for name, share, watts in (
            ("train", 0.5, board.compute_w), ("upload", 0.2, 0.5 * board.compute_w),
            ("wait", 0.3, board.idle_w),
        )
    )  # fmt: skip
    return ParticipantSummary(
        f"device-{n + 1}",
        "main",
        device=board.name,
        device_title=board.title,
        cores=0.2,
        energy=_figure(board, total_j) if shape.energy else None,
        energy_missing=None if shape.energy else "no meter was used",
        phases=phases,
        steps=tuple(uses),
    )


def _figure(board: Board, energy_j: float) -> EnergyFigure:
    terms = {"gain": GAIN * energy_j}
    return EnergyFigure(
        gross_j=Quantity(energy_j, 2 * GAIN * energy_j, 2.0),
        net_j=None,
        method="interior hold",
        meter=board.name,
        target=board.name,
        measurement_class=CLASS,
        idle_power_w=Quantity(board.idle_w, 2 * GAIN * board.idle_w, 2.0),
        dominant_term="gain",
        terms_j=terms,
        coverage=0.99,
        estimates=(EnergyEstimate("interior hold", energy_j, GAIN * energy_j, terms, 100, 0.99),),
        part_of="all devices",
    )


def _sum(figures: Sequence[EnergyFigure]) -> EnergyFigure:
    total_j = sum(figure.gross_j.value for figure in figures)
    terms = {"gain": GAIN * total_j}
    return replace(
        figures[0],
        gross_j=Quantity(total_j, 2 * GAIN * total_j, 2.0),
        method="sum",
        meter="sum of 3 meters",
        target="all devices",
        terms_j=terms,
        idle_power_w=None,
        estimates=(EnergyEstimate("sum", total_j, GAIN * total_j, terms, 300, 0.99),),
        part_of=None,
    )


def _variant(shape: Split, index: int, way: Way, trials: Sequence[TrialSummary]) -> VariantSummary:
    own = [t for t in trials if t.variant == index]
    metrics = {
        "duration_s": metric([t.duration_s or 0.0 for t in own]),
        "cpu_s": metric([t.cpu_s or 0.0 for t in own]),
        "cpu_percent": metric([t.cpu_percent or 0.0 for t in own]),
        "memory_peak_bytes": metric([float(t.memory_peak_bytes or 0) for t in own]),
    }
    if shape.energy:
        metrics["energy_gross_j"] = metric([t.energy.gross_j.value for t in own if t.energy])
    return VariantSummary(
        index=index,
        label=label_of(way),
        workload="split_ares",
        factors={**way.factors, **(shape.more or {})},
        trials=len(own),
        ok=len(own),
        metrics=metrics,
        energy_class=CLASS if shape.energy else None,
        energy_instrument_u_rel=2 * GAIN if shape.energy else None,
    )
