"""What an importer gives: variants with trials that have ended, from one or more files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchharness.model import Factors


@dataclass(frozen=True, slots=True)
class ImportedTrial:
    """One round or run, or the mean of ``rounds`` rounds that followed each other.

    ``energy`` is a mapping as ``derive_given`` reads it, of one call; ``failed`` is why the run
    was wrong.
    """

    duration_s: float
    rounds: int = 1
    failed: str | None = None
    exit_code: int | None = None
    cpu_s: float | None = None
    memory_peak_bytes: int | None = None
    energy: Mapping[str, Any] | None = None
    energy_missing: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedVariant:
    """A benchmark with its parameters."""

    workload: str
    factors: Factors
    label: str
    trials: Sequence[ImportedTrial]


@dataclass(frozen=True, slots=True)
class Imported:
    """One file. ``unix_s`` is when it was written, by its own word; notes are for the user."""

    program: str
    unix_s: float | None
    environment: Mapping[str, Any]
    variants: Sequence[ImportedVariant]
    notes: tuple[str, ...] = field(default=())
