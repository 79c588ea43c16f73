"""What a third party writes to put its driver through the suite."""

from __future__ import annotations

import json
from datetime import datetime

from benchharness.conformance import Figures, Message, MeterConformance, MqttRig, SpokenDevice
from tests.conformance.acme.driver import AcmeMeter


def say(figures: Figures, time: datetime) -> list[Message]:
    """Word the figures as the logger does; the number of the second makes each message one."""
    watts = figures.power if isinstance(figures.power, str) else round(figures.power, 2)
    said = {"watts": watts, "joules": round(figures.energy_j, 1), "at": time.isoformat()}
    return [Message("acme/1", json.dumps(said))]


class TestAcme(MeterConformance):
    rig = MqttRig(
        name="acme",
        meter=AcmeMeter,
        options={"broker": "mqtt://broker", "topic": "acme/1", "gain": 0.01},
        device=SpokenDevice.maker(
            say,
            period_s=1.0,
            online=Message("acme/1/alive", "1", retain=True),
            offline=Message("acme/1/alive", "0", retain=True),
        ),
        readings="acme/1$",
    )
