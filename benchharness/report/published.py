"""Published results: tables of a paper as CSV, with their source and an audit.

A folder ``published/NAME`` has ``source.toml`` (what, where, how its words map to ours), CSV files
whose columns carry their units, and ``audit.toml``: what is inconsistent as printed. The formats
are in docs/published.md. Values keep their digits: the last one bounds how far rounding reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError

KIND = "published"
SOURCE_FILE, AUDIT_FILE = "source.toml", "audit.toml"

# Quantities that can be compared, as they are called in the columns, and how people call them.
TITLES: Mapping[str, tuple[str, str]] = {
    "duration_s": ("time", "s"),
    "cpu_percent": ("CPU", "%"),
    "ram_percent": ("RAM", "%"),
    "current_ma": ("current", "mA"),
    "energy_j": ("gross energy", "J"),
    "host_mb": ("host", "MB"),
    "module_kb": ("module", "KB"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """A published figure in the unit of its column.

    ``half`` is half a unit of its last digit; ``printed`` is what stands in the publication where
    we read it differently, with its unit, else None.
    """

    value: float
    half: float
    text: str
    printed: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One printed row: where it stands, under which factors, and its figures by quantity."""

    table: str
    device: str
    workload: str
    factors: Mapping[str, str]  # those that are known
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding belongs; None holds for all. ``order``: for orderings, not for a figure.

    ``comparable`` is False where the printed figure is of another thing than what is measured.
    """

    workload: str | None = None
    device: str | None = None
    level: str | None = None
    quantity: str | None = None
    order: bool = False
    comparable: bool = True

    def covers(self, wanted: Place) -> bool:
        """Say whether this holds for what is wanted: what it leaves out holds for all."""
        return all(
            own is None or own == other
            for own, other in (
                (self.workload, wanted.workload),
                (self.device, wanted.device),
                (self.level, wanted.level),
                (self.quantity, wanted.quantity),
            )
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One entry of the audit: what is printed, why that cannot be, and what follows."""

    id: str
    title: str
    basis: str  # computed, or inferred
    place: str
    printed: str
    why: str
    reading: str
    effect: str
    numbers: Mapping[str, float]
    given: Mapping[str, float]
    at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class WorkloadNotes:
    """What must hold for a workload to be the published one, and what its figures are called here.

    ``measured`` maps a quantity to ``metric:NAME`` or ``phase:NAME`` of a trial.
    """

    set: Mapping[str, str]
    measured: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Published:
    """A publication: its rows, its audit, and how it is compared."""

    name: str
    title: str
    short: str
    section: str
    licence: str
    compare: str  # the factor whose levels are ordered
    reference: str  # the level that ratios are to
    factors: tuple[str, ...]
    names: Mapping[str, str]
    workloads: Mapping[str, WorkloadNotes]
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    folder: Path

    def shown(self, level: str) -> str:
        """Return a level as people write it."""
        return self.names.get(level, level)

    def not_comparable(self, printed: Place) -> tuple[str, ...]:
        """Return the findings for which a printed figure cannot be set against a measured one."""
        return tuple(
            finding.id
            for finding in self.findings
            if any(not place.comparable and place.covers(printed) for place in finding.at)
        )


def published_folders() -> dict[str, Path]:
    """Return the folders of published results by ``published/NAME``; a user's own come first."""
    found: dict[str, Path] = {}
    for folder in declarations.folders(KIND):
        for path in sorted(folder.iterdir()):
            if (path / SOURCE_FILE).is_file():
                found.setdefault(f"{KIND}/{path.name}", path)
    return found


def find_published(text: str) -> Path:
    """Return the folder that a user means: published/NAME, NAME, or a path.

    Raises UnknownNameError with the nearest name, UsageError for a folder without source.toml.
    """
    known = published_folders()
    for name in (text.rstrip("/"), f"{KIND}/{text.rstrip('/')}"):
        if name in known:
            return known[name]
    path = Path(text)
    if (path / SOURCE_FILE).is_file():
        return path
    if path.is_dir():
        raise UsageError(
            f"has no {SOURCE_FILE}", where=text, remedy="see docs/published.md for the format"
        )
    raise UnknownNameError("publication", text, known)
