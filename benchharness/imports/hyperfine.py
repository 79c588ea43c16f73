"""hyperfine's JSON (--export-json): commands become variants, runs trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchharness.imports.reading import Fields
from benchharness.imports.records import Imported, ImportedTrial, ImportedVariant
from benchharness.model import FactorValue

PROGRAM = "hyperfine"
COMMAND = "command"  # the factor
_NO_ENERGY = "hyperfine measures no energy"


def is_hyperfine(table: Mapping[str, Any]) -> bool:
    """Say whether the object looks like its file."""
    results = table.get("results")
    return isinstance(results, list) and all(
        isinstance(each, dict) and "command" in each for each in results
    )


def read_hyperfine(table: Mapping[str, Any], where: str) -> Imported:
    """Return what a file holds; it says nothing of the machine. Raises UsageError."""
    fields = Fields(table, where)
    results = fields.each("results")
    if not results:
        fields.fail("results", "there are none", "run hyperfine with a command")
    return Imported(PROGRAM, None, {}, [_variant(result) for result in results])


def _variant(result: Fields) -> ImportedVariant:
    command = result.text("command")
    factors: dict[str, FactorValue] = {COMMAND: command}
    for name, value in result.within("parameters").table.items():
        factors[f"parameter {name}" if name in factors else name] = str(value)
    times_s = result.durations("times")
    if not times_s:
        result.fail("times", "the runs are not in the file", "export again with --export-json")
    codes = result.table.get("exit_codes")
    codes = codes if isinstance(codes, list) and len(codes) == len(times_s) else [0] * len(times_s)
    sizes = result.numbers("memory_usage_byte")
    memory = [round(size) or None for size in sizes] if len(sizes) == len(times_s) else []
    trials = [
        ImportedTrial(
            duration_s,
            failed=None if code == 0 else _failed(code),
            exit_code=code if isinstance(code, int) else None,
            memory_peak_bytes=memory[place] if memory else None,
            energy_missing=_NO_ENERGY,
        )
        for place, (duration_s, code) in enumerate(zip(times_s, codes, strict=True))
    ]
    return ImportedVariant(PROGRAM, factors, command, trials)


def _failed(code: object) -> str:
    return "killed by a signal" if code is None else f"exit code {code}"
