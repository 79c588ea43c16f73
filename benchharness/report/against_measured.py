"""A campaign's figures in the words and units of published tables, variant by variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchharness.model import CampaignSummary, TrialSummary, VariantSummary
from benchharness.report.derive_variants import GROSS, VariantTrials
from benchharness.report.edge_rows import side_of
from benchharness.report.metrics import half_interval
from benchharness.stats.interval import mean_interval
from benchharness.stats.sample import Sample, Spread, spread

SIZES = ("host_mb", "module_kb")  # files: the same in every run, and known without error
EXACT_NU = 1.0  # never used: a variance of 0 has no share in any degrees of freedom
MAINS = "mains"
MB, KB, MA = 1e6, 1e3, 1e3
RAM = "ram_percent"
IN_WINDOW, PEAK = "memory_window_bytes", "memory_peak_bytes"

_METRICS: Mapping[str, str] = {
    "duration_s": "duration_s",
    "cpu_percent": "cpu_percent",
    "energy_j": GROSS,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The mean of a variant's good runs, half of its 95 % interval, and what ratios need."""

    n: int
    mean: float
    half: float | None
    spread: Spread | None


@dataclass(frozen=True, slots=True)
class Measuring:
    """Reads quantities from a campaign; ``sources`` say where a workload's are kept otherwise."""

    campaign: CampaignSummary
    sources: Mapping[str, Mapping[str, str]]

    def get(self, variant: VariantSummary, quantity: str) -> Measured | None:
        """Return a quantity of a variant in the unit of its name, None where it has none."""
        trials = VariantTrials(
            {"index": variant.index, "label": variant.label, "factors": variant.factors},
            self.campaign.trials_of(variant.index),
        )
        source = self.sources.get(variant.workload, {}).get(quantity)
        if source is not None:
            return _from(_values(trials.good, _named(source)), 1.0)
        if quantity in SIZES:
            return _size(trials.good, quantity)
        if quantity == "current_ma":
            return _from(_values(trials.good, _mains_a), MA)
        if quantity not in (*_METRICS, RAM):
            return None
        scale = 1.0
        if quantity == RAM:
            whole = self.campaign.environment.get("memory_bytes")
            if not isinstance(whole, (int, float)) or whole <= 0:
                return None
            scale = 100.0 / whole
        key = _METRICS.get(quantity) or self.memory_key(variant.workload)
        sample = trials.sample(key, one_meter=self._one_meter())
        found = _from(sample.values, scale, sample.common_u)
        if found is not None and quantity == "energy_j":  # the meter's share is in its ±
            return replace(found, half=half_interval(variant, GROSS))
        return found

    def memory_key(self, workload: str) -> str:
        """Return which memory a workload is compared by: a person reads htop while it runs.

        In the window if all its variants have that, else the peak: never one beside the other.
        """
        variants = [v for v in self.campaign.variants if v.workload == workload and v.ok]
        return IN_WINDOW if all(IN_WINDOW in v.metrics for v in variants) else PEAK

    def _one_meter(self) -> bool:
        return len({t.energy.meter for t in self.campaign.trials if t.energy is not None}) <= 1


def _size(good: Sequence[TrialSummary], quantity: str) -> Measured | None:
    """Return the size of a file; one run is enough, and its spread is none."""
    if quantity == "host_mb":
        found = _from(_values(good, lambda t: t.metrics.get("host_bytes")), 1.0 / MB)
    else:
        found = _from(_values(good, _module_bytes), 1.0 / KB)
    if found is not None and found.spread is None:
        return Measured(found.n, found.mean, None, Spread(found.mean, 0.0, EXACT_NU, 0.0))
    return found


def _mains_a(trial: TrialSummary) -> float | None:
    """Return a current that was read on the mains side; one of a board's side is another thing."""
    supply = trial.supply
    return supply.current_a if supply is not None and side_of(supply) == MAINS else None


def _module_bytes(trial: TrialSummary) -> float | None:
    size_bytes = trial.metrics.get("module_bytes")
    return trial.module_bytes if size_bytes is None else size_bytes


def _named(source: str) -> Callable[[TrialSummary], float | None]:
    form, _, name = source.partition(":")
    if form == "phase":
        return lambda trial: trial.phases_s.get(name)
    return lambda trial: trial.metrics.get(name)


def _values(
    good: Sequence[TrialSummary], read: Callable[[TrialSummary], float | None]
) -> tuple[float, ...]:
    return tuple(value for trial in good if (value := read(trial)) is not None)


def _from(values: Sequence[float], scale: float, common_u: float = 0.0) -> Measured | None:
    scaled = tuple(scale * value for value in values)
    interval = mean_interval(scaled)
    if interval.mean is None:
        return None
    half = None if interval.high is None else interval.high - interval.mean
    return Measured(
        interval.n, interval.mean, half or None, spread(Sample("", scaled, scale * common_u))
    )
