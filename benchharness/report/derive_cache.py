"""Summaries of trials that took long to derive, kept until the raw data or this code changes.

One file a campaign in the user's cache folder, never in the results file: raw observations are
stored once, and this may be deleted at any time. A summary is found by the digest of all that is
stored of its trial (``Store.fingerprints``), in a file that is named after the code that made it.
A cache that cannot be read or written is no cache, and no error.

The content is what Python keeps its compiled modules in (marshal), which is read four times as fast
as JSON; zlib's checksum tells damage, the digest of the code the version of Python, and the folder
is the user's own.
"""

from __future__ import annotations

import marshal
import os
import platform
import re
import tempfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from benchharness.model import TrialSummary
from benchharness.report.record_codec import decoder, to_plain

SWITCH = "BENCHHARNESS_CACHE"  # a folder, or "off"
MOST_BYTES = 500_000_000
_LEVEL = 1
_SUFFIX = ".trials"
_NAME = re.compile(r"\w[\w-]*")
_PACKAGE = Path(__file__).parent.parent
# Folder and beginning of the names of what takes part in deriving a trial.
_DERIVES = (
    (".", ""),
    ("model", ""),
    ("energy", ""),
    ("stats", ""),
    ("store", ""),
    ("report", "derive"),
    ("report", "history_read"),
    ("report", "record_codec"),
    ("probes", "throttling"),
    ("meters", "common"),
)


def load(campaign_id: str, wanted: Mapping[int, str]) -> dict[int, TrialSummary]:
    """Return the summaries by trial that are kept for these digests; none where there is no file.

    ``wanted`` are digests by trial.
    """
    path = _path(campaign_id)
    if path is None:
        return {}
    try:
        kept = marshal.loads(zlib.decompress(path.read_bytes()))  # noqa: S302 - our own file
        make = decoder(TrialSummary)
        return {
            trial_id: make(kept[digest]) for trial_id, digest in wanted.items() if digest in kept
        }
    except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, IndexError):
        return {}


def is_kept(campaign_id: str) -> bool:
    """Return whether there is a file for this campaign by this code."""
    path = _path(campaign_id)
    return path is not None and path.is_file()


def keep(campaign_id: str, digests: Mapping[int, str], trials: Iterable[TrialSummary]) -> None:
    """Keep the summaries of the trials that have a digest, and nothing older of the campaign."""
    path = _path(campaign_id)
    if path is None:
        return
    kept = {digests[t.trial_id]: to_plain(t) for t in trials if t.trial_id in digests}
    try:
        content = zlib.compress(marshal.dumps(kept), _LEVEL)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_room(path.parent, len(content))
        _write(path, content)
        for other in path.parent.glob(f"{campaign_id}-*{_SUFFIX}"):  # by code that is gone
            if other != path:
                other.unlink(missing_ok=True)
    except (OSError, TypeError, ValueError):
        return


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises OSError."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(content)
            file.flush()
            Path(file.name).replace(path)
        except BaseException:  # a full disk, or Ctrl-C
            Path(file.name).unlink(missing_ok=True)
            raise


def _make_room(folder: Path, more: int) -> None:
    """Delete of our own files what was made longest ago, until ``more`` bytes fit."""
    ours = folder.glob(f"*{_SUFFIX}")  # the folder may be one that the user has other files in
    files = sorted((f.stat().st_mtime_ns, f.stat().st_size, f) for f in ours)
    total = more + sum(size for _, size, _ in files)
    for _, size, file in files:
        if total <= MOST_BYTES:
            return
        file.unlink(missing_ok=True)
        total -= size


def _path(campaign_id: str) -> Path | None:
    folder = _folder()
    if folder is None or not _NAME.fullmatch(campaign_id):  # a file from elsewhere may say ../
        return None
    return folder / f"{campaign_id}-{_code()}{_SUFFIX}"


def _folder() -> Path | None:
    told = os.environ.get(SWITCH)
    if told == "off":
        return None
    if told:
        return Path(told)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "benchharness" / "derived"
    except RuntimeError:  # a user without a home
        return None


@cache
def _code() -> str:
    """Return a digest of the code that derives: every file's name, size and time of change."""
    told: list[Sequence[Any]] = [(platform.python_version(), np.__version__)]
    for folder, beginning in _DERIVES:
        for file in sorted((_PACKAGE / folder).glob(f"{beginning}*.py")):
            status = file.stat()
            told.append((folder, file.name, status.st_size, status.st_mtime_ns))
    return blake2b(repr(told).encode(), digest_size=8).hexdigest()
