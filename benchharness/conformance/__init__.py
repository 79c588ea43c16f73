"""Conformance of meters: meter x waveform x fault, held against the analytic energy.

virtual_time   a clock that takes no time
loopback       a broker in memory; rig_mqtt puts an emulated device and a driver on it
rig_stepped    for drivers that read files or registers themselves
waveforms      loads with a known integral
faults         what goes wrong, and what must be said of it
trial, case    a trial as the harness runs it, integrated and judged
suite, plugin  the tests of pytest; table, __main__: the table

What is named here is for other projects' tests, and is kept compatible.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchharness.conformance.case import Case, Result, run_case
    from benchharness.conformance.defects import Defect, Finding
    from benchharness.conformance.rig import Bench, Rig, Shape, Shown
    from benchharness.conformance.rig_mqtt import Fate, MqttRig
    from benchharness.conformance.rig_stepped import SteppedRig
    from benchharness.conformance.spoken_device import SpokenDevice
    from benchharness.conformance.suite import MeterConformance
    from benchharness.meters.emulator.device import Message
    from benchharness.meters.emulator.metering import Shown as Figures

# Loaded when asked for: pytest imports this package wherever benchharness is installed.
_PLACES = {
    "Bench": "benchharness.conformance.rig",
    "Case": "benchharness.conformance.case",
    "Defect": "benchharness.conformance.defects",
    "Fate": "benchharness.conformance.rig_mqtt",
    "Figures": "benchharness.meters.emulator.metering",
    "Finding": "benchharness.conformance.defects",
    "Message": "benchharness.meters.emulator.device",
    "MeterConformance": "benchharness.conformance.suite",
    "MqttRig": "benchharness.conformance.rig_mqtt",
    "Result": "benchharness.conformance.case",
    "Rig": "benchharness.conformance.rig",
    "Shape": "benchharness.conformance.rig",
    "Shown": "benchharness.conformance.rig",
    "SpokenDevice": "benchharness.conformance.spoken_device",
    "SteppedRig": "benchharness.conformance.rig_stepped",
    "run_case": "benchharness.conformance.case",
}
_OTHER_NAMES = {"Figures": "Shown"}

__all__ = [
    "Bench",
    "Case",
    "Defect",
    "Fate",
    "Figures",
    "Finding",
    "Message",
    "MeterConformance",
    "MqttRig",
    "Result",
    "Rig",
    "Shape",
    "Shown",
    "SpokenDevice",
    "SteppedRig",
    "run_case",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), _OTHER_NAMES.get(name, name))
