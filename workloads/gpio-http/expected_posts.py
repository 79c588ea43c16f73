"""What is known of a run before it: how many POSTs, and the values that they carry.

As a program it prints the outputs of a right run as JSON: those of the guest and those of the
server.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.imports import gpio_lines

RECORDED = "recorded"
_RECORDING = Path(__file__).resolve().with_name("line.txt")
_FNV_START, _FNV_PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def line_spec(line: str) -> str:
    """Return the level of the factor ``line`` as the hosts take it."""
    return f"file:{_RECORDING}" if line == RECORDED else line


def known_values(line: str) -> tuple[int, ...] | None:
    """Return the values that reads give one after the other; None where nobody knows them.

    Raises HostError for a recorded line that cannot be read.
    """
    kind, _, path = line_spec(line).partition(":")
    return gpio_lines.recorded_values(Path(path)) if kind == "file" else None


def nanoseconds(time_s: float) -> int:
    """Return seconds as the guest takes them: to the nanosecond."""
    return round(time_s * 1e9)


def post_count(period_s: float, duration_s: float) -> int:
    """Return how many whole periods there are; the first POST is at 0."""
    return nanoseconds(duration_s) // nanoseconds(period_s)


def digest(values: tuple[int, ...], count: int) -> str:
    """Return FNV-1a, 64 bits, of ``count`` values as the characters 0 and 1."""
    state = _FNV_START
    for k in range(count):
        state = (state ^ ord(str(values[k % len(values)]))) * _FNV_PRIME & _MASK
    return f"{state:016x}"


def expected_outputs(period_s: float, duration_s: float, line: str) -> dict[str, int | str]:
    """Return the outputs of guest and server; a lost or doubled POST is none of these.

    What can go wrong comes before what is then missing: the first that differs is a failed
    trial's reason.
    """
    count = post_count(period_s, duration_s)
    outputs: dict[str, int | str] = {
        **{"refused": 0, "failed": 0, "lost": 0, "doubled": 0, "wrong": 0},
        **{"posts": count, "accepted": count, "received": count},
    }
    values = known_values(line)
    if values is not None:
        outputs["lines"] = digest(values, count)
    return outputs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--period-s", type=float, required=True)
    parser.add_argument("--duration-s", type=float, required=True)
    parser.add_argument("--line", default=RECORDED)
    options = parser.parse_args()
    try:
        outputs = expected_outputs(options.period_s, options.duration_s, options.line)
    except HostError:
        # The trial fails by it and says so; the campaign is not stopped before it begins.
        outputs = expected_outputs(options.period_s, options.duration_s, RECORDED)
    print(json.dumps(outputs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
