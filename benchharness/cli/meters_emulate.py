"""``benchharness meters emulate``: be a plug that does not exist, with a known true energy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchharness.cli.common import EXIT_CODES, HelpFormatter
from benchharness.cli.numbers import number, positive, watts

if TYPE_CHECKING:
    from benchharness.meters.emulator.devices import DeviceOptions
    from benchharness.meters.emulator.load import Load

# As in meters/emulator/devices.py and chips.py, which are imported when they are needed.
_DEVICES = ("tasmota", "shelly-gen1", "shelly-gen2", "zigbee2mqtt", "json")
_CHIPS = ("ideal", "hlw8012", "bl0937", "cse7766")

_EXAMPLES = """\
examples:
  mosquitto -p 1883 &
  benchharness meters emulate tasmota --topic plug-1 --watt-res 1 --energy-res 5 --truth truth.csv
  benchharness meters emulate tasmota --idle-w 3 --full-w 7 --tele-period 30 --duration 600
  benchharness meters emulate tasmota --waveform steps.csv --interpolation linear
  benchharness meters emulate shelly-gen2 --chip bl0937 --gain 0.03 --latency 0.3
  benchharness meters emulate zigbee2mqtt --shape square:low=3,high=6,period=20
  benchharness meters emulate tasmota --faults lose=0.02,spike=0.001,offline=20@90 --truth truth.csv
  benchharness meters emulate json --count 1000 --topic load
  benchharness run matrix --set n=3000 --meter tasmota:mqtt://127.0.0.1:1883/plug-1

A waveform is a CSV file with the columns t_s,power_w. A shape is NAME:key=value,...:
constant:power ramp:start,end,duration step:low,high,at square:low,high,period,duty
sine:mean,amplitude,period sawtooth:low,high,period bursts:low,high,busy,pause,seed
telegraph:low,high,stay,seed board:idle,high,duration,seed

The truth file has a line t_ns,power_w,energy_j for each change, t_ns on CLOCK_MONOTONIC; beside
it, truth.faults.csv lists the faults that were done. Faults: lose double reorder retain spike zero
nan text negative (shares), delay jitter (s), spike-w (W), drift (of the gain, per hour), and, with
a time since the start, offline=S@T freeze=S@T reset=J@T jump-back=J@T clock-jump=S@T.
One line on stderr says when the plug is ready.

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
    parser.add_argument("device", choices=_DEVICES, help=f"one of: {', '.join(_DEVICES)}")
    parser.set_defaults(run=_emulate)
    add = parser.add_argument_group("broker").add_argument
    add("--broker", default="mqtt://127.0.0.1:1883", metavar="URL", help="default: %(default)s")
    add("--topic", default="plug-1", help="the plug's topic or id (default: %(default)s)")
    add("--tls-ca", type=Path, metavar="FILE", help="the CA's PEM file, for mqtts://")
    add("--credentials", type=Path, metavar="FILE", help="user and password, a file of mode 600")
    add("--count", type=int, default=1, metavar="N", help="N plugs, TOPIC-1 to TOPIC-N")
    _add_load(parser)
    _add_plug(parser)
    add = parser.add_argument_group("run").add_argument
    add("--truth", type=Path, metavar="FILE", help="write the exact energy there")
    add(
        "--faults", default="", metavar="TEXT", help="what goes wrong, such as lose=0.02,spike=0.01"
    )
    add("--duration", type=positive, metavar="S", help="end after this time")
    add("--seed", type=int, default=0, help="of faults, noise and the chip (default: 0)")


