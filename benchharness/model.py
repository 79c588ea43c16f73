"""The words of the design as frozen records. No input or output, no behaviour beyond checks.

Missing is ``None``, never 0. SI units, the unit in every name; ``_ns`` is CLOCK_MONOTONIC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Literal

from benchharness.standing import Standing

FactorValue = str | int | float | bool
Factors = Mapping[str, FactorValue]
Role = Literal["main", "support"]  # of a participant: measured, or there for those that are


class Status(str, Enum):
    """How a trial ended."""

    PLANNED = "planned"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"  # wrong exit code or wrong output
    TIMEOUT = "timeout"
    INVALID = "invalid"  # interrupted, or a limit of the harness made it worthless

    @property
    def is_pending(self) -> bool:
        """Say whether it has not ended: it is planned, or it runs."""
        return self in (Status.PLANNED, Status.RUNNING)


class MeasurementClass(str, Enum):
    """Where a joule comes from; never compared across classes unless asked."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    EMULATED = "emulated"
    REPLAYED = "replayed"


class CheckState(str, Enum):
    """The answer of one pre-flight check."""

    OK = "ok"
    ADVICE = "advice"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One pre-flight answer: what was looked at, how it is, and what to do about it."""

    subject: str
    state: CheckState
    found: str
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Caution:
    """A warning as data: rendered at the edge, with its remedy."""

    code: str
    message: str
    remedy: str | None = None

    def line(self) -> str:
        """Return the caution as one line."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


@dataclass(frozen=True, slots=True)
class Channel:
    """One column of a stream of observations."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an instrument can do. ``None`` means that it is not known.

    ``gain_bound`` is the relative half-width of the rectangular bound on the gain error
    (0.05 for ±5 %). ``latency_bound_s`` is the largest delay of a reading against its stamp;
    where the delay was calibrated, ``latency_s`` is its mean, ``latency_u_s`` the standard
    uncertainty of that, and they stand in place of the bound. ``pulse_j`` is the energy per pulse
    of a pulse-counting chip: at little power its readings lag by the time between two pulses.
    ``max_power_w`` is the most that the target can draw: a reading above it is implausible.
    """

    measurement_class: MeasurementClass
    has_power: bool
    has_counter: bool
    period_s: float | None = None
    power_resolution_w: float | None = None
    energy_resolution_j: float | None = None
    floor_w: float | None = None
    gain_bound: float | None = None
    latency_bound_s: float | None = None
    latency_s: float | None = None
    latency_u_s: float | None = None
    pulse_j: float | None = None
    max_power_w: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a meter. ``energy_j`` is a cumulative counter with an arbitrary zero.

    Current and voltage (RMS where they alternate) stand beside it for people: no energy is ever
    made from them.
    """

    t_ns: int
    power_w: float | None = None
    energy_j: float | None = None
    current_a: float | None = None
    voltage_v: float | None = None


@dataclass(frozen=True, slots=True)
class MeterEvent:
    """Something that happened to a meter: offline, online, rejected, disconnected, connected."""

    t_ns: int
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its expanded uncertainty ``U = k * u_c`` (None where it is not known)."""

    value: float
    expanded_u: float | None = None
    k: float | None = None


@dataclass(frozen=True, slots=True)
class EnergyEstimate:
    """The energy of a window by one method, with its standard uncertainties by term, in joules."""

    method: str
    energy_j: float
    standard_u_j: float
    terms_j: Mapping[str, float] = field(default_factory=dict)
    readings: int = 0
    coverage: float | None = None  # share of the window that readings vouch for, 0 to 1
    nu: Mapping[str, float] = field(default_factory=dict)  # degrees of freedom, where finite


