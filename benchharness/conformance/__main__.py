"""Prints the conformance table as Markdown: python -m benchharness.conformance [SEED] [REPEATS]."""

from __future__ import annotations

import sys

from benchharness.conformance.report import report

DEFAULTS = ("1", "1")  # seed, and seeds for each waveform and fault


def main(arguments: list[str]) -> int:
    """Print the report for a seed and a number of seeds for each waveform and fault."""
    try:
        seed, repeats = (int(text) for text in (*arguments, *DEFAULTS[len(arguments) :])[:2])
    except ValueError:
        sys.stderr.write("usage: python -m benchharness.conformance [SEED] [REPEATS]\n")
        return 2
    for part in report(seed, repeats):
        sys.stdout.write(f"{part}\n\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
