"""One case: a meter, a waveform, a fault and a seed; run, integrated and judged."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from benchharness.clock import seconds
from benchharness.conformance.defects import Defect, Finding
from benchharness.conformance.faults import FAULTS, FaultClass, Notice
from benchharness.conformance.judge_readings import counter_findings, reading_findings
from benchharness.conformance.rig import Bench, Rig
from benchharness.conformance.trial import Observation, observe_trial
from benchharness.conformance.waveforms import make_waveform, range_w, with_gain
from benchharness.energy.figure import Outcome, energy_figure
from benchharness.energy.readings import Readings, Window
from benchharness.meters.emulator.waveform import Waveform
from benchharness.model import EnergyFigure, Quantity

# An error beyond this multiple of U is no miss of a 95 % interval: at U = 2u it is six sigma.
GROSS = 3.0
_ROUNDING = 1e-9
# Cautions that tell of readings that are wrong or not there.
_CAUTIONS = {"counter-disagrees", "low-coverage", "readings-rejected", "readings-repaired"}


@dataclass(frozen=True, slots=True)
class Case:
    """What is tried; equal cases have equal results."""

    waveform: str
    fault: str
    seed: int

    @property
    def id(self) -> str:
        """Return the name by which a test runner knows it."""
        return f"{self.waveform}-{self.fault}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case. Energies in joules; ``figure`` is None if there is none."""

    meter: str
    case: Case
    true_j: float
    true_net_j: float
    figure: EnergyFigure | None
    reason: str | None
    findings: tuple[Finding, ...]

    @property
    def error(self) -> float | None:
        """Return the relative error of the gross energy."""
        return None if self.figure is None else self.figure.gross_j.value / self.true_j - 1.0

    @property
    def u_relative(self) -> float | None:
        """Return the stated expanded uncertainty of the gross energy, relative to the truth."""
        if self.figure is None or self.figure.gross_j.expanded_u is None:
            return None
        return self.figure.gross_j.expanded_u / self.true_j

    @property
    def covered(self) -> bool | None:
        """Say whether the stated interval of the gross energy holds the truth."""
        return None if self.figure is None else _holds(self.figure.gross_j, self.true_j)

    @property
    def net_covered(self) -> bool | None:
        """Say whether the stated interval of the net energy holds the truth."""
        if self.figure is None or self.figure.net_j is None:
            return None
        return _holds(self.figure.net_j, self.true_net_j)


def run_case(rig: Rig, case: Case) -> Result:
    """Run one case in virtual time; the driver's failures become findings."""
    fault = FAULTS[case.fault]
    rng = random.Random(f"{rig.name} {case.id}")  # noqa: S311 - loads, not secrets
    later_s = rng.uniform(0.0, rig.shape.dither_s)
    shape = replace(rig.shape, lead_s=rig.shape.lead_s + later_s)
    idle_w = rng.uniform(*shape.idle_w)
    load = make_waveform(
        case.waveform, shape.span, rng, idle_w=idle_w, swing_w=rng.uniform(*shape.swing_w)
    )
    gain = 1.0 + rng.uniform(-shape.gain, shape.gain)
    with rig.set_up(with_gain(load, gain), fault, rng.getrandbits(32)) as bench:
        seen = observe_trial(bench, shape, rng)
    findings = reading_findings(seen, bench.shown)
    if seen.window is None or seen.capabilities is None or len(seen.idle) < 2:
        if not findings:
            findings = [Finding(Defect.CRASH, "the trial did not come to its end")]
        return Result(rig.name, case, math.nan, math.nan, None, seen.failure, tuple(findings))
    true_j = _energy_j(load, bench, seen.window)
    true_net_j = true_j - idle_w * seen.window.duration_s
    if not fault.counter:
        findings += _counter(seen, bench, with_gain(load, gain))
    outcome = _figure(rig, seen)
    findings += _outcome_findings(outcome, fault, bench, seen, true_j)
    return Result(
        rig.name, case, true_j, true_net_j, outcome.figure, outcome.reason, tuple(findings)
    )


