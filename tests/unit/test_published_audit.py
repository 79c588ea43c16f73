"""Every number of D1.4's audit is computed again from the CSV files beside it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from benchharness.report.published import Finding, find_published
from benchharness.report.published_read import read_published

FOLDER = find_published("published/aiotwin-d1.4")
FINDINGS = {finding.id: finding for finding in read_published(FOLDER).findings}
PI4, PI3, AGX, NANO = "Raspberry Pi 4", "Raspberry Pi 3", "Jetson AGX Orin", "Jetson Nano"
Row = Mapping[str, str]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = {path.name: rows_of(path) for path in FOLDER.glob("*.csv")}


def cell(table: int | str, column: str, **where: str) -> float:
    """Return the one figure of a table's column whose row has these cells."""
    found = [
        row[column]
        for rows in ROWS.values()
        for row in rows
        if row.get("table") == str(table)
        and column in row
        and all(row.get(k) == v for k, v in where.items())
    ]
    assert len(found) == 1, (table, column, where, found)
    return float(found[0])


def claim(name: str) -> float:
    (value,) = [row["value"] for row in ROWS["claims.csv"] if row["claim"] == name]
    return float(value)


def time_s(device: str, runtime: str) -> float:
    return cell(15, "duration_s", device=device, runtime=runtime)


def slowdown(runtime: str) -> float:
    return time_s(PI3, runtime) / time_s(PI4, runtime)


def energy(column: str, device: str, processor: str = "CPU") -> float:
    return cell("4.1", column, device=device, processor=processor)


def excess(device: str, processor: str = "CPU") -> float:
    """Return the mean power of the printed kWh over the plateau power of the same section."""
    mean_w = 1000.0 * energy("energy_printed", device, processor) / claim("training_duration")
    return mean_w / energy("plateau_w", device, processor)


def hours(device: str, processor: str = "CPU") -> float:
    return energy("energy_wh", device, processor) / energy("plateau_w", device, processor)


def plateau_wh(device: str, processor: str = "CPU") -> float:
    return energy("plateau_w", device, processor) * claim("training_duration")


def parameters(blocks: tuple[int, int, int]) -> int:
    """Count a wide residual network of this many blocks at the widths of Table 7."""
    widths = [int(row["channels"]) for row in ROWS["table-07-model.csv"] if row["blocks"]]
    first = next(
        int(row["channels"]) for row in ROWS["table-07-model.csv"] if row["layer"] == "convolution"
    )
    total, width = 3 * first * 9, first
    for count, out in zip(blocks, widths, strict=True):
        for _ in range(count):
            total += width * out * 9 + 2 * out + out * out * 9 + 2 * out
            total += 0 if width == out else width * out + 2 * out
            width = out
    return total + 2 * width + width * 100 + 100


def model_ratio() -> float:
    return parameters((4, 5, 5)) / parameters((4, 4, 4))


def ma(device: str, runtime: str, table: int) -> float:
    return cell(table, "current_ma", device=device, runtime=runtime)


def load_va() -> float:
    return FINDINGS["apparent-current"].given["mains_v"] * ma(PI4, "wasmtime", 13) / 1000.0


def current_range(table: int) -> float:
    values = [float(row["current_ma"]) for row in of_table(table)]
    return max(values) - min(values)


def of_table(table: int) -> list[dict[str, str]]:
    return [row for rows in ROWS.values() for row in rows if row.get("table") == str(table)]


def least_readings() -> int:
    """Return how few readings in whole mA have means that round to what Table 13 prints."""
    values = [float(row["current_ma"]) for row in of_table(13)]
    return next(
        n
        for n in range(1, 100)
        if all(abs(round(value * n) / n - value) <= 0.005 for value in values)
    )


def gflop_per_s(runtime: str) -> float:
    return 2.0 * claim("matrix_size") ** 3 / time_s(PI4, runtime) / 1e9


def cpu(device: str, runtime: str, table: int) -> float:
    return cell(table, "cpu_percent", device=device, runtime=runtime)


def cpu_of_a_post(device: str, runtime: str, table: int) -> float:
    return cpu(device, runtime, table) / 100.0 * claim("gpio_period")


def ram(table: int, runtime: str) -> float:
    return cell(table, "ram_percent", runtime=runtime)


def sum_mb(runtime: str) -> float:
    host = cell(11, "host_mb", runtime=runtime)
    return host + cell(11, "module_kb", runtime=runtime) / 1000.0


