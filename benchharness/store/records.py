"""What the store keeps and gives back: frozen records, no SQL.

Missing is ``None``. ``_ns`` is CLOCK_MONOTONIC of the harness host; a campaign's anchor relates
it to the wall clock.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchharness.model import Caution, Channel, Factors, Status

CAMPAIGN_STATES = ("running", "done", "interrupted")


def new_campaign_id() -> str:
    """Return a fresh campaign id: 8 hexadecimal digits."""
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A campaign as it was asked for, where it ran, and how it stands.

    ``spec`` holds all that a resumption needs; ``command`` is what the user typed;
    ``overhead`` is what the harness itself cost, known when the campaign has ended.
    """

    id: str
    created_utc: str
    anchor_monotonic_ns: int
    anchor_unix_ns: int
    boot_id: str
    title: str
    command: str
    spec: Mapping[str, Any]
    environment: Mapping[str, Any]
    state: str = "running"
    overhead: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuse an empty id and a state that is not one of ``CAMPAIGN_STATES``."""
        if not self.id:
            raise ValueError("a campaign needs an id")
        if self.state not in CAMPAIGN_STATES:
            raise ValueError(f"campaign state {self.state!r} is not one of {CAMPAIGN_STATES}")


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """One row of the run table. ``index`` is its place in the run order, from 0."""

    index: int
    variant: int
    repetition: int
    workload: str
    factors: Factors


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How a trial ended, as far as it is not derived from observations.

    ``methods`` says how a figure was obtained ({"cpu": "cgroup v2"}); the window is the
    authoritative one, marked by the workload or else the whole process.
    """

    status: Status
    reason: str | None = None
    exit_code: int | None = None
    window_start_ns: int | None = None
    window_end_ns: int | None = None
    cpu_s: float | None = None
    memory_peak_bytes: int | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    methods: Mapping[str, str] = field(default_factory=dict)
    cautions: Sequence[Caution] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a result of a trial that has not ended."""
        if self.status.is_pending:
            raise ValueError(f"a result cannot have the status {self.status.value!r}")


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A trial as stored. ``result`` is None until it has ended.

    ``replaced_by`` is the trial that took its place in the plan when a campaign was resumed.
    """

    trial_id: int
    campaign_id: str
    index: int
    variant: int
    repetition: int
    workload: str
    factors: Factors
    status: Status
    started_ns: int | None
    result: TrialResult | None
    replaced_by: int | None = None


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A stream of observations of one trial: a probe or a meter, with its channels."""

    stream_id: int
    trial_id: int
    source: str  # "probe" or "meter"
    name: str
    channels: tuple[Channel, ...]
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened at an instant of a trial.

    ``participant`` is "harness" for stages and warnings of the harness; ``kind`` is window,
    phase, metric, output, ready, left_out, restart, left, stage, meter or caution; ``edge`` is
    start, end or None. ``value`` and ``unit`` are a metric's; at a phase's end the CPU seconds that
    the participant counted in it itself.
    """

    t_ns: int
    participant: str
    kind: str
    edge: str | None = None
    name: str | None = None
    value: float | None = None
    text: str | None = None
    unit: str | None = None
    step: int | None = None
