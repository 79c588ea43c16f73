"""Any WASI preview 1 command, under the runtime that is asked for.

Usage: wasm.py [--runtime R] [--mode M] [--folder DIR] [--expected-stdout FILE]
               [--sightglass true|false] [--report true|false] [--memory-limit BYTES] [--fuel N]
               [--time-limit S] [--arguments WORDS] [--prepare] MODULE

An option that is empty, or 0, is as if it were not there. With ``--prepare`` nothing is run: the
module is checked, and compiled ahead of time where the mode says so. What the module prints is
emitted as outputs where something is expected of it (expected.py). Exit codes: the module's own
and the hosts' (wasm_modules/README.md); a failure is one line on stderr.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path
from typing import NoReturn

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from wasm_modules.hosts import start
from wasm_modules.hosts.failures import EXIT_USAGE, HostError

_BOOLEANS = {"true": True, "false": False}


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what runs here is not Python most of the time
    options = _parse()
    try:
        if options.prepare:
            start.prepare(options.runtime, _host_options(options))
        else:
            start.become(options.runtime, _host_options(options))
    except HostError as error:
        print(f"wasm: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _host_options(options: argparse.Namespace) -> list[str]:
    """Return the host's command line. Raises HostError for what no host could understand."""
    if not options.module:
        raise HostError("no module is named; name one: --set module=FILE.wasm", EXIT_USAGE)
    module = Path(options.module)
    folder = module.parent if options.sightglass else options.folder
    chosen = ["--mode", options.mode]
    if folder:
        chosen += ["--dir", f"{folder}::."]
    for name in ("memory-limit", "fuel", "time-limit"):
        value = getattr(options, name.replace("-", "_"))
        if value:
            chosen += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
    if options.report:
        chosen.append("--report")
    if options.sightglass or options.expected_stdout:
        chosen.append("--outputs")
    return [*chosen, str(module), *_words(options.arguments)]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise HostError(f"arguments: {str(error).lower()} in {text!r}", EXIT_USAGE) from None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"wasm: {message}; see wasm.py --help\n")


def _parse() -> argparse.Namespace:
    parser = _Parser(description="Run a WASI preview 1 module.", allow_abbrev=False)
    parser.add_argument("--runtime", default="wasmtime")
    parser.add_argument("--mode", default="jit")
    parser.add_argument("--folder", default="")
    parser.add_argument("--expected-stdout", default="")
    parser.add_argument("--sightglass", type=_boolean, default=False, metavar="true|false")
    parser.add_argument("--report", type=_boolean, default=False, metavar="true|false")
    parser.add_argument("--memory-limit", type=int, default=0, metavar="BYTES")
    parser.add_argument("--fuel", type=int, default=0, metavar="N")
    parser.add_argument("--time-limit", type=float, default=0.0, metavar="S")
    parser.add_argument("--arguments", default="", metavar="WORDS")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("module")
    return parser.parse_args()


def _boolean(text: str) -> bool:
    if text not in _BOOLEANS:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return _BOOLEANS[text]


if __name__ == "__main__":
    sys.exit(main())
