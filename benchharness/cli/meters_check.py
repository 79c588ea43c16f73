"""``benchharness meters check``: whether a meter is fit, and how far it can be trusted."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from benchharness.cli.common import EXIT_CODES, HelpFormatter
from benchharness.cli.numbers import positive

if TYPE_CHECKING:
    from benchharness.meters.base import Instrument
    from benchharness.meters.check.checkup import Checkup
    from benchharness.model import Check

_EXAMPLES = """\
examples:
  benchharness meters check plug-1                            # meters/plug-1.toml, yours or shipped
  benchharness meters check ./lab/plug-1.toml --json
  benchharness meters check tasmota:mqtts://broker.local/plug-1 --seconds 30 --power 5
  benchharness meters check plug-1 --pulse --save             # its latency, kept in its file
  benchharness meters check tasmota:mqtt://broker.local/plug-1 --print-file > meters/plug-1.toml

--pulse loads every core of this machine on and off, which must be the one that the meter sees,
and finds out by how much the readings come late. Nothing else should run meanwhile.

A password comes from BENCHHARNESS_MQTT_USER and BENCHHARNESS_MQTT_PASSWORD, or from a file of
mode 600 that BENCHHARNESS_MQTT_CREDENTIALS or the instrument's credentials_file names.

"""
_AUTO = "auto"


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action's options."""
    parser = actions.add_parser(
        "check",
        help="say whether a meter is fit",
        description="Connect to a meter, read it for a while and say whether it is fit: its "
        "period, steps, zeros, latency, and how long a window it needs.",
        epilog=_EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="a name, an instrument file or an address")
    parser.add_argument(
        "--seconds", type=positive, metavar="S", help="how long to read it (default: the meter's)"
    )
    parser.add_argument(
        "--power", type=positive, metavar="W", help="say the window for this power, too"
    )
    parser.add_argument(
        "--pulse",
        nargs="?",
        const=_AUTO,
        type=_pulse,
        metavar="S",
        help="find the latency by loading this machine for S seconds (default: a minute or more)",
    )
    parser.add_argument(
        "--save", action="store_true", help="keep the latency of --pulse in the instrument's file"
    )
    parser.add_argument(
        "--print-file", action="store_true", help="print an instrument file for it on stdout"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the meter; 3 if it is not fit."""
    from benchharness.cli.look import make_look
    from benchharness.errors import UsageError
    from benchharness.meters.check.checkup import check_meter, pulse_meter
    from benchharness.meters.check.keep import file_to_keep_in
    from benchharness.meters.instrument import load_meter, resolve_instrument

    if args.save and args.pulse is None:
        raise UsageError("--save keeps the latency of a pulse", remedy="add --pulse")
    if args.print_file and args.json:
        raise UsageError("--print-file and --json both want stdout", remedy="ask for one of them")
    instrument = resolve_instrument(args.name)
    path = file_to_keep_in(instrument) if args.save else None
    meter = load_meter(instrument)
    with make_look("reading") as say:
        done = check_meter(meter, seconds=args.seconds, power_w=args.power, say=say)
    if args.pulse is not None and done.fit:
        if not args.json:
            print("loading this machine on and off ...", file=sys.stderr, flush=True)
        duration_s = None if args.pulse == _AUTO else args.pulse
        with make_look("pulse") as say:
            pulse_meter(done, meter, duration_s, needed=args.save, say=say)
    if args.json:
        _print_json(instrument, done)
    else:
        _print_lines(done.checks)
    kept = _keep(instrument, done, path) if path is not None and done.fit else None
    if args.print_file and done.fit:
        _print_file(instrument, done)
    if kept and not args.json:
        print(kept, file=sys.stderr)
    return 0 if done.fit else 3


def _keep(instrument: Instrument, done: Checkup, path: Any) -> str | None:
    from dataclasses import replace

    from benchharness.meters.check.checkup import calibration
    from benchharness.meters.check.keep import keep
    from benchharness.meters.check.latency import Latency
    from benchharness.meters.instrument import load_meter

    if not isinstance(done.latency, Latency):
        return None
    values = calibration(done.latency)
    # A driver that knows no latency refuses the keys, and the file stays as it is.
    load_meter(replace(instrument, options={**instrument.options, **values}))
    keep(path, values)
    said = ", ".join(f"{key} = {value}" for key, value in values.items())
    return f"kept in {path}: {said}"


def _print_file(instrument: Instrument, done: Checkup) -> None:
    from benchharness.meters.check.checkup import calibration
    from benchharness.meters.check.keep import as_file
    from benchharness.meters.check.latency import Latency

    found = done.latency
    print(as_file(instrument, calibration(found) if isinstance(found, Latency) else None), end="")


def _print_lines(checks: list[Check]) -> None:
    for check in checks:
        advice = f" ({check.advice})" if check.advice else ""
        line = f"{check.state.value:<6}  {check.subject}: {check.found}{advice}"
        print(line, file=sys.stderr)


def _print_json(instrument: Instrument, done: Checkup) -> None:
    import json

    from benchharness.meters.check.document import document

    print(json.dumps(document(instrument, done), indent=2, ensure_ascii=False, allow_nan=False))


def _pulse(text: str) -> float | str:
    from benchharness.meters.check.pulse import SHORTEST_S

    if text == _AUTO:
        return text
    value = positive(text)
    if not SHORTEST_S <= value <= 86_400:
        raise argparse.ArgumentTypeError(
            f"expected {SHORTEST_S:g} seconds or more, a day at most, got {text!r}"
        )
    return value
