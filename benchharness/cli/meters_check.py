"""``benchharness meters check``: whether a meter is fit, and how far it can be trusted."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from benchharness.cli.common import EXIT_CODES, HelpFormatter
from benchharness.cli.numbers import positive

if TYPE_CHECKING:
    from benchharness.model import Check

_EXAMPLES = """\
examples:
  benchharness meters check plug-1                            # meters/plug-1.toml, yours or shipped
  benchharness meters check ./lab/plug-1.toml --json
  benchharness meters check tasmota:mqtts://broker.local/plug-1 --seconds 30

A password comes from BENCHHARNESS_MQTT_USER and BENCHHARNESS_MQTT_PASSWORD, or from a file of
mode 600 that BENCHHARNESS_MQTT_CREDENTIALS or the instrument's credentials_file names.

"""


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action's options."""
    parser = actions.add_parser(
        "check",
        help="say whether a meter is fit",
        description="Connect to a meter, read it for a while and say whether it is fit.",
        epilog=_EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="a name, an instrument file or an address")
    parser.add_argument(
        "--seconds", type=positive, metavar="S", help="how long to read it (default: the meter's)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the meter; 3 if it is not fit."""
    from dataclasses import replace

    from benchharness.meters.instrument import load_meter, resolve_instrument
    from benchharness.model import CheckState

    instrument = resolve_instrument(args.name)
    if args.seconds is not None:
        options = {**instrument.options, "check_s": args.seconds}
        instrument = replace(instrument, options=options)
    checks = load_meter(instrument).check()
    if args.json:
        _print_json(instrument.name, checks)
    else:
        for check in checks:
            print(_line(check), file=sys.stderr)
    return 3 if any(check.state is CheckState.ERROR for check in checks) else 0


def _line(check: Check) -> str:
    advice = f" ({check.advice})" if check.advice else ""
    return f"{check.state.value:<6}  {check.subject}: {check.found}{advice}"


def _print_json(name: str, checks: list[Check]) -> None:
    import json

    rows = [
        {
            "subject": check.subject,
            "state": check.state.value,
            "found": check.found,
            "advice": check.advice,
        }
        for check in checks
    ]
    print(json.dumps({"meter": name, "checks": rows}, indent=2, ensure_ascii=False))