MATRICES = 3 * claim("matrix_size") ** 2 * 8
COMPUTED: Mapping[str, Mapping[str, Callable[[], float]]] = {
    "nn-seconds": {
        "as_printed_ratio": lambda: cell(16, "duration_printed", device=PI3)
        / cell(16, "duration_printed", device=PI4),
        "as_read_ratio": lambda: cell(16, "duration_s", device=PI3)
        / cell(16, "duration_s", device=PI4),
        "matrix_least_ratio": lambda: min(map(slowdown, ("wasmtime", "wasmer", "wasmedge"))),
        "matrix_most_ratio": lambda: max(map(slowdown, ("wasmtime", "wasmer", "wasmedge"))),
        "factor": lambda: cell(16, "duration_printed", device=PI3)
        / cell(16, "duration_s", device=PI3),
    },
    "energy-kwh": {
        "mean_power_kw": lambda: energy("energy_printed", AGX) / claim("training_duration"),
        "agx_excess": lambda: excess(AGX),
        "nano_cpu_excess": lambda: excess(NANO),
        "pi4_excess": lambda: excess(PI4),
        "nano_gpu_excess": lambda: excess(NANO, "GPU"),
        "factor": lambda: 3.6e6 / claim("energy_unit_divisor"),  # a kWh is 3.6 MJ
    },
    "energy-hours": {
        "agx_plateau_wh": lambda: plateau_wh(AGX),
        "nano_cpu_plateau_wh": lambda: plateau_wh(NANO),
        "pi4_plateau_wh": lambda: plateau_wh(PI4),
        "nano_gpu_plateau_wh": lambda: plateau_wh(NANO, "GPU"),
        "agx_hours": lambda: hours(AGX),
        "nano_cpu_hours": lambda: hours(NANO),
        "pi4_hours": lambda: hours(PI4),
        "nano_gpu_hours": lambda: hours(NANO, "GPU"),
        "nano_gpu_mean_w": lambda: energy("energy_wh", NANO, "GPU") / claim("training_duration"),
    },
    "model-blocks": {
        "with_blocks_455": lambda: parameters((4, 5, 5)),
        "with_blocks_444": lambda: parameters((4, 4, 4)),
        "blocks": lambda: next(
            n for n in range(1, 9) if parameters((n, n, n)) == cell(7, "parameters", layer="total")
        ),
        "ratio": model_ratio,
        "in_millions": lambda: cell(7, "parameters", layer="total") / 1e6,
        "rounded_millions": lambda: round(cell(7, "parameters", layer="total") / 1e6, 1),
    },
    "apparent-current": {
        "load_va": load_va,
        "idle_va": lambda: 0.23 * cell(9, "current_ma"),
        "power_factor": lambda: energy("plateau_w", PI4) / load_va(),
    },
    "current-floor": {
        "readings": least_readings,
        "gpio_pi4_range_ma": lambda: current_range(11),
        "gpio_pi3_range_ma": lambda: current_range(12),
        "resolution_ma": lambda: 0.01,
    },
    "aot-beside-jit": {
        "module_ratio": lambda: cell(13, "module_kb", runtime="wasmedge")
        / cell(13, "module_kb", runtime="wasmtime"),
        "wasmedge_gflop_per_s": lambda: gflop_per_s("wasmedge"),
        "wasmtime_gflop_per_s": lambda: gflop_per_s("wasmtime"),
    },
    "gpio-mode-unknown": {},
    "two-programs": {
        "module_ratio": lambda: cell(11, "module_kb", runtime="wasmedge")
        / cell(11, "module_kb", runtime="wasmtime"),
    },
    "cpu-explanation": {
        "wasmtime_pi4_s": lambda: cpu_of_a_post(PI4, "wasmtime", 11),
        "wasmtime_pi3_s": lambda: cpu_of_a_post(PI3, "wasmtime", 12),
        "wasmedge_pi4_s": lambda: cpu_of_a_post(PI4, "wasmedge", 11),
        "wasmedge_pi3_s": lambda: cpu_of_a_post(PI3, "wasmedge", 12),
        "pi4_ratio": lambda: cpu(PI4, "wasmtime", 11) / cpu(PI4, "wasmedge", 11),
        "pi3_ratio": lambda: cpu(PI3, "wasmtime", 12) / cpu(PI3, "wasmedge", 12),
    },
    "cpu-of-what": {
        "cores": lambda: cell(8, "cores", device=PI4),
        "of_the_machine": lambda: cpu(PI4, "wasmtime", 13) / cell(8, "cores", device=PI4),
    },
    "ram-below-matrices": {
        "matrices_bytes": lambda: MATRICES,
        "of_one_gib_percent": lambda: 100.0 * MATRICES / 2**30,
        "of_one_gb_percent": lambda: 100.0 * MATRICES / 1e9,
        "wasmtime_mb": lambda: ram(14, "wasmtime") / 100.0 * 2**30 / 1e6,
        "wasmer_mb": lambda: ram(14, "wasmer") / 100.0 * 2**30 / 1e6,
        "wasmtime_growth": lambda: ram(14, "wasmtime") / ram(13, "wasmtime"),
        "wasmer_growth": lambda: ram(14, "wasmer") / ram(13, "wasmer"),
        "wasmedge_growth": lambda: ram(14, "wasmedge") / ram(13, "wasmedge"),
    },
    "ram-of-what": {},
    "ram-resolution": {
        "ratio": lambda: ram(11, "wasmer") / ram(11, "wasmtime"),
        "ratio_low": lambda: (ram(11, "wasmer") - 0.05) / (ram(11, "wasmtime") + 0.05),
        "ratio_high": lambda: (ram(11, "wasmer") + 0.05) / (ram(11, "wasmtime") - 0.05),
    },
    "third-decimal-order": {
        "ratio": lambda: time_s(PI3, "wasmtime") / time_s(PI3, "wasmedge"),
        "percent": lambda: 100.0 * (time_s(PI3, "wasmtime") / time_s(PI3, "wasmedge") - 1.0),
    },
    "no-spread": {},
    "truncated-ratio": {
        "wasmtime": lambda: slowdown("wasmtime"),
        "wasmer": lambda: slowdown("wasmer"),
        "wasmedge": lambda: slowdown("wasmedge"),
        "wasmtime_percent": lambda: 100.0
        * (slowdown("wasmtime") / claim("time_pi3_over_pi4_wasmtime") - 1.0),
    },
    "above-idle": {
        "wasmtime_percent": lambda: 100.0 * (ma(PI4, "wasmtime", 13) / cell(9, "current_ma") - 1.0),
        "wasmer_percent": lambda: 100.0 * (ma(PI4, "wasmer", 13) / cell(9, "current_ma") - 1.0),
        "nn_percent": lambda: 100.0
        * (cell(16, "current_ma", device=PI4) / cell(9, "current_ma") - 1.0),
    },
    "two-minutes": {
        "monitoring_s": lambda: claim("monitoring"),
        "share_percent": lambda: 100.0 * claim("monitoring") / time_s(PI3, "wasmer"),
        "inferences": lambda: claim("monitoring") / cell(16, "duration_s", device=PI4),
    },
    "host-linking": {
        "wasmtime_over_wasmedge": lambda: cell(11, "host_mb", runtime="wasmtime")
        / cell(11, "host_mb", runtime="wasmedge"),
    },
    "size-definition": {
        "wasmtime_mb": lambda: sum_mb("wasmtime"),
        "wasmer_mb": lambda: sum_mb("wasmer"),
        "wasmedge_mb": lambda: sum_mb("wasmedge"),
        "kib_over_kb_percent": lambda: 100.0 * (1024 / 1000 - 1.0),
    },
    "boards-summary": {
        "wasmtime_pi4_mb": lambda: ram(13, "wasmtime") / 100.0 * 4000.0,
        "wasmtime_pi3_mb": lambda: ram(14, "wasmtime") / 100.0 * 1000.0,
    },
    "other-board": {},
}  # fmt: skip
# Numbers of tables and sections, and of what the documents' own words say (one core, 5000 x 5000).
REFERENCES = {*map(float, range(3, 17)), 4.1, 4.2, 1.0, 2.0, 3.0}


