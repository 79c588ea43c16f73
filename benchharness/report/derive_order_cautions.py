"""What the order of the trials tells: a drift over the campaign, and repetitions added later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchharness.model import Caution
from benchharness.report.derive_variants import ENERGY_METRICS, VariantTrials
from benchharness.report.run_order import seed_of, timed_values
from benchharness.stats.drift import Drift, drift
from benchharness.stats.saying import percent

_LEAST_DRIFT = 0.01  # below it a drift is smaller than what anybody compares
_WORDS = {"duration_s": "time", "energy_net_j": "net energy", "energy_gross_j": "gross energy"}


def order_cautions(variants: Sequence[VariantTrials], spec: Mapping[str, Any]) -> list[Caution]:
    """Return the cautions that need the order of the trials."""
    return [*_drifts(variants, spec), *_added(variants, spec)]


def campaign_drift(variants: Sequence[VariantTrials], metric: str) -> Drift | None:
    """Return the common drift of a metric against the starts of the windows."""
    trials = [trial for v in variants if v.values(metric) for trial in v.trials]
    return drift(list(timed_values(trials, metric).values()))


def _drifts(variants: Sequence[VariantTrials], spec: Mapping[str, Any]) -> Iterable[Caution]:
    """Say the drift of time, and of the energy that is there; net energy before gross."""
    order = "the order is random, so that it falls on all variants alike"
    if seed_of(spec) is None:
        order = "the order is not random, so that it may favour a variant"
    energies = [m for m in ENERGY_METRICS if any(v.values(m) for v in variants)]
    for metric in ("duration_s", *energies[:1]):
        found = campaign_drift(variants, metric)
        if found is not None and found.is_clear and abs(found.total) >= _LEAST_DRIFT:
            yield Caution(
                "drift",
                f"{_WORDS[metric]}: {found.sentence}",
                f"{order}; let the board warm up, or cool it",
            )


def _added(variants: Sequence[VariantTrials], spec: Mapping[str, Any]) -> Iterable[Caution]:
    """Say that repetitions were added: to look twice finds more than there is.

    A campaign that grows by a rule of its own was not looked at by anybody.
    """
    planned = int(spec.get("repeat") or 0)
    there = max((t.repetition + 1 for v in variants for t in v.trials), default=0)
    grows = any(value is not None for value in (spec.get("stop") or {}).values())
    if planned and there > planned and not grows:
        yield Caution(
            "repetitions-added",
            f"{planned} repetitions were planned, and {there - planned} added later: after a "
            f"second look an interval of {percent(0.95)} % holds a little less often",
            "plan the number beforehand for a claim (--pilot proposes it)",
        )
