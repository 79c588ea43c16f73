"""The published JSON Schemas (draft 2020-12) of the documents: a campaign, a comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError

_SUFFIX = ".json"


def schema_names() -> list[str]:
    """Return the names of the documents that have a schema."""
    return sorted(path.name.removesuffix(_SUFFIX) for path in _folder().glob(f"*{_SUFFIX}"))


def schema(name: str) -> dict[str, Any]:
    """Return a schema by the name of its document. Raises UnknownNameError."""
    if name not in schema_names():
        raise UnknownNameError("schema", name, schema_names())
    found: dict[str, Any] = json.loads((_folder() / f"{name}{_SUFFIX}").read_text("utf-8"))
    return found


def version_of(document: dict[str, Any]) -> int:
    """Return the version of a document; one from before there were versions has 0.

    Raises UsageError for what is no version.
    """
    version = document.get("schema_version", 0)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise UsageError(f"{version!r} is no version", where="schema_version")
    return version


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema. Raises UsageError when the folder cannot be written."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in schema_names():
            path = folder / f"{name}{_SUFFIX}"
            path.write_text((_folder() / path.name).read_text("utf-8"), encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise UsageError(
            f"cannot write schemas: {error.strerror}", where=str(folder), remedy="choose another"
        ) from error
    return written


def _folder() -> Path:
    return declarations.shipped_folder("reports") / "schema"
