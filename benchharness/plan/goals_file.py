"""The goals of a campaign as its file says them: metric, margin, [baseline] and [stop]."""

from __future__ import annotations

from typing import Any

from benchharness.plan.goals import KEYS, Layer, read_metric
from benchharness.plan.quantities import read_amount, read_share
from benchharness.plan.toml_reader import Table

_STOP_KEYS = ("width", "repeat_min", "repeat_max", "time_s", "energy_j")


def read_layer(table: Table, repeat: int | None) -> Layer:
    """Return what a campaign file, or its ``[quick]`` table, says.

    Raises UsageError with file, line and key.
    """
    values: dict[str, Any] = {}
    where = {key: table.where(key) for key in ("repeat", *KEYS) if key in table}
    if "metric" in table:
        values["metric"] = read_metric(table.string("metric"), table.where("metric"))
    if "margin" in table:
        values["margin"] = read_share(table.data["margin"], table.where("margin"))
    if "baseline" in table:
        baseline = table.table("baseline")
        if not baseline.data:
            raise table.error("names no level", "baseline", remedy='write runtime = "native"')
        values["baseline"] = {name: baseline.scalar(name) for name in baseline.data}
        where["baseline"] = baseline.where(next(iter(baseline.data)))
    stop = table.table("stop")
    stop.only(*_STOP_KEYS)
    if "stop" in table and not stop.data:
        raise table.error("says nothing", "stop", remedy="name width, time_s or energy_j")
    where.update({f"stop.{key}": stop.where(key) for key in stop.data})
    return Layer(values, _read_stop(stop), repeat, where)


def _read_stop(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "width" in table:
        found["width"] = read_share(table.data["width"], table.where("width"))
    for key, unit in (("time_s", "s"), ("energy_j", "J")):
        if key in table:
            found[key] = read_amount(table.data[key], unit, table.where(key))
    for key in ("repeat_min", "repeat_max"):
        if key in table:
            found[key] = table.integer(key, minimum=1)
    return found
