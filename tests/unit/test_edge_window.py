"""The edge table's memory in the window, its start columns and nn-module's phase load_nn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchharness.model import CampaignSummary
from benchharness.report.derive import derive_campaign
from benchharness.report.edge_rows import edge_document, edge_rows
from benchharness.report.edge_table import edge_tables
from benchharness.report.table import Table
from benchharness.report.table_fit import fit, text_width
from tests.unit.derive_store import Trial, campaign, phase, repeated, said
from tests.unit.edge_store import ENVIRONMENT
from tests.unit.test_derive_start import PLENTY, started, tree

MEMORY = tuple((t, m * 1e6) for t, m in PLENTY)


def trials(n: int = 3, **changes: Any) -> list[Trial]:
    told = (
        said("stage", -1.5, "harness", edge="start", name="window"),
        said("metric", -1.0, name="host_bytes", value=30.5e6),
        *phase("load", -1.0, -0.9),
        *phase("load_nn", -0.9, -0.7),
    )
    changes = {"probes": tree(*MEMORY), "details": started(-2.0), **changes}
    return repeated(8.0, n, marked=True, events=told, **changes)


def edge(path: Path, rows: Mapping[str, list[Trial]]) -> CampaignSummary:
    factors = {name: {"runtime": name, "mode": "jit"} for name in rows}
    with campaign(path, rows, factors=factors, environment=ENVIRONMENT) as store:
        return derive_campaign(store, "last")


@pytest.fixture
def summary(tmp_path: Path) -> CampaignSummary:
    short = tree((-1.0, 9e8), (25.0, 8e8))
    return edge(tmp_path, {"wasmtime": trials(), "wasmer": trials(probes=short)})


def texts(table: Table, runtime: str) -> dict[str, str]:
    keys = [column.key for column in table.columns]
    rows = [dict(zip(keys, (cell.text for cell in row), strict=True)) for row in table.rows]
    return next(row for row in rows if row["runtime"] == runtime)


def test_memory_in_the_window_stands_before_the_peak(summary: CampaignSummary) -> None:
    run = edge_tables(summary)[0]
    heads = [(c.title, c.unit) for c in run.columns if c.key.startswith("memory")]
    assert heads == [("RAM", "%"), ("RAM", "B"), ("peak", "B")]  # the least is 1000 B
    known, unknown = texts(run, "wasmtime"), texts(run, "wasmer")
    assert known["memory_window_percent"] == "16"  # 620 MB of 4 GB
    assert known["memory_window_bytes"] == "620000000"
    assert unknown["memory_window_percent"] == unknown["memory_window_bytes"] == "–"
    assert unknown["memory_peak_bytes"] != "–"
    notes = " ".join(run.notes)
    assert "RAM: the most at a sample in the window" in notes
    assert "peak: the most memory of the run's processes, start-up included" in notes


def test_the_methods_are_in_the_notes(summary: CampaignSummary) -> None:
    said_by = {"memory": "cgroup v1 peak, page cache included", "memory in the window": "anonymous"}
    marked = replace(summary, trials=tuple(replace(t, methods=said_by) for t in summary.trials))
    notes = " ".join(edge_tables(marked)[0].notes)
    assert "in the window (anonymous); % of the machine's" in notes
    assert "start-up included (cgroup v1 peak, page cache included)" in notes


def test_eighty_columns_keep_the_window_and_cpu(summary: CampaignSummary) -> None:
    run = fit(edge_tables(summary)[0], 80)
    assert text_width(run) <= 80
    keys = {column.key for column in run.columns}
    assert {"memory_window_percent", "cpu_percent", "power_w", "energy_net_j"} <= keys


def test_the_start_has_seconds_and_joules(summary: CampaignSummary) -> None:
    row = next(row for row in edge_rows(summary) if row.runtime == "wasmtime")
    means = {key: figure.mean for key, figure in row.figures.items()}
    assert means["start_s"] == pytest.approx(2.0)
    assert means["start_gross_j"] == pytest.approx(6.0, abs=0.1)  # at rest: 3 W
    assert means["load_nn_s"] == pytest.approx(0.2)
    gain_j = 1.96 * 6.0 * 0.02 / 3**0.5
    half_j = row.figures["start_gross_j"].half
    assert half_j is not None and half_j == pytest.approx(gain_j, rel=0.01)
    sizes = edge_tables(summary)[1]
    heads = [(c.title, c.unit) for c in sizes.columns if c.key.startswith(("start", "load"))]
    assert heads == [("start", "ms"), ("start", "J"), ("load", "ms"), ("load nn", "ms")]
    assert "its joules are gross, idle power included" in " ".join(sizes.notes)
    assert "load, load nn: before the window" in " ".join(sizes.notes)


def test_one_run_has_the_meters_whole_uncertainty(tmp_path: Path) -> None:
    found = edge(tmp_path, {"wasmtime": trials(1)})
    figure = edge_rows(found)[0].figures["start_gross_j"]
    start = found.trials[0].start
    assert start is not None and start.energy is not None
    assert figure.half == start.energy.gross_j.expanded_u


def test_the_document_has_them(summary: CampaignSummary) -> None:
    by_runtime = {row["runtime"]: row for row in edge_document(summary)}
    assert by_runtime["wasmtime"]["memory_window_bytes"]["mean"] == 620e6
    assert by_runtime["wasmtime"]["memory_window_percent"]["mean"] == pytest.approx(15.5)
    assert by_runtime["wasmer"]["memory_window_bytes"] is None
    assert by_runtime["wasmer"]["start_gross_j"]["n"] == 3
