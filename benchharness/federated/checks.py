"""Whether a client's reply may go into the average, and if not, why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from benchharness.federated.timeline import Work
from benchharness.learning import arrays as model_arrays
from benchharness.wire.frames import Tensor

EXAMPLES = "num-examples"
TRAIN_METRICS = (EXAMPLES, "train_loss", "train_accuracy", "samples")
EVALUATE_METRICS = (EXAMPLES, "local_loss", "local_accuracy")


def metrics_fault(metrics: Mapping[str, Any], wanted: tuple[str, ...]) -> str | None:
    """Return what is wrong with the numbers of a reply; None if nothing is."""
    for name in wanted:
        if name not in metrics:
            return f"its {name} is missing or not finite"
        if not _is_number(metrics[name]):
            return f"its {name} is {metrics[name]!r}, not a finite number"
    if metrics[EXAMPLES] <= 0:
        return f"its {EXAMPLES} is {metrics[EXAMPLES]}: it has no weight in the average"
    return None


def numbers(metrics: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, float]:
    """Return those of the numbers that are there and finite, of a reply that may be wrong."""
    found = {name: metrics.get(name) for name in names}
    return {name: float(value) for name, value in found.items() if _is_number(value)}


def arrays_fault(arrays: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """Return what is wrong with the weights of a reply; None if nothing is."""
    wrong = model_arrays.fault(arrays, shapes)
    return None if wrong is None else f"its weights are wrong: {wrong}"


def stamps(metrics: Mapping[str, Any]) -> Work | None:
    """Return the client's own times; None where it does not say them.

    CPU seconds that are no finite number from 0 up are as if they had not been said.
    """
    begin_ns, end_ns = metrics.get("begin_ns"), metrics.get("end_ns")
    if type(begin_ns) is not int or type(end_ns) is not int or not 0 <= begin_ns <= end_ns:
        return None
    cpu_s = metrics.get("cpu_s")
    known_s = float(cpu_s) if _is_number(cpu_s) and cpu_s >= 0 else None
    return Work(begin_ns, end_ns, str(metrics.get("boot_id", "")), known_s)


def _is_number(value: object) -> TypeGuard[int | float]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(float(value))  # type: ignore[arg-type]