def test_every_finding_is_computed_here() -> None:
    assert COMPUTED.keys() == FINDINGS.keys()


@pytest.mark.parametrize("identity", COMPUTED)
def test_its_numbers_follow_from_the_tables(identity: str) -> None:
    finding = FINDINGS[identity]
    computed = {name: make() for name, make in COMPUTED[identity].items()}
    assert finding.numbers.keys() == computed.keys()
    assert finding.numbers == pytest.approx(computed, rel=2e-3)


@pytest.mark.parametrize("identity", COMPUTED)
def test_every_number_in_its_words_is_printed_computed_or_given(identity: str) -> None:
    finding = FINDINGS[identity]
    text = " ".join((finding.title, finding.printed, finding.why, finding.reading, finding.effect))
    unknown = [token for token in numbers_in(text) if not is_known(token, finding)]
    assert unknown == []


def numbers_in(text: str) -> list[str]:
    words = re.sub(r"\b(?:float64|D1\.4)\b|\b\d\.\d\.\d\b", "", text)
    return [token.replace(",", "") for token in re.findall(r"\d[\d,]*(?:\.\d+)?", words)]


def is_known(token: str, finding: Finding) -> bool:
    value, half = float(token), 0.5 * 10.0 ** -len(token.partition(".")[2]) + 1e-9
    printed = {float(text) for rows in ROWS.values() for row in rows for text in numeric(row)}
    if value in printed | set(finding.given.values()) | REFERENCES:
        return True
    return any(abs(value - number) <= half for number in finding.numbers.values())


def numeric(row: Row) -> list[str]:
    return [text for text in row.values() if re.fullmatch(r"\d+(\.\d+)?", text)]


def test_findings_belong_to_what_the_tables_have() -> None:
    every = [row for rows in ROWS.values() for row in rows]
    for finding in FINDINGS.values():
        for place in finding.at:
            columns = {"workload": place.workload, "device": place.device, "runtime": place.level}
            wanted = {name: value for name, value in columns.items() if value is not None}
            found = [row for row in every if all(row.get(k) == v for k, v in wanted.items())]
            assert any(place.quantity is None or row.get(place.quantity) for row in found), place
