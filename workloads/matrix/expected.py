"""Prints the outputs of a right run as JSON, in O(n^2) and without the product."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from workloads.matrix.generator import DEFAULT_SEED, expected_checksum


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    options = parser.parse_args()
    print(json.dumps({"checksum": expected_checksum(options.n, options.seed)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
