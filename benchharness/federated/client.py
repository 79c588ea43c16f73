"""A client of a federated training as a program: it hands over to the engine's.

client.py --shared FOLDER --index 3 [--engine process] [--clients 8] ... (federated/config.py)
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from benchharness.errors import BenchharnessError
from benchharness.federated import config as task_config
from benchharness.federated import engines
from benchharness.learning import needs


def main(arguments: Sequence[str] | None = None) -> int:
    """Take part; return the exit code, after one line to standard error if it is not 0."""
    parser = argparse.ArgumentParser(prog="client.py", allow_abbrev=False)
    parser.add_argument("--shared", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--index", type=int, required=True, metavar="I", help="from 1")
    task_config.add_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        config = task_config.from_arguments(options)
        needs.require("torch")
        engines.take_part(config, options.index, options.shared)
    except BenchharnessError as error:
        sys.stderr.write(f"client {options.index}: {error}\n")
        return error.exit_code
    gc.freeze()  # or Python looks through all of PyTorch once more at its end: 0.4 CPU-s
    return 0


if __name__ == "__main__":
    sys.exit(main())
