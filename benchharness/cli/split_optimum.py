"""``benchharness split optimum``: the best cuts over alpha and link rates. Nothing is run."""

from __future__ import annotations

import argparse

from benchharness.cli.common import EXIT_CODES, HelpFormatter, as_path

_EXAMPLES = """\
examples:
  benchharness split optimum                       # the paper's testbed, all that was published
  benchharness split optimum --mbit 20,100/20 --alpha 0,0.5,1 --corrected
  benchharness split optimum --as-published --slips rule       # one slip of the code by itself
  benchharness split optimum --terms waiting,model --idle-w pi:0.8,nano:1.75
  benchharness split optimum --terms server,model --server-s 0.02 --server-w 60/20
  benchharness split optimum --profile profile.json --json     # from measured devices

A cut is the number of layers that the device computes: 7 of 7 is local training. Alpha 0 is
joules alone, 1 seconds alone; seconds and joules are relative to local training (--raw: as they
are). docs/cuts.md has the equations, the slips and the terms.

"""


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action's options."""
    parser = actions.add_parser(
        "optimum",
        help="print the best cuts over alpha and link rates",
        description="The cuts with the least alpha * seconds + (1 - alpha) * joules a round, for "
        "every alpha and link rate: from the published figures of ARES or a measured profile.",
        epilog=_EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    add("--devices", metavar="LIST", help="published boards (default: pi,nano:4)")
    add("--profile", metavar="FILE", type=as_path, help="measured devices, JSON of split profile")
    add("--mode", metavar="NAME", help="a Nano's power mode: MAXN, 5W or CUSTOM (default: MAXN)")
    add("--mbit", metavar="LIST", help="Mbit/s, or UP/DOWN (default: 5,10,15,20,50)")
    add("--alpha", metavar="LIST", default="0:1:0.1", help="values, or 0:1:0.1 (the default)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--as-published", action="store_true", help="only with the code's slips")
    form.add_argument("--corrected", action="store_true", help="only without (default: both)")
    add("--slips", metavar="LIST", help="of activations,rate,last-cut,rule (default: all)")
    unit = parser.add_mutually_exclusive_group()
    unit.add_argument("--normalise", action="store_true", help="relative to local (the default)")
    unit.add_argument("--raw", action="store_true", help="alpha is per s, 1 - alpha per J")
    add("--terms", metavar="LIST", default="model", help="waiting,server,model or none (model)")
    add("--idle-w", metavar="LIST", help="at rest, for waiting, such as pi:0.8,nano:1.75")
    add("--server-s", metavar="S", help="of the server for a batch of all layers (default: 0)")
    add("--server-w", metavar="W/W", help="the server's watts computing/at rest")
    add("--with-cut-0", action="store_true", help="raw data may be sent (the paper has 1 to 7)")
    add("--json", action="store_true", help="one JSON document on stdout")
    add("--csv", action="store_true", help="a line for each form, rate and alpha on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the answer."""
    from benchharness.cli.split_inputs import read_inputs
    from benchharness.cuts.optimum import optimum
    from benchharness.errors import UsageError

    if args.json and args.csv:
        raise UsageError("--json and --csv both want stdout", remedy="ask for one of them")
    inputs = read_inputs(args)
    question = inputs.question
    answers = [(case, optimum(inputs.layers, case.devices, question)) for case in inputs.cases]
    if args.json:
        import json

        from benchharness.cli.split_document import document

        print(json.dumps(document(answers, question), indent=2, allow_nan=False))
    elif args.csv:
        from benchharness.cli.split_document import csv_text

        print(csv_text(answers), end="")
    else:
        from benchharness.cli.split_table import print_answers

        print_answers(answers, question)
    return 0
