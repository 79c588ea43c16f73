"""Invented campaigns of several runtimes, modes and builds, to hold against published tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchharness.model import CampaignSummary, MeasurementClass, TrialSummary, VariantSummary
from benchharness.report.derive_variants import VariantTrials
from tests.unit.report_samples import Kind, sample_campaign, sample_trial

NOISE = (-0.004, 0.0, 0.004, 0.002, -0.002)
MEMORY_BYTES = 4_000_000_000


def runs(
    factors: Mapping[str, str | int],
    duration_s: float,
    *,
    workload: str = "matrix",
    repeat: int = 5,
    spread: float = 1.0,
    memory_bytes: int = 620_000_000,
    window_bytes: int | None = None,
    cpu_percent: float = 100.0,
    host_bytes: int = 13_000_000,
    module_bytes: int = 62_000,
    metrics: Mapping[str, float] | None = None,
    energy: bool = True,
) -> dict[str, Any]:
    """Return what one variant is: its factors, and the figures of its runs."""
    return dict(locals())


def campaign(
    *variants: Mapping[str, Any], cls: MeasurementClass = MeasurementClass.MEASURED, **changes: Any
) -> CampaignSummary:
    """Return a campaign of such variants, with the labels that the harness would give."""
    trials: list[TrialSummary] = []
    found: list[VariantSummary] = []
    for index, variant in enumerate(variants):
        own = [_trial(variant, index, r, len(trials) + r, cls) for r in range(variant["repeat"])]
        trials += own
        entry = {
            "index": index,
            "label": " ".join(str(x) for x in (variant["workload"], *variant["factors"].values())),
            "workload": variant["workload"],
            "factors": variant["factors"],
        }
        found.append(VariantTrials(entry, own).summary())
    summary = sample_campaign(repeat=1)
    environment = {**summary.environment, "memory_bytes": MEMORY_BYTES}
    return replace(
        summary,
        **{
            "trials": tuple(trials),
            "variants": tuple(found),
            "environment": environment,
            **changes,
        },
    )


def _trial(
    variant: Mapping[str, Any], index: int, repetition: int, place: int, cls: MeasurementClass
) -> TrialSummary:
    noise = variant["spread"] * NOISE[repetition % len(NOISE)]
    kind = Kind("x", variant["duration_s"], 6.0, 1.0, 0.0, None)
    trial = sample_trial(place, index, repetition, kind, noise, cls)
    sizes = {"host_bytes": variant["host_bytes"], "module_bytes": variant["module_bytes"]}
    return replace(
        trial,
        workload=variant["workload"],
        factors=variant["factors"],
        cpu_percent=variant["cpu_percent"] * (1 + noise),
        memory_peak_bytes=round(variant["memory_bytes"] * (1 + noise)),
        memory_window_bytes=variant["window_bytes"],
        metrics={**{k: float(v) for k, v in sizes.items()}, **(variant["metrics"] or {})},
        energy=trial.energy if variant["energy"] else None,
        energy_missing=None if variant["energy"] else "no meter",
    )


def matrix(
    times: Mapping[tuple[str, str], float], n: int = 5000, **changes: Any
) -> Sequence[Mapping[str, Any]]:
    """Return matrix variants from times by (runtime, mode)."""
    hosts = {"wasmtime": 30_468_536, "wasmer": 33_100_000, "wasmedge": 104_000_000}
    return [
        runs(
            {"runtime": runtime, "mode": mode, "build": "scalar", "n": n},
            seconds,
            host_bytes=hosts[runtime],
            **changes,
        )
        for (runtime, mode), seconds in times.items()
    ]


def d14_like(cls: MeasurementClass = MeasurementClass.MEASURED) -> CampaignSummary:
    """Return a campaign with all three workloads of D1.4, every runtime and mode."""
    times = {
        ("wasmtime", "jit"): 7.3, ("wasmer", "jit"): 11.5, ("wasmedge", "jit"): 6.1,
        ("wasmtime", "aot"): 7.29, ("wasmer", "aot"): 11.4, ("wasmedge", "aot"): 6.0,
    }  # fmt: skip
    gpio = [
        runs(
            {"runtime": runtime, "mode": mode, "build": build},
            120.0,
            workload="gpio-http",
            cpu_percent={"host": 0.4, "socket": 0.5}[build] * (1.1 if runtime == "wasmer" else 1),
            memory_bytes=22_000_000,
            module_bytes={"host": 35_000, "socket": 130_000}[build],
        )
        for runtime in ("wasmtime", "wasmer", "wasmedge")
        for mode in ("jit", "aot")
        for build in ("host", "socket")
        if build == "host" or runtime == "wasmedge"
    ]
    nn = [
        runs(
            {"runtime": runtime, "mode": "aot"},
            9.0,
            workload="nn-module",
            metrics={"inference_s": 0.012},
            module_bytes=96_000,
        )
        for runtime in ("wasmtime", "wasmer", "wasmedge")
    ]
    return campaign(*matrix(times, n=2000), *gpio, *nn, cls=cls)
