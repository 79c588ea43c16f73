"""What the order of the trials tells: a drift over the campaign, and repetitions added later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchharness.model import Caution
from benchharness.report.derive_variants import ENERGY_METRICS, VariantTrials
from benchharness.report.run_order import seed_of, timed_values
from benchharness.stats.drift import Drift, drift

_LEAST_DRIFT = 0.01  # below it a drift is smaller than what anybody compares
_WORDS = {"duration_s": "time", "energy_net_j": "net energy", "energy_gross_j": "gross energy"}


def order_cautions(
    variants: Sequence[VariantTrials],
    spec: Mapping[str, Any],
    overhead: Mapping[str, Any] | None = None,
) -> list[Caution]:
    """Return the cautions that need the order of the trials.

    ``overhead`` is what is known since the campaign ended: after how many blocks a rule stopped it.
    """
    return [*_drifts(variants, spec), *_added(variants, spec, overhead or {})]


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


def _added(
    variants: Sequence[VariantTrials], spec: Mapping[str, Any], overhead: Mapping[str, Any]
) -> Iterable[Caution]:
    """Say that repetitions were added: to look twice finds more than there is.

    While a campaign grows by a rule of its own nobody has looked at it; once it has stopped, they
    have. How often a wrong word falls is in docs/statistics.md.
    """
    grows = any(value is not None for value in (spec.get("stop") or {}).values())
    planned = int((overhead.get("stopped_blocks") if grows else spec.get("repeat")) or 0)
    there = max((t.repetition + 1 for v in variants for t in v.trials), default=0)
    if planned and there > planned:
        were = "were planned" if not grows else "were made by the stop rule"
        yield Caution(
            "repetitions-added",
            f"{planned} repetitions {were}, and {there - planned} added later: to look, to add "
            "and to look again finds a difference that is none in 7 to 10 % and not in 5 %",
            "plan the number beforehand for a claim (--pilot proposes it)",
        )
