"""A campaign of two workloads in several modes, every figure of it known, for several tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchharness.store.database import Store
from benchharness.store.records import EventRecord
from tests.unit.derive_store import META, Trial, campaign, phase, repeated, said

ENVIRONMENT: Mapping[str, Any] = {
    "machine": "5e9f01c2aa37",
    "board": "Raspberry Pi 4 Model B",
    "cpu": "Cortex-A72",
    "cores": 4,
    "memory_bytes": 4_000_000_000,
}
HOST_BYTES: Mapping[str, float] = {"wasmtime": 30.5e6, "wasmer": 41e6, "wasmedge": 52e6}


@dataclass(frozen=True)
class Row:
    """A variant: what it is, the power that it draws over an idle of 3 W, and how it starts."""

    workload: str
    runtime: str
    mode: str | None
    busy_w: float
    probes: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=lambda: META)
    said: Mapping[str, float] = field(default_factory=dict)  # metrics of the program

    @property
    def label(self) -> str:
        return " ".join(w for w in (self.workload, self.runtime, self.mode) if w)

    def metrics(self) -> list[EventRecord]:
        return [said("metric", 18.0, name=name, value=value) for name, value in self.said.items()]


ROWS = (
    Row("matrix", "wasmtime", "jit", 8.0),
    Row("matrix", "wasmer", "jit", 8.4),
    Row("matrix", "wasmer", "jit-singlepass", 9.6),
    Row("matrix", "wasmtime", "aot", 7.0),
    Row("matrix", "wasmer", "aot", 7.4),
    Row("matrix", "wasmtime", "interpreter", 12.0),
    Row("matrix", "native", None, 6.0),
    Row("matrix", "numpy", None, 5.0),
    Row("gpio-http", "wasmtime", "jit", 3.4),
    Row("gpio-http", "wasmer", "jit", 3.8),
    Row("gpio-http", "wasmtime", "aot", 3.3),
)


def edge_campaign(path: Path, rows: tuple[Row, ...] = ROWS, repeat: int = 4, **spec: Any) -> Store:
    """Store the campaign; a factor that does not apply has its default, as in a real one."""
    return campaign(
        path,
        {row.label: _trials(row, repeat) for row in rows},
        factors={r.label: {"runtime": r.runtime, "mode": r.mode or "jit", "n": 300} for r in rows},
        workloads={row.label: row.workload for row in rows},
        environment=ENVIRONMENT,
        **spec,
    )


def _trials(row: Row, repeat: int) -> list[Trial]:
    if row.mode is None:
        told = tuple(row.metrics())
        return repeated(row.busy_w, repeat, events=told, probes=row.probes, meta=row.meta)
    made = "deserialize" if row.mode.startswith("aot") else "compile"
    events = [
        said("stage", -1.5, "harness", edge="start", name="window"),
        said("metric", -1.0, name="module_bytes", value=62_000.0),
        said("metric", -1.0, name="host_bytes", value=HOST_BYTES[row.runtime]),
        *phase("load", -1.0, -0.9),
        *phase(made, -0.9, -0.65),
        *phase("instantiate", -0.01, 0.0),
        *phase("run", 0.0, 19.0),
        *row.metrics(),
    ]
    if made == "deserialize":
        events.append(said("metric", -0.8, name="aot_bytes", value=129_000.0))
    return repeated(row.busy_w, repeat, events=tuple(events), probes=row.probes, meta=row.meta)
