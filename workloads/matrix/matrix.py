"""C = A x B of two n x n float64 matrices, under the runtime that is asked for.

Usage: matrix.py --n N [--runtime wasmtime|wasmer|wasmedge|native|numpy]
                 [--mode jit|aot|...] [--build scalar|simd128] [--prepare]

With ``--prepare`` nothing is computed: what the runtime needs is looked for, and the native
program is built. The window and the phase ``run`` are fill, multiply and check; loading a
runtime, compiling and instantiating a module are phases before it. The output ``checksum`` is
known in advance (expected.py). Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the runtime is
not there; a failure is one line on stderr.
"""

from __future__ import annotations

import argparse
import importlib.util
import signal
import sys
from pathlib import Path
from typing import NoReturn

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts import start
from wasm_modules.hosts.failures import EXIT_UNFIT, EXIT_USAGE, HostError
from workloads.matrix import peak

_MODULES = Path(__file__).resolve().parents[2] / "wasm_modules"
BUILDS = ("scalar", "simd128")
WASM_RUNTIMES = ("wasmtime", "wasmer", "wasmedge")
RUNTIMES = (*WASM_RUNTIMES, "native", "numpy")
LARGEST_N = 9000  # three matrices within the 2 GiB that the modules may have
DEFAULT_SEED = 1


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what runs here is not Python most of the time
    options = _parse()
    try:
        if options.prepare:
            _prepare(options)
        elif options.runtime == "native":
            from workloads.matrix import native

            peak.emit(threads=1)
            return native.run(options.n, options.seed)
        elif options.runtime == "numpy":
            _require("numpy")
            from workloads.matrix import numpy_product

            numpy_product.run(options.n, options.seed)
        else:
            peak.emit(threads=1)
            start.become(options.runtime, _host_options(options))
    except HostError as error:
        print(f"matrix: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _prepare(options: argparse.Namespace) -> None:
    if options.runtime == "native":
        from workloads.matrix import native

        native.PROGRAM.build()
    elif options.runtime in WASM_RUNTIMES:
        start.prepare(options.runtime, _host_options(options))
    else:
        _require(options.runtime)
    peak.measure()


def _host_options(options: argparse.Namespace) -> list[str]:
    module = str(_module(options.build))
    return ["--mode", options.mode, "--report", module, str(options.n), str(options.seed)]


def _module(build: str) -> Path:
    module = _MODULES / "matrix" / f"matrix-{build}.wasm"
    if not module.is_file():
        raise HostError(f"{module} is missing; build it: scripts/build-wasm matrix", EXIT_UNFIT)
    return module


def _require(name: str) -> None:
    if importlib.util.find_spec(name) is None:
        raise HostError(
            f"runtime {name} needs the Python module {name};"
            f" install it: {sys.executable} -m pip install {name}",
            EXIT_UNFIT,
        )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"matrix: {message}; see matrix.py --help\n")


def _parse() -> argparse.Namespace:
    parser = _Parser(description="C = A x B, two n x n float64 matrices.", allow_abbrev=False)
    parser.add_argument("--n", type=_size, required=True)
    parser.add_argument("--seed", type=_seed, default=DEFAULT_SEED)
    parser.add_argument("--runtime", choices=RUNTIMES, default="wasmtime")
    parser.add_argument("--mode", default="jit")
    parser.add_argument("--build", choices=BUILDS, default="scalar")
    parser.add_argument("--prepare", action="store_true")
    return parser.parse_args()


def _size(text: str) -> int:
    n = int(text)
    if not 1 <= n <= LARGEST_N:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and {LARGEST_N}")
    return n


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed < 1 << 64:
        raise argparse.ArgumentTypeError(f"{text} is not a 64-bit unsigned integer")
    return seed


if __name__ == "__main__":
    sys.exit(main())
