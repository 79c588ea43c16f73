"""How to repeat a campaign: the command, what changed since the last, the files, the methods."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchharness.model import CampaignSummary
from benchharness.report.beside import Beside
from benchharness.report.methods import methods_sentences
from benchharness.report.since_last import SinceLast, files_of, short_hash, since_last
from benchharness.report.text import plain, unbroken
from benchharness.units import format_bytes


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as texts; ``sha256`` in full for who wants to compare it."""

    name: str
    kind: str
    size: str
    short: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """What stands under "Can I repeat it?" besides the environment and the runs."""

    command: str
    seed_added: bool
    since: SinceLast | None
    files: tuple[FileRow, ...]
    methods: str


def repeat(summary: CampaignSummary, found: Beside) -> Repeat:
    """Return how to repeat a campaign, as far as that is known."""
    command = plain(summary.command, 4000)
    seeded = command if summary.seed is None else with_seed(command, summary.seed)
    sentences = methods_sentences(summary, found.conditions)
    return Repeat(
        command=seeded,
        seed_added=seeded != command,
        since=None if found.previous is None else since_last(found.previous, summary),
        files=tuple(_rows(summary, found)),
        methods=unbroken(" ".join(plain(s, 1000) for s in sentences)),
    )


def with_seed(command: str, seed: int) -> str:
    """Add the seed to a command of ``benchharness run`` that has none.

    Anything else is left as it is: it may be a script, or a cell of a notebook.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    own, dashes, program = _parted(words)
    named = any(word == "--seed" or word.startswith("--seed=") for word in own)
    if own[:2] != ["benchharness", "run"] or named:
        return command
    return shlex.join([*own, "--seed", str(seed), *dashes, *program])


def _parted(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Split at the first ``--``: what follows belongs to the user's own program."""
    if "--" not in words:
        return words, [], []
    place = words.index("--")
    return words[:place], ["--"], words[place + 1 :]


def _rows(summary: CampaignSummary, found: Beside) -> list[FileRow]:
    rows = [_row(file) for file in files_of(summary.environment)]
    if found.results_file is not None:
        name, size = found.results_file
        rows.append(FileRow(plain(name, 100), "results", format_bytes(size), "it grows", ""))
    return rows


def _row(file: Mapping[str, Any]) -> FileRow:
    size, digest = file.get("bytes"), file.get("sha256")
    return FileRow(
        name=plain(file.get("name", ""), 120),
        kind=plain(file.get("kind", ""), 40),
        size=format_bytes(float(size)) if isinstance(size, int | float) else "",
        short="too large" if digest is None else short_hash(digest),
        sha256="" if digest is None else plain(digest, 80),
    )
