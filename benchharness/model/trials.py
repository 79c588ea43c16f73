"""One trial, derived from raw observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchharness.model.energy import EnergyFigure, StartCost, SupplyCurrent
from benchharness.model.participants import ParticipantSummary, SeriesPoint
from benchharness.model.words import Caution, Factors, Status


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """A named interval. ``source`` is "harness" for the stages of a trial, else a participant.

    ``cpu_s`` is what the participant itself says that it used, None where it does not.
    """

    source: str
    name: str
    start_ns: int
    end_ns: int | None
    step: int | None = None  # which round, iteration or request
    cpu_s: float | None = None


@dataclass(frozen=True, slots=True)
class TrialSummary:
    """One trial, derived from raw observations."""

    trial_id: int
    index: int  # place in the run order, from 0
    variant: int  # index into the campaign's variants
    repetition: int
    workload: str
    factors: Factors
    status: Status
    reason: str | None
    duration_s: float | None
    cpu_s: float | None
    cpu_percent: float | None  # of one core, over the window
    memory_peak_bytes: int | None
    energy: EnergyFigure | None
    energy_missing: str | None  # why energy is None, in a sentence
    other_energy: tuple[EnergyFigure, ...]
    outputs: Mapping[str, Any]
    metrics: Mapping[str, float]
    phases_s: Mapping[str, float]  # total seconds by phase name, workload's phases only
    window_start_ns: int | None
    window_end_ns: int | None
    spans: tuple[PhaseSpan, ...]
    cautions: tuple[Caution, ...]
    methods: Mapping[str, str]  # how cpu_s and memory_peak_bytes were obtained
    module_bytes: int | None = None
    supply: SupplyCurrent | None = None
    cpu_window_s: float | None = None  # of the window; cpu_s is of the programs' whole life
    memory_window_bytes: int | None = None  # the largest sample in the window
    start: StartCost | None = None
    participants: tuple[ParticipantSummary, ...] = ()  # where there are several programs
    series: Mapping[str, tuple[SeriesPoint, ...]] = field(default_factory=dict)  # metrics by step