@dataclass(frozen=True, slots=True)
class EnergyFigure:
    """The energy of one trial by one meter: the figure, and what stands behind it.

    ``gate`` counts the readings of the trial by what became of them: ``accepted``,
    ``repaired: <reason>``, ``rejected: <reason>``.
    """

    gross_j: Quantity
    net_j: Quantity | None
    method: str
    meter: str
    target: str
    measurement_class: MeasurementClass
    idle_power_w: Quantity | None
    dominant_term: str | None
    terms_j: Mapping[str, float]
    coverage: float | None
    estimates: tuple[EnergyEstimate, ...] = ()
    nu_eff: float | None = None  # effective degrees of freedom behind k; None for infinite
    gate: Mapping[str, int] = field(default_factory=dict)  # readings by what became of them
    part_of: str | None = None  # the target that contains this one: their joules never add up
    nu: Mapping[str, float] = field(default_factory=dict)  # of the terms, where finite
    idle_each_w: tuple[float, ...] = ()  # the idle power before, and after, as far as known
    net_missing: str | None = None  # why net_j is None, in a sentence


@dataclass(frozen=True, slots=True)
class SupplyCurrent:
    """The mean current in a window, by one meter; ``computed`` from power and a stated voltage.

    On the mains side it is RMS and apparent: current times voltage is not the power.
    """

    current_a: float
    voltage_v: float | None
    meter: str
    computed: bool = False


@dataclass(frozen=True, slots=True)
class StartCost:
    """What lies between the start of a trial's program and its window: loading and compiling."""

    duration_s: float | None
    energy: EnergyFigure | None
    missing: str | None  # why energy is None, in a sentence


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """A named interval. ``source`` is "harness" for the stages of a trial, else a participant."""

    source: str
    name: str
    start_ns: int
    end_ns: int | None


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


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """A metric over a variant's good trials: the mean and its 95 % t interval.

    ``standing`` is how it compares with the reference; None where there is nothing to compare.
    """

    n: int
    mean: float | None
    sd: float | None  # None for one trial: one value has no spread
    low: float | None
    high: float | None
    standing: Standing | None = None
    instrument_u: float | None = None  # 95 %, what all trials share through the meter; not in low

    @property
    def ratio(self) -> float | None:
        """Return the mean over the reference's."""
        return None if self.standing is None else self.standing.ratio

    @property
    def ratio_low(self) -> float | None:
        """Return the lower end of the ratio's interval."""
        return None if self.standing is None else self.standing.low

    @property
    def ratio_high(self) -> float | None:
        """Return the upper end of the ratio's interval."""
        return None if self.standing is None else self.standing.high


@dataclass(frozen=True, slots=True)
class VariantSummary:
    """One variant: its factors and its metrics by name.

    Metric names: duration_s, cpu_s, cpu_percent, memory_peak_bytes, memory_window_bytes,
    energy_gross_j, energy_net_j.
    """

    index: int
    label: str
    workload: str
    factors: Factors
    trials: int
    ok: int
    metrics: Mapping[str, MetricSummary]
    energy_class: MeasurementClass | None
    energy_instrument_u_rel: float | None  # common to all variants on one meter
    module_bytes: int | None = None
    applies: tuple[str, ...] | None = None  # names of the factors that apply; None for all


@dataclass(frozen=True)  # without slots: what is looked up often is worked out once
class CampaignSummary:
    """A campaign, derived: everything that tables and reports are made of."""

    campaign_id: str
    created_utc: str
    state: str
    title: str
    quick: bool
    seed: int | None  # of the run order; None: no order was drawn
    command: str
    trials: tuple[TrialSummary, ...]
    variants: tuple[VariantSummary, ...]
    environment: Mapping[str, Any]
    overhead: Mapping[str, Any]
    cautions: tuple[Caution, ...]
    verdict: str  # the answer in a sentence
    meters: tuple[Mapping[str, Any], ...] = ()
    margin: float = 0.0  # what is too little to matter, as a share of the reference
    baseline: Factors | None = None  # levels of the reference; None: the lowest mean
    metric: str | None = None  # what the campaign is about: a key, or energy; None: it does not say
    results: str | None = None  # the results file as it was named; None: the default one

    @cached_property
    def by_variant(self) -> Mapping[int, tuple[TrialSummary, ...]]:
        """Return the trials of each variant that has any, by its index, in their order."""
        found: dict[int, list[TrialSummary]] = {}
        for trial in self.trials:
            found.setdefault(trial.variant, []).append(trial)
        return {index: tuple(trials) for index, trials in found.items()}

    def trials_of(self, variant: int) -> tuple[TrialSummary, ...]:
        """Return the trials of a variant, by its index, in their order."""
        return self.by_variant.get(variant, ())
