"""Finding workloads: by name among the user's own and the shipped ones, by path, or a command."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchharness import declarations
from benchharness.errors import UnknownNameError, UsageError
from benchharness.plan.factors import Factor
from benchharness.plan.manifest_file import FILE_NAME, load_manifest
from benchharness.plan.records import Expected, Limits, Manifest, Needs
from benchharness.plan.templates import escape, expand_argv, template_names
from benchharness.plan.toml_reader import display_path

__all__ = [
    "FILE_NAME",
    "Expected",
    "Factor",
    "Limits",
    "Manifest",
    "Needs",
    "command_workload",
    "expand_argv",
    "find_workload",
    "list_workloads",
    "load_manifest",
    "template_names",
    "workload_files",
]


def workload_files() -> dict[str, Path]:
    """Return the manifest files by folder name, sorted; a user's own hides a shipped one."""
    files: dict[str, Path] = {}
    for folder in declarations.folders("workloads"):
        for file in folder.glob(f"*/{FILE_NAME}"):
            files.setdefault(file.parent.name, file)
    return dict(sorted(files.items()))


def list_workloads() -> list[Manifest]:
    """Load every workload that has a name. Raises UsageError for the first broken manifest."""
    return [_load_named(name, file) for name, file in workload_files().items()]


def find_workload(name_or_path: str | Path) -> Manifest:
    """Load a workload by name, by folder, or by the path of its manifest.

    Raises UnknownNameError with the nearest name, or UsageError for a path without a manifest.
    """
    text = str(name_or_path)
    files = workload_files()
    if text in files:
        return _load_named(text, files[text])
    path = Path(text)
    if path.is_dir() and (path / FILE_NAME).is_file():
        return load_manifest(path / FILE_NAME)
    if path.is_file() and path.suffix == ".toml":
        return load_manifest(path)
    if path.is_dir():
        raise UsageError(
            f"has no {FILE_NAME}",
            where=display_path(path),
            remedy="write one, or name another folder",
        )
    if path.suffix == ".toml" or os.sep in text:
        raise UsageError("there is no such workload", where=text, remedy="check the path")
    raise UnknownNameError("workload", text, files)


def command_workload(argv: Sequence[str]) -> Manifest:
    """Return the workload of ``-- COMMAND``: any program, run as the user would run it.

    The program is looked up on PATH, or relative to the current folder if it has a slash.
    Raises UsageError if there is none or it cannot be executed.
    """
    if not argv:
        raise UsageError(
            "no command after --", remedy="write: benchharness run -- PROGRAM ARGUMENTS"
        )
    program = _resolve(argv[0])
    return Manifest(
        name="command",
        title=shlex.join(argv),
        description="an ad-hoc command",
        folder=Path.cwd(),
        source="--",
        argv=tuple(escape(part) for part in (program, *argv[1:])),
        ad_hoc=True,
    )


def _load_named(name: str, file: Path) -> Manifest:
    manifest = load_manifest(file)
    if manifest.name != name:
        raise UsageError(
            f"the name is {manifest.name!r} and the folder {name!r}",
            where=f"{manifest.source}: name",
            remedy="rename one of them",
        )
    return manifest


def _resolve(program: str) -> str:
    """Return the absolute path of a program, symbolic links kept (busybox looks at its name)."""
    if os.sep not in program:
        found = shutil.which(program) if program else None
        if found:
            return str(Path(found).absolute())
        if program and Path(program).is_file():
            remedy = f"the current folder is not on PATH: write ./{program}"
        else:
            remedy = "install it, or give its path"
        raise UsageError(f"command not found: {program!r}", remedy=remedy)
    path = Path(program)
    if not path.exists():
        raise UsageError(f"command not found: {program!r}", remedy="check the path")
    if path.is_dir():
        raise UsageError(f"{program!r} is a folder, not a program", remedy="name the program in it")
    if not os.access(path, os.X_OK):
        interpreter = "python3 " if path.suffix == ".py" else ""
        remedy = f"write: {interpreter}{program}" if interpreter else f"run: chmod +x {program}"
        raise UsageError(f"{program!r} is not executable", remedy=remedy)
    return str(path.absolute())
