"""``benchharness meters power``: switch a plug's relay, as to power-cycle a board that hangs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from benchharness.cli.common import EXIT_CODES, HelpFormatter
from benchharness.cli.numbers import positive

if TYPE_CHECKING:
    from benchharness.meters.base import Switchable

_EXAMPLES = """\
examples:
  benchharness meters power plug-1 cycle                 # asks; off for 5 s, then on
  benchharness meters power plug-1 cycle --off-s 20 --yes
  benchharness meters power ./lab/plug-1.toml off

A relay is switched only if the instrument's file says relay = true. The plug must confirm.

"""
_OFF_S = 5.0


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action's options."""
    parser = actions.add_parser(
        "power",
        help="switch a plug on or off, or power-cycle what hangs on it",
        description="Switch a plug's relay and wait until the plug says that it has.",
        epilog=_EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="a name or an instrument file")
    parser.add_argument("wanted", choices=["on", "off", "cycle"], help="what to do")
    parser.add_argument(
        "--off-s",
        type=positive,
        default=_OFF_S,
        metavar="S",
        help="how long a cycle stays off (default: 5)",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Switch; 1 if the user says no, 2 if it is not allowed, 3 if the plug does not confirm."""
    from benchharness.errors import UsageError
    from benchharness.meters.base import Switchable
    from benchharness.meters.instrument import load_meter, resolve_instrument

    instrument = resolve_instrument(args.name)
    meter = load_meter(instrument)
    if not isinstance(meter, Switchable):
        raise UsageError(f"{instrument.driver} meters have no relay", where=instrument.where)
    meter.require_relay()
    if not args.yes and not _agreed(_question(instrument.name, args.wanted, args.off_s)):
        print("benchharness: not switched", file=sys.stderr)
        return 1
    if args.wanted == "cycle":
        _cycle(meter, instrument.name, args.off_s)
    else:
        _switch(meter, instrument.name, args.wanted == "on")
    return 0


def _question(name: str, wanted: str, off_s: float) -> str:
    if wanted == "cycle":
        return f"Switch off what hangs on {name}, and on again after {off_s:g} s?"
    return f"Switch {wanted} what hangs on {name}?"


def _agreed(question: str) -> bool:
    from benchharness.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", remedy="add --yes if you are sure")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _cycle(meter: Switchable, name: str, off_s: float) -> None:
    import time

    _switch(meter, name, False)
    try:
        time.sleep(off_s)
    finally:
        # Also after Ctrl-C: who asked for a cycle did not ask for a board that stays off.
        _switch(meter, name, True)


def _switch(meter: Switchable, name: str, on: bool) -> None:
    meter.switch(on)
    print(f"{name}: {'on' if on else 'off'}, as the plug confirms", file=sys.stderr)