def _add_load(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group(
        "load", "the machine's CPU use, unless one of these"
    ).add_argument
    add("--idle-w", type=watts, default=3.0, metavar="W", help="at no CPU use (default: 3)")
    add("--full-w", type=watts, default=7.0, metavar="W", help="at full CPU use (default: 7)")
    add("--waveform", type=Path, metavar="FILE", help="power from a CSV file, not from the CPU")
    add("--interpolation", choices=["hold", "linear"], default="hold", help="of the waveform")
    add(
        "--shape",
        metavar="TEXT",
        help="power from a formula, such as square:low=3,high=6,period=20",
    )


def _add_plug(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("plug").add_argument
    add("--chip", choices=_CHIPS, default="ideal", help="its metering chip (default: ideal)")
    add("--gain", type=number, default=0.0, metavar="G", help="its error, 0.03 for 3 %% too much")
    add("--latency", type=_seconds, default=0.0, metavar="S", help="its figures are late by this")
    add(
        "--tele-period",
        type=positive,
        metavar="S",
        help="between messages (default: the device's: 300, 30, 60, 60, 1)",
    )
    add("--update", type=positive, default=1.0, metavar="S", help="its figures' age (default: 1)")
    add("--watt-res", type=int, choices=range(4), default=0, help="Tasmota's decimals of W")
    add("--energy-res", type=int, choices=range(6), default=3, help="and of kWh (default: 3)")
    add("--channels", type=int, default=1, metavar="N", help="sockets of a Tasmota strip")
    add("--channel", type=int, default=1, metavar="K", help="the one that carries the load")


def _emulate(args: argparse.Namespace) -> int:
    from benchharness.errors import UsageError
    from benchharness.meters.address import parse_broker
    from benchharness.meters.emulator.service import EmulatorOptions, emulate
    from benchharness.meters.mqtt.connection import MqttSettings

    if args.count < 1:
        raise UsageError(f"--count: expected 1 or more, got {args.count}")
    options = EmulatorOptions(
        mqtt=MqttSettings(parse_broker(args.broker), args.tls_ca, args.credentials),
        kind=args.device,
        device=_device(args),
        count=args.count,
        truth=args.truth,
        duration_s=args.duration,
    )
    emulate(options, _load_maker(args), _say_ready)
    return 0


def _device(args: argparse.Namespace) -> DeviceOptions:
    from datetime import datetime

    from benchharness.errors import UsageError
    from benchharness.meters.emulator.devices import DeviceOptions
    from benchharness.meters.emulator.faults import parse_faults

    topic = args.topic.strip("/")
    if not topic or any(sign in topic for sign in "+#"):
        raise UsageError(f"--topic: not a plug's topic: {args.topic!r}")
    if not 1 <= args.channel <= args.channels:
        raise UsageError(f"--channel {args.channel}: there are {args.channels} (--channels)")
    if args.gain <= -1:
        raise UsageError(f"--gain {args.gain:g}: nothing would be seen")
    return DeviceOptions(
        topic=topic,
        chip=args.chip,
        gain=args.gain,
        latency_s=args.latency,
        update_s=args.update,
        period_s=args.tele_period,
        watt_res=args.watt_res,
        energy_res=args.energy_res,
        channels=args.channels,
        channel=args.channel,
        faults=parse_faults(args.faults, "--faults"),
        seed=args.seed,
        epoch=datetime.now(),
    )


def _load_maker(args: argparse.Namespace) -> Callable[[], Load]:
    from benchharness.errors import UsageError
    from benchharness.meters.emulator.load import CpuLoad, WaveformLoad
    from benchharness.meters.emulator.shapes import parse_shape
    from benchharness.meters.emulator.waveform import read_waveform

    if args.waveform is not None and args.shape is not None:
        raise UsageError("--waveform and --shape: only one of them")
    if args.waveform is not None:
        waveform = read_waveform(args.waveform, args.interpolation)
        return lambda: WaveformLoad(waveform, f"waveform {args.waveform.name}")
    if args.shape is not None:
        shape = parse_shape(args.shape, "--shape")
        return lambda: WaveformLoad(shape, f"shape {args.shape}")
    if args.full_w < args.idle_w:
        raise UsageError(f"--full-w {args.full_w:g} is below --idle-w {args.idle_w:g}")
    # The CPU's use is looked at for each plug: of many, less often.
    step_s = 0.05 if args.count == 1 else 1.0
    return lambda: CpuLoad(args.idle_w, args.full_w, step_s=step_s)


def _say_ready(addresses: Sequence[str]) -> None:
    import shlex

    # As a shell takes it: the address of a generic device holds ? and &.
    print(f"ready: --meter {shlex.quote(addresses[0])}", file=sys.stderr, flush=True)
    if len(addresses) > 1:
        more = f"ready: {len(addresses) - 1} more, to {addresses[-1]}"
        print(more, file=sys.stderr, flush=True)


def _seconds(text: str) -> float:
    value = number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected seconds, 0 or more, got {text!r}")
    return value
