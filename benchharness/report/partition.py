"""How the data were divided among clients, as a workload's output ``partition`` tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchharness.model import CampaignSummary, Status, TrialSummary
from benchharness.report.text import plain

_MOST_CLIENTS = 60  # that are drawn
_MOST_CELLS = 200_000  # a larger table is no partition that anyone would draw


@dataclass(frozen=True, slots=True)
class PartitionView:
    """Examples by client and class, int64[clients, classes], and how they came about."""

    counts: npt.NDArray[np.int64]
    alpha: float | None
    seed: int | None
    minimum: int | None
    clients: tuple[str, ...]  # the names of the rows
    variants: tuple[str, ...]  # whose partition it is
    left_out: int = 0  # clients that are not drawn

    @property
    def totals(self) -> npt.NDArray[np.int64]:
        """Return the examples of each client, int64[clients]."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.int64)

    @property
    def how(self) -> str:
        """Say how the classes were divided."""
        if self.alpha is None:
            return ""
        parts = [f"Dirichlet by class with α = {self.alpha:g}"]
        if self.minimum is not None:
            parts.append(f"at least {self.minimum} a client")
        if self.seed is not None:
            parts.append(f"seed {self.seed}")
        return ", ".join(parts)


def partitions(summary: CampaignSummary, most: int = 3) -> list[PartitionView]:
    """Return the different partitions of the good runs, each with the variants that had it."""
    found: dict[str, tuple[TrialSummary, dict[int, None]]] = {}
    for trial in summary.trials:
        counts = counts_of(trial.outputs) if trial.status is Status.OK else None
        if counts is not None:
            key = f"{counts.shape}{counts.tobytes().hex()}"
            found.setdefault(key, (trial, {}))[1][trial.variant] = None
    labels = {v.index: plain(v.label, 60) for v in summary.variants}
    return [
        _view(trial, tuple(labels.get(v, "") for v in variants))
        for trial, variants in list(found.values())[:most]
    ]


def counts_of(outputs: Mapping[str, Any]) -> npt.NDArray[np.int64] | None:
    """Read the table of counts; None where there is none, or where it is not one."""
    told = outputs.get("partition")
    rows = told.get("counts") if isinstance(told, Mapping) else None
    if not isinstance(rows, Sequence) or not rows or not all(isinstance(r, list) for r in rows):
        return None
    width = len(rows[0])
    known = all(
        len(row) == width and all(isinstance(n, int) and 0 <= n < 2**62 for n in row)
        for row in rows
    )
    if not known or not 0 < width * len(rows) <= _MOST_CELLS:
        return None
    return np.asarray(rows, dtype=np.int64)


def _view(trial: TrialSummary, variants: tuple[str, ...]) -> PartitionView:
    counts = counts_of(trial.outputs)
    assert counts is not None
    told = trial.outputs["partition"]
    return PartitionView(
        counts=counts[:_MOST_CLIENTS],
        alpha=_number(told.get("alpha")),
        seed=_whole(told.get("seed")),
        minimum=_whole(told.get("minimum")),
        clients=_names(trial, min(len(counts), _MOST_CLIENTS)),
        variants=variants,
        left_out=max(0, len(counts) - _MOST_CLIENTS),
    )


def _names(trial: TrialSummary, rows: int) -> tuple[str, ...]:
    """Name the rows by the participants with a number, which is that of their row."""
    numbered = {p.name.rpartition("-")[2]: p for p in trial.participants if "-" in p.name}
    names = []
    for row in range(1, rows + 1):
        known = numbered.get(str(row))
        device = f" {known.device}" if known is not None and known.device else ""
        names.append(plain(f"{known.name if known else row}{device}", 40))
    return tuple(names)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
