"""Options of ``run`` that say what a campaign is to find out, and when it has seen enough."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchharness.cli.numbers import positive

if TYPE_CHECKING:
    from benchharness.plan.goals import Layer

# option of the command line -> key of [stop]
_STOP = {
    "until_width": "width",
    "min_repeat": "repeat_min",
    "max_repeat": "repeat_max",
    "max_time_s": "time_s",
    "max_energy_j": "energy_j",
}
_NAMES = {
    "until_width": "--until-width",
    "min_repeat": "--min-repeat",
    "max_repeat": "--max-repeat",
    "max_time_s": "--max-time",
    "max_energy_j": "--max-energy",
}


def add_goal_options(parser: argparse.ArgumentParser) -> None:
    """Add the options, in two groups."""
    group = parser.add_argument_group("when to stop (instead of --repeat, or beside it)")
    add = group.add_argument
    add(
        "--until-width",
        metavar="P",
        help="until every variant's 95%% interval is within P of its mean, such as 5%%",
    )
    add("--min-repeat", type=int, metavar="N", help="with --until-width: no less than N (5)")
    add("--max-repeat", type=int, metavar="N", help="with --until-width: no more than N (40)")
    add(
        "--max-time",
        dest="max_time_s",
        type=positive,
        metavar="S",
        help="no repetition begins that would not fit into S seconds",
    )
    add(
        "--max-energy",
        dest="max_energy_j",
        type=positive,
        metavar="J",
        help="the same for joules in the windows",
    )
    add("--pilot", type=int, metavar="N", help="N repetitions, then a proposal how many are needed")
    add("--dry-run", action="store_true", help="measure nothing: print the plan and what it tells")
    group = parser.add_argument_group("what counts")
    add = group.add_argument
    add(
        "--metric",
        metavar="M",
        help="energy (net if known), energy_net, energy_gross, time, memory or cpu_time",
    )
    add("--margin", metavar="P", help='differences within P are "same", such as 2%%')
    add(
        "--baseline",
        action="append",
        default=[],
        metavar="F=V",
        help="compare with the variants of this level (may be repeated; default: the lowest)",
    )


def layer_from_arguments(args: argparse.Namespace) -> Layer:
    """Return what the command line says of the goals. Raises UsageError."""
    from benchharness.errors import UsageError
    from benchharness.plan.factor_options import parse_levels
    from benchharness.plan.goals import Layer, read_metric
    from benchharness.plan.quantities import read_share

    values: dict[str, object] = {}
    where = {"repeat": "--repeat", **{f"stop.{_STOP[name]}": _NAMES[name] for name in _STOP}}
    if args.metric is not None:
        values["metric"] = read_metric(args.metric, "--metric")
    if args.margin is not None:
        values["margin"] = read_share(args.margin, "--margin")
    if args.baseline:
        values["baseline"] = parse_levels(args.baseline, "--baseline", "runtime=native")
        where["baseline"] = "--baseline"
    stop = {_STOP[name]: getattr(args, name) for name in _STOP if getattr(args, name) is not None}
    if "width" in stop:
        stop["width"] = read_share(stop["width"], "--until-width")
    for name in ("min_repeat", "max_repeat"):
        number = getattr(args, name)
        if number is not None and number < 1:
            raise UsageError(f"{number} is below 1", where=_NAMES[name])
    return Layer(values, stop, _repeat(args, stop), where)


def _repeat(args: argparse.Namespace, stop: dict[str, object]) -> int | None:
    """Return the fixed number; a pilot's width is what its proposal is for, and stops nothing."""
    from benchharness.errors import UsageError

    repeat: int | None = args.repeat
    if repeat is not None and repeat < 1:
        raise UsageError(f"{repeat} is below 1", where="--repeat")
    if args.pilot is None:
        return repeat
    if repeat is not None:
        raise UsageError("stands beside --repeat", where="--pilot", remedy="use one of the two")
    if args.pilot < 2:
        raise UsageError(
            f"{args.pilot} is below 2: one repetition has no spread",
            where="--pilot",
            remedy="use 3 or more",
        )
    for key in ("width", "repeat_min", "repeat_max"):
        stop.pop(key, None)
    return int(args.pilot)
