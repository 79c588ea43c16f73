"""Imports the programs of workloads/nn-module, whose folder is no name of Python's."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "workloads" / "nn-module"
MODEL = FOLDER / "model" / "patterns.tflite"
LABELS = FOLDER / "model" / "labels.txt"
IMAGE = FOLDER / "model" / "pattern-102.ppm"


def program(name: str) -> Any:
    """Return one of them as a module."""
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))


def ppm(width: int, height: int, pixels: bytes, header: bytes | None = None) -> bytes:
    """Return a binary PPM file, perhaps with another header than its own."""
    own = f"P6\n{width} {height}\n255\n".encode()
    return (own if header is None else header) + pixels
