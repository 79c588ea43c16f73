"""Where this user's files belong: what can be made again, and what scripts have installed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def cache_folder() -> Path:
    """Return benchharness's folder for what can be made again (XDG_CACHE_HOME), made or not."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "benchharness"


def data_folder(environ: Mapping[str, str]) -> Path:
    """Return benchharness's folder for what is installed (XDG_DATA_HOME), made or not."""
    base = environ.get("XDG_DATA_HOME")
    home = Path(environ.get("HOME") or Path.home())
    return (Path(base) if base else home / ".local" / "share") / "benchharness"
