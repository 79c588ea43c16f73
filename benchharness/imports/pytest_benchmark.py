"""pytest-benchmark's JSON, of versions 4 and 5: benchmarks become variants, rounds trials.

Times are of one call, as pytest-benchmark's own are (a round divided by its iterations). Rounds
that follow each other resemble each other, and there may be a million of them: beyond
``MOST_TRIALS`` they are taken together, evenly and in order, and a trial is the mean of its batch.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from benchharness.imports.reading import Fields
from benchharness.imports.records import Imported, ImportedTrial, ImportedVariant
from benchharness.model import FactorValue, MeasurementClass

PROGRAM = "pytest-benchmark"
MOST_TRIALS = 100
BENCHMARK = "benchmark"  # the factor
_ENERGY_FORMATS = (1,)
_NO_DATA = (
    "its rounds' data are not in the file",
    "save it with --benchmark-json, or with --benchmark-save-data beside --benchmark-autosave",
)
_ONE_FIGURE = "one figure stands for all rounds of this run: it is with the first"
_NOT_MEASURED = "the benchmark was run without --energy"
_ENERGY_NUMBERS = ("gross_j", "gross_u_j", "net_j", "net_u_j", "k", "idle_power_w", "coverage")
_LATEST_S = 9e9  # in 2255: nanoseconds since 1970 still are a number of 64 bits
_PER_CALL = ("gross_j", "gross_u_j", "net_j", "net_u_j")


def is_pytest_benchmark(table: Mapping[str, Any]) -> bool:
    """Say whether the object looks like its file."""
    return "benchmarks" in table and "machine_info" in table


def read_pytest_benchmark(table: Mapping[str, Any], where: str) -> Imported:
    """Return what a file holds. Raises UsageError with file and key."""
    fields = Fields(table, where)
    benchmarks = fields.each("benchmarks")
    if not benchmarks:
        fields.fail("benchmarks", "there are none", "run pytest with benchmarks that pass")
    variants = [_variant(benchmark) for benchmark in benchmarks]
    batched = sum(any(trial.rounds > 1 for trial in variant.trials) for variant in variants)
    notes = (
        (f"{batched} of {len(variants)} benchmarks have more than {MOST_TRIALS} rounds: "
         "rounds that follow each other are taken together, a trial is their mean",)
        if batched
        else ()
    )  # fmt: skip
    return Imported(PROGRAM, _unix_s(fields), _environment(fields), variants, notes)


def _variant(benchmark: Fields) -> ImportedVariant:
    fullname = benchmark.text("fullname")
    file, _, test = fullname.partition("::")
    param = benchmark.optional_text("param")
    if param is not None:
        test = test.removesuffix(f"[{param}]")
    params = benchmark.within("params").table
    factors: dict[str, FactorValue] = {BENCHMARK: test or file}
    for name, value in params.items():
        factors[f"param {name}" if name in factors else name] = _level(value)
    if param is not None and not params:
        factors["param"] = param
    label = (test or file) + (f"[{param}]" if param is not None else "")
    workload = benchmark.optional_text("group") or file
    return ImportedVariant(workload, factors, label, _trials(benchmark))


def _level(value: object) -> FactorValue:
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return str(value)


def _trials(benchmark: Fields) -> list[ImportedTrial]:
    stats = benchmark.within("stats")
    data = stats.durations("data")
    if not data:
        stats.fail("data", *_NO_DATA)
    iterations = stats.number("iterations", lambda n: n >= 1) or 1.0
    energy, missing = _energy(benchmark, len(data) * iterations)
    trials = [ImportedTrial(mean_s, rounds) for mean_s, rounds in batches(data, MOST_TRIALS)]
    first = ImportedTrial(trials[0].duration_s, trials[0].rounds, energy=energy,
                          energy_missing=missing)  # fmt: skip
    rest = _ONE_FIGURE if energy is not None else missing
    others = [ImportedTrial(t.duration_s, t.rounds, energy_missing=rest) for t in trials[1:]]
    return [first, *others]


def batches(data: Sequence[float], most: int) -> list[tuple[float, int]]:
    """Return means of at most ``most`` batches in order, with their sizes, which differ by one."""
    count = min(len(data), most)
    edges = [place * len(data) // count for place in range(count + 1)]
    parts = [data[low:high] for low, high in itertools.pairwise(edges)]
    return [(math.fsum(part) / len(part), len(part)) for part in parts]


def _energy(benchmark: Fields, calls: float) -> tuple[Mapping[str, Any] | None, str | None]:
    """Return the energy of a call as ``derive_given`` reads it, or why there is none."""
    told = benchmark.within("extra_info").table.get("energy")
    if not isinstance(told, dict) or "format" not in told:
        return None, _NOT_MEASURED
    given = Fields(told, benchmark.where, f"{benchmark.place}extra_info.energy.")
    if given.table["format"] not in _ENERGY_FORMATS:
        given.fail("format", "is of a newer benchharness", "update benchharness")
    missing = given.optional_text("missing")
    if missing is not None:
        return None, missing
    classes = [each.value for each in MeasurementClass]
    if given.text("measurement_class") not in classes:
        given.fail("measurement_class", f"expected one of {', '.join(classes)}")
    numbers = {name: given.number(name) for name in _ENERGY_NUMBERS}
    if numbers["gross_j"] is None:
        given.fail("gross_j", "is missing", "measure again with --energy")
    for name in _PER_CALL:
        value = numbers[name]
        numbers[name] = None if value is None else value / calls
    texts = {name: given.text(name) for name in ("method", "meter", "target", "measurement_class")}
    terms = {name: _terms(given, name, calls) for name in ("gross_terms_j", "net_terms_j")}
    return {**numbers, **texts, **terms}, None


def _terms(given: Fields, key: str, calls: float) -> dict[str, float]:
    """Return the budget of a call in joules; a term without a number is not known, and left out."""
    terms = given.within(key)
    known = {name: terms.number(name) for name in terms.table}
    return {name: u_j / calls for name, u_j in known.items() if u_j is not None}


def _unix_s(fields: Fields) -> float | None:
    """Return when the file was written; None where that is no time, or one that cannot be.

    Version 4 writes UTC without saying so (``datetime.utcnow``), version 5 says it.
    """
    text = fields.optional_text("datetime")
    try:
        found = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
    if found is None:
        return None
    unix_s = (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
    return unix_s if 0.0 <= unix_s < _LATEST_S else None


def _environment(fields: Fields) -> dict[str, Any]:
    """Return the machine in the words of a campaign's environment; no host name."""
    machine, commit = fields.within("machine_info"), fields.within("commit_info")
    cpu = machine.within("cpu")
    brand = cpu.optional_text("brand_raw") or cpu.optional_text("brand")
    told = [machine.optional_text(key) for key in ("node", "machine", "system")]
    python = (
        machine.optional_text("python_implementation"),
        machine.optional_text("python_version"),
    )
    identity = commit.optional_text("id")
    if identity is not None:
        identity = identity[:12] + ("+" if commit.table.get("dirty") is True else "")
    return {
        "machine": hashlib.sha256("\0".join([PROGRAM, *map(str, told), str(brand)]).encode())
        .hexdigest()[:12],
        "cpu": brand,
        "cores": cpu.number("count"),
        "architecture": machine.optional_text("machine"),
        "kernel": machine.optional_text("release"),
        "os": machine.optional_text("system"),
        "python": " ".join(filter(None, python)) or None,
        "commit": identity,
        "branch": commit.optional_text("branch"),
        "versions": {PROGRAM: fields.optional_text("version")},
    }  # fmt: skip
