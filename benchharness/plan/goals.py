"""What a campaign is to find out: the metric, the margin, the baseline, and when to stop.

They come from a campaign file, from what ``[quick]`` changes of it and from the command line, in
layers: what a later layer says comes before what an earlier one says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchharness.errors import UnknownNameError, UsageError
from benchharness.model import FactorValue
from benchharness.plan.stop import StopRule

KEYS = ("metric", "margin", "baseline", "stop")
# As they are written, and as they are stored; "energy" is net where it is known, else gross.
METRICS: Mapping[str, str] = {
    "energy": "energy",
    "energy_net": "energy_net_j",
    "energy_gross": "energy_gross_j",
    "time": "duration_s",
    "memory": "memory_peak_bytes",
    "cpu_time": "cpu_s",
}
IN_WORDS: Mapping[str, str] = {
    "energy": "energy",
    "energy_net_j": "net energy",
    "energy_gross_j": "gross energy",
    "duration_s": "time",
    "memory_peak_bytes": "peak memory",
    "cpu_s": "CPU time",
}
_LEAST_OF_A_WIDTH = 2  # one value has no interval


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place says: keys that it does not name are absent. ``where`` is for messages.

    ``repeat`` is there because a fixed number and a width exclude each other.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    stop: Mapping[str, Any] = field(default_factory=dict)
    repeat: int | None = None
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Goals:
    """What all layers come to. ``metric`` None: the harness chooses; ``repeat`` None: not said.

    ``baseline`` holds levels by factor, of which the variants to compare with have all; empty:
    the lowest mean.
    """

    metric: str | None = None
    margin: float | None = None
    baseline: Mapping[str, FactorValue] = field(default_factory=dict)
    stop: StopRule = field(default_factory=StopRule)
    repeat: int | None = None
    baseline_where: str = "--baseline"

    @property
    def repeat_planned(self) -> int:
        """Return the repetitions to plan at first: one block where more are decided on the way."""
        return 1 if self.stop.grows else (self.repeat or 1)

    def spec(self) -> dict[str, Any]:
        """Return what is stored with a campaign."""
        return {
            "metric": self.metric,
            "margin": self.margin,
            "baseline": dict(self.baseline),
            "stop": self.stop.spec(),
        }


def goals_from_spec(spec: Mapping[str, Any]) -> Goals:
    """Return what was stored; a campaign of an older version has none."""
    return Goals(
        metric=spec.get("metric"),
        margin=spec.get("margin"),
        baseline=spec.get("baseline") or {},
        stop=StopRule(**(spec.get("stop") or {})),
    )


def read_metric(name: str, where: str) -> str:
    """Return the key of a metric. Raises UnknownNameError with the nearest name."""
    if name not in METRICS:
        raise UnknownNameError("metric", name, METRICS, where=where)
    return METRICS[name]


def combine_layers(layers: Sequence[Layer]) -> Goals:
    """Return what all layers come to; a later one comes first.

    A fixed number of repetitions in a later layer ends the width of an earlier one, and the other
    way round. Raises UsageError for both in one layer, and for a rule that contradicts itself.
    """
    values: dict[str, Any] = {}
    stop: dict[str, Any] = {}
    where: dict[str, str] = {}
    repeat: int | None = None
    for layer in layers:
        if layer.repeat is not None and "width" in layer.stop:
            raise UsageError(
                "a fixed number of repetitions stands beside a width",
                where=layer.where.get("repeat"),
                remedy="leave one of them out; a width has a least and a most number",
            )
        if layer.repeat is not None:
            repeat = layer.repeat
            for key in ("width", "repeat_min", "repeat_max"):
                stop.pop(key, None)
        elif "width" in layer.stop:
            repeat = None
        values.update(layer.values)
        stop.update(layer.stop)
        where.update(layer.where)
    rule = _checked(StopRule(**stop), repeat, where)
    return Goals(
        **values, stop=rule, repeat=repeat, baseline_where=where.get("baseline", "--baseline")
    )


def _checked(rule: StopRule, repeat: int | None, where: Mapping[str, str]) -> StopRule:
    """Return the rule with a fixed number as its most; refuse what contradicts itself."""
    limits = {"repeat_min": rule.repeat_min, "repeat_max": rule.repeat_max}
    alone = next((key for key, value in limits.items() if value is not None), None)
    if alone is not None and repeat is not None:
        raise UsageError(
            "a fixed number of repetitions has no least and no most",
            where=where.get(f"stop.{alone}"),
            remedy="leave it or the fixed number out",
        )
    if alone is not None and not rule.grows:
        raise UsageError(
            "alone stops nothing",
            where=where.get(f"stop.{alone}"),
            remedy="say until when: a width, a time or an energy",
        )
    if rule.width is not None and rule.repeat_min is not None:
        _not_below(rule.repeat_min, _LEAST_OF_A_WIDTH, where.get("stop.repeat_min"))
    if rule.width is not None and rule.repeat_max is not None:
        _not_below(rule.repeat_max, _LEAST_OF_A_WIDTH, where.get("stop.repeat_max"))
    if rule.repeat_max is not None and rule.repeat_max < rule.least:
        if rule.repeat_min is None:
            return StopRule(
                rule.width, rule.repeat_max, rule.repeat_max, rule.time_s, rule.energy_j
            )
        raise UsageError(
            f"at most {rule.repeat_max} is below at least {rule.repeat_min}",
            where=where.get("stop.repeat_max"),
        )
    if rule.grows and repeat is not None:
        return StopRule(None, None, repeat, rule.time_s, rule.energy_j)
    return rule


def _not_below(value: int, least: int, where: str | None) -> None:
    if value < least:
        raise UsageError(f"{value} is below {least}: one value has no interval", where=where)
