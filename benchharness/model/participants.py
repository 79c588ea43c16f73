"""What one participant of a trial did: its phases, its joules, and when it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchharness.model.energy import EnergyFigure, Quantity
from benchharness.model.words import Role


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One value of a metric that a workload reports by step, such as an accuracy by round."""

    t_ns: int
    step: int | None
    value: float


@dataclass(frozen=True, slots=True)
class PhaseUse:
    """What one participant spent in all occurrences of one phase, within the window.

    Seconds are disjoint: a phase inside another takes its time from it; "other" is the time of no
    phase. ``energy_method`` is how the joules were told from those of the other phases: "readings"
    or "CPU use", "between the others" for the little that neither tells.
    """

    name: str
    count: int
    duration_s: float
    cpu_s: float | None = None
    memory_peak_bytes: int | None = None
    energy_j: Quantity | None = None
    energy_method: str | None = None
    energy_missing: str | None = None  # why energy_j is None, in a sentence


@dataclass(frozen=True, slots=True)
class StepUse:
    """What one participant spent in one step of a run, such as a round, by the main program's word.

    ``waiting_s`` is the time of the step in which it did nothing that it has a name for, None where
    it names nothing. ``energy_j`` is that of its device, waiting in it.
    """

    step: int
    start_ns: int
    end_ns: int
    waiting_s: float | None = None
    energy_j: Quantity | None = None
    energy_missing: str | None = None  # why energy_j is None, in a sentence


@dataclass(frozen=True, slots=True)
class ParticipantSummary:
    """One process tree of a trial: where it ran, what it used, what it did.

    ``device`` is its place in the testbed, None for this machine as it is; ``cores`` is the CPU
    that it may use there, in cores of this machine, and ``power_mode`` the mode that the device was
    in, None for its own figures. ``left`` says when and why it ended before
    its time; ``left_out_steps`` are the rounds that went on without it. ``metric_sums`` has what
    all tellings of a metric by step give together, those of steps done again too: that is what
    was worked for.
    """

    name: str
    role: Role
    device: str | None = None
    device_title: str | None = None
    cores: float | None = None
    energy: EnergyFigure | None = None
    energy_missing: str | None = None
    cpu_s: float | None = None
    cpu_window_s: float | None = None
    memory_peak_bytes: int | None = None
    phases: tuple[PhaseUse, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)  # the last of each, unqualified
    metric_sums: Mapping[str, float] = field(default_factory=dict)  # unqualified too
    restarts: int = 0
    left: str | None = None
    left_out_steps: tuple[int, ...] = ()
    power_mode: str | None = None
    steps: tuple[StepUse, ...] = ()  # where something was predicted of each step
