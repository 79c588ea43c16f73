"""Prints, as JSON, what a module must print, from the files that hold it.

Usage: expected.py [--expected-stdout FILE] [--sightglass true|false] MODULE

A sightglass benchmark ``NAME.wasm`` has ``NAME.stdout.expected`` and ``NAME.stderr.expected``
beside it. Where nothing is expected the object is empty.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts.streams import Printed


def printed(file: Path) -> str:
    """Return the contents of a file as a host gives what was printed."""
    contents = Printed()
    contents.add(file.read_bytes())
    return contents.value()


def files(options: argparse.Namespace) -> dict[str, Path]:
    """Return which output is in which file."""
    if options.sightglass == "true":
        stem = Path(options.module).with_suffix("")
        return {name: stem.with_name(f"{stem.name}.{name}.expected") for name in _STREAMS}
    return {"stdout": Path(options.expected_stdout)} if options.expected_stdout else {}


_STREAMS = ("stdout", "stderr")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expected-stdout", default="")
    parser.add_argument("--sightglass", default="false")
    parser.add_argument("module")
    try:
        outputs = {name: printed(file) for name, file in files(parser.parse_args()).items()}
    except OSError as error:
        print(f"{error.filename} cannot be read: {error.strerror}", file=sys.stderr)
        return 1
    print(json.dumps(outputs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
