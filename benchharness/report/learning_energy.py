"""What learning cost: the value of each round with the seconds and joules that led to it.

Joules are those of all devices together from the start of the window, by the meters whose figures
the run's energy rests on. Where one of them is missing, so are they.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchharness.energy.cumulative import energy_until
from benchharness.energy.devices import counting
from benchharness.energy.readings import FloatArray, Readings, Window
from benchharness.model import EnergyFigure, TrialSummary
from benchharness.report.derive_energy import capabilities_of
from benchharness.report.timeline import SeriesReader, StreamLike


@dataclass(frozen=True, slots=True)
class LearningPoint:
    """A value by step; seconds and joules since the window's start, 0 for what was before it."""

    step: int
    t_s: float
    energy_j: float | None
    value: float


def learning_points(
    trial: TrialSummary, metric: str, reader: SeriesReader | None = None
) -> list[LearningPoint]:
    """Return a metric of a run by step, in the order of time; empty for one that it has not.

    ``reader`` gives the readings; without it there are no joules.
    """
    found = [point for point in trial.series.get(metric, ()) if point.step is not None]
    zero_ns = trial.window_start_ns
    if not found or zero_ns is None:
        return []
    times_s = np.maximum([(point.t_ns - zero_ns) / 1e9 for point in found], 0.0)
    joules = None if reader is None else energy_at(trial, times_s, reader)
    known = [None] * len(found) if joules is None else _known(joules)
    return [
        LearningPoint(int(point.step or 0), t_s, energy_j, point.value)
        for point, t_s, energy_j in zip(found, times_s.tolist(), known, strict=True)
    ]


def _known(joules: FloatArray) -> list[float | None]:
    return [each if math.isfinite(each) else None for each in joules.tolist()]


def energy_at(
    trial: TrialSummary, times_s: Sequence[float] | FloatArray, reader: SeriesReader
) -> FloatArray | None:
    """Return the joules of a run up to times, float64[n], in seconds since its window's start.

    None where the run has no energy, or a device's readings are not there; NaN up to times before
    which a device has too few readings to tell.
    """
    if trial.window_start_ns is None or trial.window_end_ns is None:
        return None
    window = Window(trial.window_start_ns, trial.window_end_ns)
    meters = {s.name: s for s in reader.streams(trial.trial_id) if s.source == "meter"}
    wanted_s = np.asarray(times_s, dtype=np.float64)
    each = [
        _of_device(figure, meters.get(figure.meter), window, wanted_s, reader)
        for figure in counting(trial)
    ]
    known = [joules for joules in each if joules is not None]
    if not known or len(known) < len(each):
        return None
    return np.asarray(np.sum(known, axis=0), dtype=np.float64)


def reached(
    points: Iterable[LearningPoint], level: float, *, falling: bool = False
) -> LearningPoint | None:
    """Return the first point at a level or beyond it, None where it was never reached.

    ``falling``: less is better, as of a loss.
    """
    return next((p for p in points if (p.value <= level if falling else p.value >= level)), None)


def _of_device(
    figure: EnergyFigure,
    stream: StreamLike | None,
    window: Window,
    times_s: FloatArray,
    reader: SeriesReader,
) -> FloatArray | None:
    if stream is None:
        return None
    times_ns, columns = reader.read_stream(stream.stream_id)
    readings = Readings.of(times_ns, columns.get("power_w"), columns.get("energy_j"))
    capabilities = capabilities_of(stream.meta)
    return energy_until(readings, capabilities, window, figure.gross_j.value, times_s)


@dataclass(frozen=True, slots=True)
class SampleCost:
    """Samples that were trained on, and joules per sample: of training alone, and of everything."""

    samples: float
    train_j: float | None
    all_j: float | None


SAMPLES, TRAIN = "samples", "train"


def sample_costs(trial: TrialSummary) -> dict[str, SampleCost]:
    """Return the cost of a sample at each participant that says how many it trained on.

    Rounds that were done again count as often as they were done, as their joules do.
    """
    found = {}
    for participant in trial.participants:
        samples = participant.metric_sums.get(SAMPLES)
        if samples:
            train = next((use for use in participant.phases if use.name == TRAIN), None)
            train_j = None if train is None or train.energy_j is None else train.energy_j.value
            all_j = None if participant.energy is None else participant.energy.gross_j.value
            found[participant.name] = SampleCost(
                samples,
                None if train_j is None else train_j / samples,
                None if all_j is None else all_j / samples,
            )
    return found


def whole_cost(trial: TrialSummary) -> SampleCost | None:
    """Return the cost of a sample over all participants, None where none was trained on."""
    costs = sample_costs(trial)
    if not costs:
        return None
    samples = math.fsum(cost.samples for cost in costs.values())
    trained = [c.train_j * c.samples for c in costs.values() if c.train_j is not None]
    train_j = math.fsum(trained) / samples if len(trained) == len(costs) else None
    all_j = None if trial.energy is None else trial.energy.gross_j.value / samples
    return SampleCost(samples, train_j, all_j)
