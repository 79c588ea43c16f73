"""The command line: finds the command, runs it, turns errors into one line and an exit code.

Only the module of the command that was asked for is imported, so that ``--help`` starts fast.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from benchharness import __version__
from benchharness.cli.common import EXIT_CODES, HelpFormatter
from benchharness.errors import BenchharnessError, UnknownNameError, UsageError

# name -> (module of benchharness.cli, one line for the overview)
COMMANDS = {
    "run": ("run", "measure a workload, a campaign file or any command"),
    "resume": ("resume", "finish a campaign that was interrupted"),
    "list": ("list", "list workloads, meters, campaigns or runtimes"),
    "show": ("show", "print the table of a campaign"),
    "compare": ("compare", "compare two campaigns, or the levels of a factor"),
    "gate": ("gate", "compare with a baseline; exit code 1 for a proven regression"),
    "history": ("history", "show the same variants over many campaigns"),
    "report": ("report", "write a page, LaTeX, figures or data"),
    "meters": ("meters", "check a meter, emulate a plug, or switch one"),
    "split": ("split", "say where to cut a network between devices and a server"),
    "advise": ("advise", "say how long and how often to measure"),
    "doctor": ("doctor", "say whether this machine is fit to measure"),
    "export": ("export", "write raw observations for other programs"),
    "import": ("import_file", "make a campaign of results of pytest-benchmark or hyperfine"),
}

DESCRIPTION = "What a program costs on an edge board in time, memory and energy, with an error bar."

EXAMPLES = """\
examples:
  benchharness run matrix --vary runtime=wasmtime,native --repeat 5
  benchharness run --meter tasmota:mqtt://broker/plug-1 -- ./my-program --its-option
  benchharness report last --html report.html --latex table.tex
  benchharness doctor

"""


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error; argparse prints its usage first."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, remedy=f"see {self.prog} --help")


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """Build the parser; with ``only``, load just that command's options."""
    parser = OneLineParser(
        prog="benchharness",
        description=DESCRIPTION,
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"benchharness {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, (module_name, summary) in COMMANDS.items():
        if only is None:
            subparsers.add_parser(name, help=summary)
        elif name == only:
            importlib.import_module(f"benchharness.cli.{module_name}").add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never raises for what a user did."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments[: _end_of_options(arguments)]
    if debug:
        arguments.remove("--debug")
    try:
        own, program = _split_program(arguments)
        command = own[0] if own and not own[0].startswith("-") else None
        if command is not None and command not in COMMANDS:
            raise UnknownNameError("command", command, COMMANDS)
        parser = build_parser(only=command)
        args = parser.parse_args(own)
        if args.command is None:
            parser.print_help()
            return 2
        args.program = program
        args.arguments = arguments
        code: int = args.run(args)
        return code
    except BenchharnessError as error:
        if debug:
            raise
        print(f"benchharness: {error.line()}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("benchharness: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (``| head``): nothing more to say, and say it quietly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def console() -> None:
    """Run the console script."""
    sys.exit(main())


def _end_of_options(arguments: list[str]) -> int:
    return arguments.index("--") if "--" in arguments else len(arguments)


def _split_program(arguments: list[str]) -> tuple[list[str], list[str] | None]:
    """Split off what stands after the first ``--``: the user's program, whatever its options."""
    end = _end_of_options(arguments)
    if end == len(arguments):
        return arguments, None
    return arguments[:end], arguments[end + 1 :]
