"""``benchharness doctor``: is this machine fit to measure, and what would make it fitter."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchharness.cli.common import EXIT_CODES, HelpFormatter, add_results_option, results_path

if TYPE_CHECKING:
    from benchharness.model import Check

WATCH_S = 1.0


EXAMPLES = """\
examples:
  benchharness doctor
  benchharness doctor --json

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="say whether this machine is fit to measure",
        description="Looks at everything that can spoil a measurement on this machine and says "
        "what to do about it. Takes about two seconds; changes nothing.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    add_results_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the checks; 3 if one of them is an error."""
    import json

    from benchharness.model import CheckState

    checks = all_checks(args)
    fit = all(check.state is not CheckState.ERROR for check in checks)
    if args.json:
        entries = [
            {
                "subject": check.subject,
                "state": check.state.value,
                "found": check.found,
                "advice": check.advice,
            }
            for check in checks
        ]
        print(json.dumps({"fit": fit, "checks": entries}, indent=2, ensure_ascii=False))
    else:
        print("\n".join(render(checks)))
    return 0 if fit else 3


def all_checks(args: argparse.Namespace) -> list[Check]:
    """Make every check; the background load is watched first, before we add to it."""
    from benchharness.clock import MonotonicClock
    from benchharness.plan.background import background_check, measure_background
    from benchharness.plan.preflight import machine_checks

    load = background_check(measure_background(MonotonicClock(), WATCH_S))
    return [
        *machine_checks(results_path(args)),
        load,
        *runtime_checks(),
        federated_check(),
        cgroup_check(),
        testbed_check(),
        link_check(),
        *meter_checks(),
        onboard_check(),
    ]


def runtime_checks() -> list[Check]:
    """Say which WebAssembly runtimes are here, and how to get one that is missing."""
    from benchharness.model import Check, CheckState
    from benchharness.plan.wasm_runtimes import Question

    checks = []
    for name, runtime in Question().answer().items():
        if runtime.version is None:
            found = "not here: no variants with it"
            checks.append(Check(name, CheckState.ADVICE, found, runtime.install))
        else:
            modes = f"{runtime.version}, modes {', '.join(runtime.modes)}"
            state = CheckState.ADVICE if runtime.install else CheckState.OK
            checks.append(Check(name, state, modes, runtime.install))
    return checks


def federated_check() -> Check:
    """Say whether the packages of the federated workloads are here, without importing them."""
    from importlib.metadata import PackageNotFoundError

    from benchharness.model import Check, CheckState
    from benchharness.plan.needs import extra_versions, install_extras

    try:
        versions = extra_versions("fl")
    except PackageNotFoundError:
        versions = {"benchharness": None}
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        found = f"no federated training: {', '.join(missing)} not installed"
        return Check("federated", CheckState.ADVICE, found, install_extras(["fl"]))
    found = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Check("federated", CheckState.OK, found)


def cgroup_check() -> Check:
    """Say whether CPU seconds and peak memory of process trees will be exact."""
    from benchharness.model import Check, CheckState
    from benchharness.trial.cgroup_factory import CgroupFactory

    factory = CgroupFactory()
    if factory.available:
        return Check(
            "control groups", CheckState.OK, "writable: CPU seconds and peak memory are exact"
        )
    return Check(
        "control groups",
        CheckState.ADVICE,
        factory.reason or "not available",
        "run as root, or in: systemd-run --user --scope -p Delegate=yes benchharness ...",
    )


def testbed_check() -> Check:
    """Say whether the devices of a testbed can be had here: shares of the CPU, emulated plugs."""
    from benchharness.model import Check, CheckState
    from benchharness.testbed.broker import find_mosquitto
    from benchharness.trial.device_groups import quota_hindrance
    from benchharness.trial.quota import REMEDY

    hindrance = quota_hindrance()
    if hindrance is not None:
        return Check("testbeds", CheckState.ADVICE, hindrance, REMEDY)
    if find_mosquitto() is None:
        return Check(
            "testbeds",
            CheckState.ADVICE,
            "devices get their share of the CPU; no mosquitto for their emulated plugs",
            "apt install mosquitto, or name a broker in the testbed's file",
        )
    return Check(
        "testbeds", CheckState.OK, "devices get their share of the CPU, and an emulated plug each"
    )


def link_check() -> Check:
    """Say whether the kernel can keep links between the programs of a trial here."""
    from benchharness.links.hindrance import kernel_hindrance
    from benchharness.model import Check, CheckState

    hindrance = kernel_hindrance()
    if hindrance is None:
        return Check("links", CheckState.OK, "kept by the kernel: namespaces, tc")
    found = f"kept by the programs themselves: {hindrance.what}"
    return Check("links", CheckState.ADVICE, found, hindrance.remedy)


def meter_checks() -> list[Check]:
    """Say which meter is used unless another is named, and whether it is fit."""
    from benchharness.errors import BenchharnessError
    from benchharness.meters.instrument import default_instrument, load_meter
    from benchharness.model import Check, CheckState

    try:
        instrument = default_instrument()
        meter = load_meter(instrument)
        kind = meter.capabilities().measurement_class.value
        about = f"{instrument.name} ({kind}, {instrument.driver})"
        remedy = None
        if kind == "estimated":
            remedy = "for joules that are measured: --meter tasmota:mqtt://BROKER/TOPIC"
        state = CheckState.ADVICE if remedy else CheckState.OK
        return [Check("default meter", state, about, remedy), *meter.check()]
    except BenchharnessError as error:
        what = f"{error.where}: {error.what}" if error.where else error.what
        return [Check("default meter", CheckState.ERROR, what, error.remedy)]


def onboard_check(sysroot: str = "/") -> Check:
    """Say which meters this machine has on board."""
    from benchharness.meters.onboard.found import find_onboard
    from benchharness.model import Check, CheckState

    found = find_onboard(sysroot)
    if not found:
        return Check("on-board meters", CheckState.OK, "none")
    names = " or ".join(f"--meter {meter.driver}" for meter in found)
    state = CheckState.ADVICE if any(meter.hindrance for meter in found) else CheckState.OK
    return Check("on-board meters", state, "; ".join(meter.line() for meter in found), names)


def render(checks: list[Check]) -> list[str]:
    """Return the table: state, subject, finding, and the remedy below it."""
    width = max(len(check.subject) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{check.state.value:6}  {check.subject:{width}}  {check.found}")
        if check.advice:
            lines.append(f"{'':6}  {'':{width}}  -> {check.advice}")
    errors = sum(check.state.value == "error" for check in checks)
    advice = sum(check.state.value == "advice" for check in checks)
    lines.append("")
    if errors:
        lines.append(f"Not fit to measure: {errors} of {len(checks)} checks failed.")
    elif advice:
        lines.append(f"Fit to measure; {advice} of {len(checks)} checks have advice.")
    else:
        lines.append("Fit to measure.")
    return lines
