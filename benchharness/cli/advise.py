"""``benchharness advise``: how long, and how often, before an hour is spent on measuring."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path
from benchharness.cli.numbers import positive, share, watts

if TYPE_CHECKING:
    from benchharness.cli.advise_answer import Answer
    from benchharness.energy.better import Setup
    from benchharness.energy.design import Question

EXAMPLES = """\
examples:
  benchharness advise --meter plug-1 --difference 3% --power 5 --idle-power 3
      windows and repetitions that tell two programs apart that differ by 3 % above idle
  benchharness advise --meter tasmota:mqtt://broker.local/plug-1 --measure --difference 5%
      looks at the plug first: its real period and steps, and the power that is drawn now
  benchharness advise --from last --difference 3%
      power, budget and the spread of trials from a campaign that was run
  benchharness advise --meter plug-1 --difference 3% --power 5 --window 120 --json

A difference, a variation and a chance are written as 3% or 0.03.

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "advise",
        help="say how long and how often to measure",
        description="How long must the window be, and how many repetitions, to tell two variants "
        "apart with this meter? Nothing is run.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    add("--meter", metavar="NAME", help="a name, an instrument file or an address")
    add("--difference", type=share, required=True, metavar="D", help="to tell apart, such as 3%%")
    add("--power", type=positive, metavar="W", help="what the machine draws while it works")
    add("--idle-power", type=watts, metavar="W", help="what it draws at rest: for net energy")
    add("--window", type=positive, metavar="S", help="only for windows of this length")
    add("--idle", type=positive, metavar="S", help="rest around each trial (default: as in run)")
    add("--variation", type=share, metavar="V", help="between equal trials (default: 2%%)")
    add("--level", type=share, default=0.95, metavar="P", help="of confidence (default: 95%%)")
    add("--chance", type=share, default=0.8, metavar="P", help="of telling (default: 80%%)")
    add("--measure", action="store_true", help="open the meter and look at it for some seconds")
    add("--from", dest="campaign", metavar="CAMPAIGN", help='an id, its beginning, or "last"')
    add("--json", action="store_true", help="one JSON document on stdout")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Give the advice; 0 also where the advice is that it cannot be done."""
    from benchharness.cli.advise_answer import document, lines

    _check(args)
    answer = _from_campaign(args) if args.campaign else _from_meter(args)
    if args.json:
        import json

        print(json.dumps(document(answer), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        for line in lines(answer):
            print(line, file=sys.stderr)
    return 0


def _check(args: argparse.Namespace) -> None:
    from benchharness.errors import UsageError

    if args.meter is None and args.campaign is None:
        raise UsageError("no meter", remedy="name one with --meter, or a campaign with --from")
    if args.campaign is not None and (args.meter or args.measure or args.power or args.idle_power):
        raise UsageError(
            "--from takes meter and power from the campaign",
            remedy="leave out --meter, --measure, --power and --idle-power, or leave out --from",
        )
    if args.campaign is None and args.power is None and not args.measure:
        raise UsageError(
            "how much power the machine draws is not known",
            remedy="add --power W, --measure while it works, or --from CAMPAIGN",
        )
    if args.difference <= 0.0:
        raise UsageError("a difference of 0 cannot be told apart", where="--difference")
    if args.power is not None and args.idle_power is not None and args.idle_power >= args.power:
        raise UsageError(
            f"--idle-power {args.idle_power:g} W is not below --power {args.power:g} W",
            remedy="give the power while the program works, and the power at rest",
        )
    for name in ("level", "chance"):
        if not 0.5 <= getattr(args, name) <= 0.999:
            raise UsageError("expected 50% to 99.9%", where=f"--{name}")


def _question(args: argparse.Namespace, between_trials: float | None) -> Question:
    from benchharness.energy.design import BETWEEN_TRIALS, Question

    if args.variation is not None:
        between_trials = args.variation
    elif between_trials is None:
        between_trials = BETWEEN_TRIALS
    return Question(args.difference, between_trials, args.level, args.chance)


def _windows_s(args: argparse.Namespace) -> tuple[float, ...]:
    from benchharness.energy.design import WINDOWS_S

    return WINDOWS_S if args.window is None else (args.window,)


def _from_meter(args: argparse.Namespace) -> Answer:
    from benchharness.cli.advise_answer import Answer
    from benchharness.energy.better import improvements
    from benchharness.energy.design import best

    name, setup = _setup(args)
    question, windows_s = _question(args, None), _windows_s(args)
    found = setup.rows(question, windows_s)
    now = best(found)
    return Answer(
        meter=name,
        question=question,
        rows=found,
        best=now,
        net=setup.demand.idle_w is not None,
        power_w=setup.demand.power_w,
        idle_w=setup.demand.idle_w,
        idle_s=setup.idle_s,
        gain_bound=setup.can.gain_bound,
        measurement_class=setup.can.measurement_class,
        better=improvements(question, setup, windows_s, now),
    )


def _setup(args: argparse.Namespace) -> tuple[str, Setup]:
    from benchharness.energy.better import Setup
    from benchharness.energy.forecast import Demand
    from benchharness.errors import MeterError
    from benchharness.meters.instrument import load_meter, resolve_instrument

    instrument = resolve_instrument(args.meter)
    meter = load_meter(instrument)
    can, power_w, variation = meter.capabilities(), args.power, None
    if args.measure:
        from benchharness.cli.look import make_look
        from benchharness.meters.check.checkup import check_meter
        from benchharness.meters.check.seen import intervals, powers

        with make_look("reading") as say:
            done = check_meter(meter, say=say)
        seen, gaps = powers(done.readings), intervals(done.readings)
        wrong = next((check for check in done.checks if check.state.value == "error"), None)
        if wrong is not None or done.capabilities is None:
            what = "gives no readings" if wrong is None else f"{wrong.subject}: {wrong.found}"
            raise MeterError(what, remedy=wrong.advice if wrong else None)
        can = done.capabilities
        if gaps is not None:
            from dataclasses import replace

            can = replace(can, period_s=gaps.median_s)
        if power_w is None:
            power_w = _seen_power_w(args, None if seen is None else seen.mean_w)
        variation = None if seen is None else seen.variation
    assert power_w is not None
    demand = Demand(power_w, args.idle_power)
    if variation is not None:
        demand = Demand(power_w, args.idle_power, max(demand.variation, variation))
    idle_s = args.idle if args.idle is not None else _idle_s(can.period_s)
    asked = instrument.options.get("poll_s") != 0
    return instrument.name, Setup(can, demand, idle_s, asked)


def _seen_power_w(args: argparse.Namespace, mean_w: float | None) -> float:
    from benchharness.errors import MeterError

    if mean_w is None or mean_w <= (args.idle_power or 0.0):
        said = "no power" if mean_w is None else f"{mean_w:.3g} W"
        raise MeterError(
            f"{said} was read",
            where=args.meter,
            remedy="measure while the program works, or add --power W",
        )
    return mean_w


def _idle_s(period_s: float | None) -> float:
    """Return the rest that run chooses for a meter of this period."""
    return min(60.0, max(2.0, 5.0 * (period_s or 0.0)))


def _from_campaign(args: argparse.Namespace) -> Answer:
    from benchharness.cli.advise_answer import Answer
    from benchharness.energy.design import best, rows
    from benchharness.energy.pilot import pilot
    from benchharness.errors import UsageError
    from benchharness.report.derive import derive_campaign
    from benchharness.report.derive_energy import capabilities_of
    from benchharness.store.database import Store

    with Store.open(results_path(args), create=False, read_only=True) as store:
        summary = derive_campaign(store, args.campaign)
    known = pilot(summary)
    if known is None:
        raise UsageError(
            f"campaign {summary.campaign_id} has no trial with an energy above 0",
            remedy="run a long window with --meter, or describe it with --meter and --power",
        )
    # The sum over devices is of meters that are alike: the first one stands for them.
    first = summary.meters[0] if summary.meters else {}
    meta = next((meter for meter in summary.meters if meter["name"] == known.meter), first)
    can = capabilities_of(meta)
    question = _question(args, known.between_trials)
    idle_s = args.idle if args.idle is not None else _idle_s(can.period_s)
    found = rows(question, known.forecast, idle_s, _windows_s(args))
    return Answer(
        meter=known.meter,
        question=question,
        rows=found,
        best=best(found),
        net=known.net,
        power_w=known.power_w,
        idle_w=known.idle_w,
        idle_s=idle_s,
        gain_bound=can.gain_bound,
        measurement_class=known.measurement_class,
        pilot=known,
    )
