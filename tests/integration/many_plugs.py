"""Plugs in bulk on one connection, each message numbered by its counter.

``python -m tests.integration.many_plugs PORT PLUGS RATE_HZ`` says ``ready``, publishes each
plug's telemetry RATE_HZ times a second, evenly spread, until a line comes in, and then prints how
many messages each plug has sent. A plug's nth message (from 1) counts n steps of 36 J. The plugs
answer ``Status 2``, and ``Status 10`` with their next message.
"""

from __future__ import annotations

import json
import select
import sys
import threading
import time

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

STEP_J = 36.0
_FIRMWARE = json.dumps({"StatusFWR": {"Version": "14.2.0(bulk)"}})


def sensor(number: int) -> str:
    """What a Delock 11827 says in its ``number``-th message."""
    clock = time.strftime("%Y-%m-%dT%H:%M:%S")
    energy = {
        "TotalStartTime": "2024-01-01T00:00:00", "Total": f"{number * 1e-5:.5f}",
        "Yesterday": 0.1, "Today": 0.01, "Period": 0, "Power": 6.3, "ApparentPower": 12,
        "ReactivePower": 10, "Factor": 0.52, "Voltage": 231, "Current": 0.052,
    }  # fmt: skip
    return json.dumps({"Time": clock, "ENERGY": energy})


class Plugs:
    """So many plugs, and how many messages each has sent."""

    def __init__(self, port: int, plugs: int) -> None:
        self.sent = [0] * plugs
        self._lock = threading.Lock()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("cmnd/+/Status")
        self._client.loop_start()

    def say(self, plug: int, topic: str) -> None:
        with self._lock:
            self.sent[plug] += 1
            text = sensor(self.sent[plug])
            if topic.endswith("STATUS10"):
                text = f'{{"StatusSNS":{text}}}'
            self._client.publish(topic, text, qos=0)

    def close(self) -> None:
        # What is still in the socket's buffer must go before the connection does.
        self._client.publish("bulk/done", "", qos=1).wait_for_publish(10)
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        name = message.topic.split("/")[1]
        if message.payload == b"2":
            self._client.publish(f"stat/{name}/STATUS2", _FIRMWARE, qos=0)
        elif message.payload == b"10":
            self.say(int(name.removeprefix("bulk-")), f"stat/{name}/STATUS10")


def main() -> None:
    port, plugs, rate_hz = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    bulk = Plugs(port, plugs)
    print("ready", flush=True)
    start, number = time.monotonic(), 0
    while True:
        pause_s = (start + number / (plugs * rate_hz) - time.monotonic()) if rate_hz else 60.0
        if pause_s > 0 and select.select([sys.stdin], [], [], pause_s)[0]:
            break
        if rate_hz:
            bulk.say(number % plugs, f"tele/bulk-{number % plugs}/SENSOR")
            number += 1
    bulk.close()
    print(json.dumps(bulk.sent), flush=True)


if __name__ == "__main__":
    main()
