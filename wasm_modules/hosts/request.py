"""The command line that every host has.

HOST [--mode MODE] [--dir HOST_FOLDER[::GUEST_FOLDER]] [--env NAME=VALUE] [--with NAME=VALUE]
     [--memory-limit BYTES] [--fuel N] [--time-limit S] [--report] [--outputs] [--prepare]
     MODULE [ARGUMENT ...]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from wasm_modules.hosts.failures import EXIT_USAGE

DEFAULT_MODE = "jit"
AOT = "aot"
INTERPRETER = "interpreter"


@dataclass(frozen=True, slots=True)
class Request:
    """What to run, how, and what the guest may see.

    ``mode`` is ``interpreter``, ``jit`` or ``aot``, with ``-COMPILER`` after it where that is not
    the runtime's usual one (``jit-winch``). ``settings`` are for the host functions (imports/):
    a GPIO line, an HTTP server. A limit is None where there is none. ``outputs``: what the guest
    prints becomes the outputs ``stdout`` and ``stderr``, which the harness can compare.
    """

    module: Path
    arguments: tuple[str, ...] = ()
    mode: str = DEFAULT_MODE
    folders: tuple[tuple[str, str], ...] = ()  # (of the host, of the guest)
    environment: tuple[tuple[str, str], ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    memory_limit_bytes: int | None = None
    fuel: int | None = None
    time_limit_s: float | None = None
    report: bool = False
    outputs: bool = False
    prepare: bool = False

    @property
    def is_aot(self) -> bool:
        """Return whether the machine code comes from a file that was made before."""
        return self.mode.partition("-")[0] == AOT

    @property
    def built_as(self) -> str:
        """Return what the machine code depends on beside the module and the runtime."""
        limit = f" within {self.memory_limit_bytes}" if self.memory_limit_bytes is not None else ""
        return f"{self.mode}{' fuel' if self.fuel is not None else ''}{limit}"

    @property
    def compiler(self) -> str | None:
        """Return the compiler that the mode names; None is the runtime's usual one."""
        return self.mode.partition("-")[2] or None


def parse(arguments: Sequence[str]) -> Request:
    """Parse the command line; exits with 2 and one line if it is wrong."""
    parser = _Parser(description="Run a WASI preview 1 module.", allow_abbrev=False)
    parser.add_argument(
        "--mode",
        default=DEFAULT_MODE,
        help="interpreter, jit or aot, perhaps with -COMPILER (jit)",
    )
    parser.add_argument(
        "--dir",
        action="append",
        default=[],
        metavar="HOST[::GUEST]",
        help="a folder that the guest may see",
    )
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        "--with",
        dest="settings",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the host functions, such as http=127.0.0.1:8080",
    )
    parser.add_argument("--memory-limit", type=_positive, metavar="BYTES")
    parser.add_argument("--fuel", type=_positive, metavar="N", help="instructions, about")
    parser.add_argument("--time-limit", type=_seconds, metavar="S")
    parser.add_argument("--report", action="store_true", help="the guest prints a report line")
    parser.add_argument(
        "--outputs", action="store_true", help="emit what the guest prints as outputs"
    )
    parser.add_argument(
        "--prepare", action="store_true", help="run nothing: check, and compile ahead of time"
    )
    parser.add_argument("module", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    return Request(
        module=options.module,
        arguments=tuple(options.arguments),
        mode=options.mode,
        folders=tuple(_folder(text, parser) for text in options.dir),
        environment=tuple(_pair(text, "--env", parser) for text in options.env),
        settings=dict(_pair(text, "--with", parser) for text in options.settings),
        memory_limit_bytes=options.memory_limit,
        fuel=options.fuel,
        time_limit_s=options.time_limit,
        report=options.report,
        outputs=options.outputs,
        prepare=options.prepare,
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def _positive(text: str) -> int:
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _folder(text: str, parser: argparse.ArgumentParser) -> tuple[str, str]:
    host, separator, guest = text.rpartition("::")  # the host's folder may have such a name
    if not separator:
        host = guest
    if not Path(host).is_dir():
        parser.error(f"--dir {host}: there is no such folder")
    return host, guest


def _pair(text: str, option: str, parser: argparse.ArgumentParser) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        parser.error(f"{option} {text}: not NAME=VALUE")
    return name, value
