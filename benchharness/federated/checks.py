"""Whether a client's reply may go into the average, and if not, why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from benchharness.federated.timeline import Work
from benchharness.federated.wire import Tensor
from benchharness.learning import arrays as model_arrays

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


def arrays_fault(arrays: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """Return what is wrong with the weights of a reply; None if nothing is."""
    wrong = model_arrays.fault(arrays, shapes)
    return None if wrong is None else f"its weights are wrong: {wrong}"


def stamps(metrics: Mapping[str, Any]) -> Work | None:
    """Return the client's own times; None where it does not say them."""
    begin_ns, end_ns = metrics.get("begin_ns"), metrics.get("end_ns")
    if type(begin_ns) is not int or type(end_ns) is not int or not 0 <= begin_ns <= end_ns:
        return None
    return Work(begin_ns, end_ns, str(metrics.get("boot_id", "")))


def _is_number(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(float(value))  # type: ignore[arg-type]
