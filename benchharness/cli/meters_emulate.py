"""``benchharness meters emulate``: be a plug that does not exist, with a known true energy."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchharness.cli.common import EXIT_CODES, HelpFormatter
from benchharness.cli.numbers import positive, watts

if TYPE_CHECKING:
    from benchharness.meters.emulator.load import Load

_EXAMPLES = """\
examples:
  mosquitto -p 1883 &
  benchharness meters emulate tasmota --topic plug-1 --watt-res 1 --energy-res 5 --truth truth.csv
  benchharness meters emulate tasmota --idle-w 3 --full-w 7 --tele-period 30 --duration 600
  benchharness meters emulate tasmota --waveform steps.csv --interpolation linear
  benchharness run matrix --set n=3000 --meter tasmota:mqtt://127.0.0.1:1883/plug-1

A waveform is a CSV file with the columns t_s,power_w. The truth file has a line t_ns,power_w,
energy_j for each change, t_ns on CLOCK_MONOTONIC. One line on stderr says when the plug is ready.

"""


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``meters emulate`` to the actions of ``meters``."""
    parser = actions.add_parser(
        "emulate",
        help="be a plug that does not exist, with a known true energy",
        description="Speak a real plug's topics to a real broker; its joules are classed emulated.",
        epilog=_EXAMPLES + EXIT_CODES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument("device", choices=["tasmota"], help="which device to be")
    add = parser.add_argument
    add("--broker", default="mqtt://127.0.0.1:1883", metavar="URL", help="default: %(default)s")
    add("--topic", default="plug-1", help="the plug's topic (default: %(default)s)")
    add("--tls-ca", type=Path, metavar="FILE", help="the CA's PEM file, for mqtts://")
    add("--credentials", type=Path, metavar="FILE", help="user and password, a file of mode 600")
    add("--idle-w", type=watts, default=3.0, metavar="W", help="at no CPU use (default: 3)")
    add("--full-w", type=watts, default=7.0, metavar="W", help="at full CPU use (default: 7)")
    add("--waveform", type=Path, metavar="FILE", help="power from a CSV file, not from the CPU")
    add("--interpolation", choices=["hold", "linear"], default="hold", help="of the waveform")
    add("--truth", type=Path, metavar="FILE", help="write the exact energy there")
    add("--tele-period", type=positive, default=300.0, metavar="S", help="default: 300, as Tasmota")
    add("--update", type=positive, default=1.0, metavar="S", help="its figures' age (default: 1)")
    add("--watt-res", type=int, choices=range(4), default=0, help="decimals of W (default: 0)")
    add("--energy-res", type=int, choices=range(6), default=3, help="decimals of kWh (default: 3)")
    add("--duration", type=positive, metavar="S", help="end after this time")
    add("--seed", type=int, default=0, help="of the noise on the mains' voltage (default: 0)")
    parser.set_defaults(run=_emulate)


def _emulate(args: argparse.Namespace) -> int:
    from benchharness.errors import UsageError
    from benchharness.meters.address import parse_broker
    from benchharness.meters.emulator.plug_figures import PlugSettings
    from benchharness.meters.emulator.service import EmulatorOptions, emulate_tasmota
    from benchharness.meters.mqtt.connection import MqttSettings

    topic = args.topic.strip("/")
    if not topic or any(sign in topic for sign in "+#"):
        raise UsageError(f"--topic: not a plug's topic: {args.topic!r}")
    options = EmulatorOptions(
        mqtt=MqttSettings(parse_broker(args.broker), args.tls_ca, args.credentials),
        plug=PlugSettings(
            topic=topic,
            tele_period_s=args.tele_period,
            watt_res=args.watt_res,
            energy_res=args.energy_res,
            update_s=args.update,
            seed=args.seed,
        ),
        truth=args.truth,
        duration_s=args.duration,
    )
    emulate_tasmota(options, _load(args), _say_ready)
    return 0


def _load(args: argparse.Namespace) -> Load:
    from benchharness.errors import UsageError
    from benchharness.meters.emulator.load import CpuLoad, WaveformLoad
    from benchharness.meters.emulator.waveform import read_waveform

    if args.waveform is not None:
        waveform = read_waveform(args.waveform, args.interpolation)
        return WaveformLoad(waveform, f"waveform {args.waveform.name}")
    if args.full_w < args.idle_w:
        raise UsageError(f"--full-w {args.full_w:g} is below --idle-w {args.idle_w:g}")
    return CpuLoad(args.idle_w, args.full_w)


def _say_ready(address: str) -> None:
    print(f"ready: --meter {address}", file=sys.stderr, flush=True)
