"""A testbed: the devices that participants are placed on, how fast they are, what they draw.

On this machine a device is a control group: its share of the CPU is its speed, and an emulated
plug draws what the group's use says.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

# Of this machine's CPU, for all devices: the rest is the server's, the broker's and the harness's.
USUAL_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class PowerMode:
    """A way in which a device may run: how fast it is then, and what it draws, as at the device.

    ``nvpmodel`` is the mode's number for that program of a real Jetson.
    """

    name: str
    speed: float
    idle_w: float
    busy_w: float
    transmit_w: float | None = None
    receive_w: float | None = None
    nvpmodel: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """One device of a testbed.

    ``speed`` is relative to the testbed's fastest (1.0). It draws ``idle_w`` at rest and
    ``busy_w`` when it uses all of its CPU, straight in between; ``transmit_w`` and ``receive_w``
    while its link carries bits up and down and it computes nothing. None: the link draws nothing.
    ``meter`` names a real instrument; None: an emulated plug. ``modes`` are the ways in which it
    may run beside its own. ``source`` says where the figures come from.
    """

    name: str
    title: str
    speed: float
    idle_w: float
    busy_w: float
    memory_bytes: int | None = None
    threads: int = 1
    meter: str | None = None
    source: str = ""
    compute: str = "cpu"  # "gpu" where the real device uses one: for tables, not for the twin
    transmit_w: float | None = None
    receive_w: float | None = None
    modes: tuple[PowerMode, ...] = ()

    @property
    def top_speed(self) -> float:
        """Return its speed in its fastest mode: as much of this machine is kept for it."""
        return max([self.speed, *(mode.speed for mode in self.modes)])

    def in_mode(self, name: str | None) -> Device:
        """Return the device as it is in a power mode; None is its own figures.

        Raises KeyError for a mode that it does not have.
        """
        if name is None:
            return self
        mode = {each.name: each for each in self.modes}[name]
        return replace(
            self,
            speed=mode.speed,
            idle_w=mode.idle_w,
            busy_w=mode.busy_w,
            transmit_w=mode.transmit_w,
            receive_w=mode.receive_w,
            source=mode.source or self.source,
        )


@dataclass(frozen=True, slots=True)
class PlugSettings:
    """How the emulated plugs behave: Tasmota's telemetry period, its chip, its gain error.

    ``poll_s`` is how often the harness asks beside the telemetry; 0: never. ``gain`` is what the
    plugs are off by (0.03: 3 % too much), ``gain_bound`` what the harness allows for.
    """

    telemetry_s: float = 30.0
    poll_s: float = 1.0
    chip: str = "ideal"
    gain: float = 0.0
    gain_bound: float = 0.05
    watt_res: int = 1
    energy_res: int = 5
    broker: str | None = None  # None: mosquitto is started for the campaign


@dataclass(frozen=True, slots=True)
class Testbed:
    """The devices in the order in which participants take them.

    ``share`` is how much of this machine's CPU all of them may use together, so that no device
    slows another one down: it makes speeds into cores.
    """

    __test__ = False  # for pytest: this is no test

    name: str
    title: str
    devices: tuple[Device, ...]
    plugs: PlugSettings = field(default_factory=PlugSettings)
    share: float = USUAL_SHARE
    source: str = ""

    def cores(self, machine_cores: int) -> dict[str, float]:
        """Return the CPU quota of each device, in cores of a machine that has so many.

        The ratios are those of the speeds; together they take ``share`` of the machine, and none
        more than its ``threads``, each in its fastest mode.
        """
        total = sum(device.top_speed for device in self.devices)
        scale = self.share * machine_cores / total
        scale = min([scale, *(device.threads / device.top_speed for device in self.devices)])
        return {device.name: device.speed * scale for device in self.devices}
