"""A WebAssembly guest reads a GPIO line and POSTs it to a server on loopback.

Usage: gpio_http.py --port-file FILE [--period-s S] [--duration-s S] [--line SPEC]
                    [--runtime RUNTIME] [--mode MODE] [--build host|socket] [--prepare]

The server (server.py) is another participant of the trial and has written its port into FILE.
With ``--prepare`` nothing runs: the runtime is looked for, and the module compiled ahead of
time where the mode says so; a GPIO line is not looked for, since boards come and go. Exit
codes: 0 done, 1 failed, 2 wrong usage, 3 the runtime is not there; a failure is one line on
stderr.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
from pathlib import Path
from typing import NoReturn

# This file is started as a program, and finds its neighbours by where it lies.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from expected_posts import RECORDED, line_spec, nanoseconds, post_count

from wasm_modules.hosts import start
from wasm_modules.hosts.failures import EXIT_FAILED, EXIT_UNFIT, EXIT_USAGE, HostError

_MODULES = Path(__file__).resolve().parents[2] / "wasm_modules" / "gpio-http"
BUILDS = ("host", "socket")
SOCKET_RUNTIMES = ("wasmedge",)  # the only one with sockets in WASI preview 1
NO_SERVER_YET = "127.0.0.1:9"


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what runs here is not Python most of the time
    options = _parse()
    try:
        _check(options)
        if options.prepare:
            start.prepare(options.runtime, _host_options(options, RECORDED, NO_SERVER_YET))
        else:
            server = f"127.0.0.1:{_port(options.port_file)}"
            start.become(options.runtime, _host_options(options, options.line, server))
    except HostError as error:
        print(f"gpio-http: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.build == "socket" and options.runtime not in SOCKET_RUNTIMES:
        raise HostError(
            f"build socket needs sockets, which runtime {options.runtime} has not;"
            " use build host, or runtime wasmedge",
            EXIT_USAGE,
        )
    if post_count(options.period_s, options.duration_s) < 1:
        raise HostError(
            f"no POST in {options.duration_s:g} s, one every {options.period_s:g} s;"
            " make duration_s at least period_s",
            EXIT_USAGE,
        )


def _host_options(options: argparse.Namespace, line: str, server: str) -> list[str]:
    module = _MODULES / f"gpio-http-{options.build}.wasm"
    if not module.is_file():
        raise HostError(f"{module} is missing; build it: scripts/build-wasm gpio-http", EXIT_UNFIT)
    times = [_decimal(options.period_s), _decimal(options.duration_s)]
    settings = ["--mode", options.mode, "--report", "--with", f"gpio={line_spec(line)}"]
    if options.build == "socket":
        return [*settings, "--with", "net=yes", str(module), *times, server]
    return [*settings, "--with", f"http={server}", str(module), *times]


def _decimal(time_s: float) -> str:
    """Return seconds without an exponent."""
    whole, fraction = divmod(nanoseconds(time_s), 10**9)
    return f"{whole}.{fraction:09d}"


def _port(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        raise HostError(
            f"{file} has no port of a server; start it first: server.py --port-file {file}",
            EXIT_FAILED,
        ) from None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"gpio-http: {message}; see gpio_http.py --help\n")


def _parse() -> argparse.Namespace:
    parser = _Parser(description="POST a GPIO line every period.", allow_abbrev=False)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--period-s", type=_seconds, default=2.0)
    parser.add_argument("--duration-s", type=_seconds, default=120.0)
    parser.add_argument("--line", default=RECORDED)
    parser.add_argument("--runtime", choices=start.RUNTIMES, default="wasmtime")
    parser.add_argument("--mode", default="jit")
    parser.add_argument("--build", choices=BUILDS, default="host")
    parser.add_argument("--prepare", action="store_true")
    return parser.parse_args()


def _seconds(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and 0.001 <= value < 1e6):
        raise argparse.ArgumentTypeError(f"{text} is not from 0.001 to 999999 seconds")
    return value


if __name__ == "__main__":
    sys.exit(main())
