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


def share(text: str) -> float:
    """Return a share between 0 and 1, written as ``3%`` or ``0.03``."""
    bare, sign, rest = text.strip().partition("%")
    try:
        value = number(bare + rest) / (100.0 if sign else 1.0)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"expected a share such as 3%, got {text!r}") from None
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"expected a share such as 3% or 0.03, got {text!r}")
    return value
