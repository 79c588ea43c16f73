"""Numbers on the command line: types for argparse. Light: argparse only."""

from __future__ import annotations

import argparse


def positive(text: str) -> float:
    """Return a finite number above 0."""
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def watts(text: str) -> float:
    """Return a finite power, 0 W or more."""
    value = number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected watts, 0 or more, got {text!r}")
    return value


def number(text: str) -> float:
    """Return a finite number."""
    import math

    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}")
    return value