def _energy_j(load: Waveform, bench: Bench, window: Window) -> float:
    start_s, end_s = (seconds(t - bench.zero_ns) for t in (window.start_ns, window.end_ns))
    return load.energy_j(end_s) - load.energy_j(start_s)


def _counter(seen: Observation, bench: Bench, load: Waveform) -> list[Finding]:
    counted = [reading for reading in seen.readings if reading.energy_j is not None]
    if len(counted) < 2 or counted[0].t_ns >= counted[-1].t_ns or seen.capabilities is None:
        return []
    if counted[0].t_ns < bench.zero_ns:
        return []  # such a stamp is a finding already
    window = Window(counted[0].t_ns, counted[-1].t_ns)
    peak_w = range_w(load, 0.0, seconds(window.end_ns - bench.zero_ns))[1]
    true_j = _energy_j(load, bench, window)
    return counter_findings(counted, seen.capabilities, true_j, window.duration_s, peak_w)


def _figure(rig: Rig, seen: Observation) -> Outcome:
    assert seen.capabilities is not None and seen.window is not None
    nothing = math.nan
    return energy_figure(
        Readings.of(
            [reading.t_ns for reading in seen.readings],
            [nothing if r.power_w is None else r.power_w for r in seen.readings],
            [nothing if r.energy_j is None else r.energy_j for r in seen.readings],
        ),
        seen.capabilities,
        seen.window,
        meter=rig.name,
        target="board",
        idle=seen.idle,
        events=seen.events,
    )


def _outcome_findings(
    outcome: Outcome, fault: FaultClass, bench: Bench, seen: Observation, true_j: float
) -> list[Finding]:
    found = []
    figure = outcome.figure
    if figure is None:
        if not outcome.reason:
            found.append(Finding(Defect.NO_FIGURE, "without a reason"))
        elif fault.figure:
            found.append(Finding(Defect.NO_FIGURE, outcome.reason))
    else:
        found += _gross_miss(figure.gross_j, true_j)
        if fault.figure is False:
            share = f"{100 * (figure.coverage or 0.0):.0f} %"
            found.append(Finding(Defect.FIGURE, f"coverage is given as {share}"))
    if _happened(fault, bench, seen) and not _noticed(fault, outcome, seen):
        what = f"{fault.name}: no {fault.event or 'count, caution or reason'}"
        found.append(Finding(Defect.UNNOTICED, what))
    return found


def _gross_miss(gross: Quantity, true_j: float) -> list[Finding]:
    u_j = gross.expanded_u
    if u_j is None:
        return [Finding(Defect.ENERGY, "it has no uncertainty")]
    error_j = gross.value - true_j
    if abs(error_j) <= GROSS * u_j + _ROUNDING * true_j:
        return []
    return [Finding(Defect.ENERGY, f"{gross.value:.6g} ± {u_j:.2g} J, the truth is {true_j:.6g} J")]


def _happened(fault: FaultClass, bench: Bench, seen: Observation) -> bool:
    shown, can = bench.shown, seen.capabilities
    if fault.below_floor and can is not None and not (can.floor_w or can.pulse_j):
        return False
    return bool(shown.injected[fault.injected] or shown.away) or fault.broker is not None


def _noticed(fault: FaultClass, outcome: Outcome, seen: Observation) -> bool:
    """Say whether what must be said of a fault is said."""
    kinds = {event.kind for event in seen.events}
    if fault.notice is Notice.EVENT:
        return fault.event in kinds
    if fault.notice is Notice.REJECTED:
        # A device may also leave out what is no number: then a reading has no power.
        return "rejected" in kinds or any(reading.power_w is None for reading in seen.readings)
    if fault.notice is Notice.FLAGGED:
        figure = outcome.figure
        counted = figure is None or any(not key.startswith("accepted") for key in figure.gate)
        said = _CAUTIONS & {caution.code for caution in outcome.cautions}
        return counted or bool(said) or bool(kinds & {"rejected", fault.event})
    return True


def _holds(quantity: Quantity, true_value: float) -> bool:
    u = quantity.expanded_u or 0.0
    return abs(quantity.value - true_value) <= u + _ROUNDING * abs(true_value)
