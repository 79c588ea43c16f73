"""Prints the outputs of a right run as JSON: those of LiteRT called directly.

WasmEdge's own plugin has kernels of its own, which round in other ways: of it only the input and
the label are expected.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import direct
import nn_module

from wasm_modules.hosts.failures import HostError
from wasm_modules.hosts.imports import litert

_WITH_ANY_KERNEL = ("input_digest", "label")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    nn_module.add_file_options(parser)
    options = parser.parse_args()
    nn_module.fill_in_files(options)
    try:
        found = direct.outputs(
            direct.Files(options.model, options.image, options.labels),
            litert.Settings(options.threads, options.delegate),
        )
    except HostError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if options.nn == nn_module.PLUGIN:
        found = {name: found[name] for name in _WITH_ANY_KERNEL if name in found}
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
