"""The files that a campaign runs, with their sizes and SHA-256, as they were when it was planned.

Names are relative to where the workloads and the modules are; no path of the machine is stored.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchharness.model import Factors
from benchharness.plan.records import Manifest

MOST_FILES = 60
MOST_BYTES = 100_000_000  # a larger file is named without a hash: reading it would take long
_HIDDEN = (".", "__")


def campaign_files(
    variants: Iterable[tuple[Manifest, Factors]], campaign_file: str | Path | None = None
) -> list[dict[str, Any]]:
    """Return ``name``, ``kind``, ``bytes`` and ``sha256`` of each file, the campaign's first.

    Of a workload: its manifest, the files beside it, and the modules of its variants; of a command
    its program. What cannot be read is left out; of more than 60 the last ones are.
    """
    found: dict[Path, tuple[str, str]] = {}
    if campaign_file is not None:
        found[Path(campaign_file)] = (Path(campaign_file).name, "campaign")
    pairs = list(variants)
    by_name: Mapping[str, Manifest] = {manifest.name: manifest for manifest, _ in pairs}
    for manifest in by_name.values():
        for path, kind in _of_workload(manifest):
            found.setdefault(path, (_name(manifest, path), kind))
    for manifest, factors in pairs:
        module = manifest.module_path(factors)
        if module is not None:
            found.setdefault(module, (f"{manifest.name}/{module.name}", "module"))
    entries = (_entry(path, name, kind) for path, (name, kind) in found.items())
    return [entry for entry in entries if entry is not None][:MOST_FILES]


def sha256(path: Path) -> str:
    """Return the hash of a file as 64 hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _of_workload(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    if manifest.ad_hoc:
        program = _program(manifest.argv)
        if program is not None:
            yield program, "program"
        return
    if manifest.file is not None:
        yield manifest.file, "manifest"
    for path in sorted(_listed(manifest.folder)):
        if path.is_file() and not path.name.startswith(_HIDDEN):
            yield path, "program"


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _program(argv: Sequence[str]) -> Path | None:
    found = shutil.which(argv[0]) if argv else None
    return None if found is None else Path(found)


def _name(manifest: Manifest, path: Path) -> str:
    return path.name if manifest.ad_hoc else f"{manifest.name}/{path.name}"


def _entry(path: Path, name: str, kind: str) -> dict[str, Any] | None:
    try:
        size = path.stat().st_size
        digest = sha256(path) if size <= MOST_BYTES else None
    except OSError:
        return None
    return {"name": name, "kind": kind, "bytes": size, "sha256": digest}
