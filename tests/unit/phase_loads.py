"""Loads in phases whose joules are known exactly, and what a meter and a probe see of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchharness.energy.figure import energy_figure
from benchharness.energy.phase_energy import PhaseEnergy, phase_energies
from benchharness.energy.phase_intervals import Span, divide
from benchharness.energy.readings import Readings, Samples, Window
from benchharness.model import Capabilities, EnergyFigure, MeasurementClass

START_NS = 7_000_000_000_000
IDLE_S = 20.0


def at(t_s: float) -> int:
    """Return the stamp of seconds since the window's start."""
    return START_NS + round(t_s * 1e9)


@dataclass(frozen=True)
class Load:
    """Rounds of phases, each (name, seconds); power and cores in use by phase."""

    rounds: int
    phases: Sequence[tuple[str, float]]
    power_w: Mapping[str, float]
    cores: Mapping[str, float] = field(default_factory=dict)
    idle_w: float = 2.0

    @property
    def duration_s(self) -> float:
        return self.rounds * sum(length for _, length in self.phases)

    def spans(self, telling: Sequence[str] = ()) -> list[Span]:
        """Return the phases; those that are ``telling`` say what CPU time they used."""
        found, now = [], 0.0
        for _ in range(self.rounds):
            for name, length in self.phases:
                own_s = self.cores[name] * length if name in telling else None
                found.append(Span(at(now), at(now + length), name, own_s))
                now += length
        return found

    def exact_j(self) -> dict[str, float]:
        return {
            name: self.rounds * sum(s for n, s in self.phases if n == name) * self.power_w[name]
            for name in dict(self.phases)
        }

    def _edges(self) -> tuple[np.ndarray, list[str]]:
        lengths = [length for _ in range(self.rounds) for _, length in self.phases]
        names = [name for _ in range(self.rounds) for name, _ in self.phases]
        return np.concatenate([[0.0], np.cumsum(lengths)]), names

    def power_at(self, t_s: np.ndarray) -> np.ndarray:
        edges, names = self._edges()
        watts = np.array([self.idle_w, *(self.power_w[n] for n in names), self.idle_w])
        found: np.ndarray = watts[np.searchsorted(edges, t_s, side="right")]
        return found

    def cpu_at(self, t_s: np.ndarray) -> np.ndarray:
        edges, names = self._edges()
        rates = np.array([self.cores.get(n, 0.0) for n in names])
        at_edges = np.concatenate([[0.0], np.cumsum(rates * np.diff(edges))])
        found: np.ndarray = np.interp(t_s, edges, at_edges)
        return found


COUNTER_STEP_J = 0.036  # 10⁻⁸ kWh


def capabilities(
    latency_s: float = 0.0, step_w: float = 0.0, gain: float = 0.0, counter: bool = False
) -> Capabilities:
    """Return those of a plug that is polled each second."""
    return Capabilities(
        MeasurementClass.MEASURED,
        has_power=True,
        has_counter=counter,
        period_s=1.0,
        energy_resolution_j=COUNTER_STEP_J if counter else None,
        power_resolution_w=step_w or None,
        gain_bound=gain,
        latency_bound_s=latency_s or None,
    )


def seen(
    load: Load,
    random: np.random.Generator,
    period_s: float = 1.0,
    noise_w: float = 0.0,
    latency_s: float = 0.0,
    step_w: float = 0.0,
    gain: float = 0.0,
    counter: bool = False,
) -> Readings:
    """Return what a meter with an even delay below ``latency_s`` tells: powers, and a counter."""
    t_s = np.arange(-IDLE_S, load.duration_s + IDLE_S, period_s) + random.uniform(0.0, period_s)
    power_w = load.power_at(t_s - random.uniform(0.0, latency_s or 1e-12, t_s.size))
    power_w = (power_w + random.normal(0.0, noise_w or 1e-12, t_s.size)) * (1.0 + gain)
    if step_w:
        power_w = np.round(power_w / step_w) * step_w
    stamps = [at(t) for t in t_s.tolist()]
    if not counter:
        return Readings.of(stamps, power_w)
    fine_s = np.linspace(-IDLE_S, load.duration_s + IDLE_S, 400_001)
    exact_j = np.concatenate([[0.0], np.cumsum(load.power_at(fine_s)[:-1] * np.diff(fine_s))])
    energy_j = np.interp(t_s, fine_s, exact_j) * (1.0 + gain)
    return Readings.of(stamps, power_w, np.round(energy_j / COUNTER_STEP_J) * COUNTER_STEP_J)


def figure_of(load: Load, readings: Readings, meter: Capabilities) -> EnergyFigure:
    """Return the figure of the whole window, with its idle power."""
    end_s = load.duration_s
    outcome = energy_figure(
        readings,
        meter,
        Window(at(0.0), at(end_s)),
        meter="plug",
        target="pi",
        idle=[Window(at(-IDLE_S), at(-1.0)), Window(at(end_s + 3.0), at(end_s + IDLE_S))],
    )
    assert outcome.figure is not None, outcome.reason
    return outcome.figure


def told(
    load: Load,
    readings: Readings,
    meter: Capabilities,
    cpu_hz: float | None = 10.0,
    telling: Sequence[str] = (),
) -> dict[str, PhaseEnergy]:
    """Return the energy of each phase, by the readings and by CPU samples at ``cpu_hz``."""
    cpu = None
    if cpu_hz is not None:
        t_s = np.arange(-1.0, load.duration_s + 1.0, 1.0 / cpu_hz)
        cpu = Samples(t_s, load.cpu_at(t_s))
    window = Window(at(0.0), at(load.duration_s))
    found = phase_energies(
        figure_of(load, readings, meter), readings, meter, divide(load.spans(telling), window), cpu
    )
    return {each.name: each for each in found}
