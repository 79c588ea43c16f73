"""What a program on a device is told of it: the environment variable ``BENCHHARNESS_DEVICE``.

    {"name": "nano-1", "title": "Jetson Nano", "class": "emulated", "power_mode": "5W",
     "speed": 0.4, "cores": 0.3, "idle_w": 1.7, "compute_w": 4.2, "transmit_w": 1.917,
     "receive_w": 1.912, "source": "..."}

Watts are as the testbed states them; null is what it does not. A program on no device has no such
variable. ``class`` is ``measured`` where a real instrument meters the device.
"""

from __future__ import annotations

import json

from benchharness.testbed.records import Device

DEVICE_VARIABLE = "BENCHHARNESS_DEVICE"


def device_text(device: Device, cores: float, power_mode: str | None) -> str:
    """Return the variable's text, for a device whose figures are those of its power mode."""
    return json.dumps(
        {
            "name": device.name,
            "title": device.title,
            "class": "emulated" if device.meter is None else "measured",
            "power_mode": power_mode,
            "speed": device.speed,
            "cores": cores,
            "idle_w": device.idle_w,
            "compute_w": device.busy_w,
            "transmit_w": device.transmit_w,
            "receive_w": device.receive_w,
            "source": device.source,
        }
    )
