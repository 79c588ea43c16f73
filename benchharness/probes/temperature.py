"""The temperature of the processor, from the thermal zones or the hardware monitors of sysfs."""

from __future__ import annotations

from benchharness.probes.files import NAN, NUMBER_BYTES, names, number, open_file, read_text
from benchharness.probes.probe import Probe, unless_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

PLAUSIBLE_C = (-40.0, 150.0)
_CPU_ZONE_WORDS = ("cpu", "x86_pkg", "soc", "tj")
_CPU_MONITORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu")
# A Jetson's PMIC-Die always says 100 °C; fan estimates are computed from the other zones;
# a battery, a radio or a disk is not the processor.
_NOT_THE_PROCESSOR = ("pmic", "fan", "battery", "wifi", "iwl", "nvme", "drive", "charger")


class Temperature(Probe):
    """``temperature_c``: the hottest of the sensors that stand for the processor."""

    channels = (("temperature_c", "degC"),)

    def __init__(self, descriptors: list[int], method: str) -> None:
        self.files = [(descriptor, NUMBER_BYTES) for descriptor in descriptors]
        self.meta = {"temperature": method}

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return the hottest plausible reading in °C; a zone that is switched off is left out."""
        hottest = NAN
        for text in raw:
            celsius = number(text) / 1000
            if PLAUSIBLE_C[0] < celsius < PLAUSIBLE_C[1] and not celsius <= hottest:
                hottest = celsius
        return [hottest]


def choose_sensors(zones: list[tuple[str, str]], monitors: list[tuple[str, str]]) -> list[str]:
    """Return the paths of the sensors to read, out of (kind, path) pairs.

    The zones of the processor if the board names them, else the processor's own hardware
    monitors, else every zone and monitor that could be it.
    """
    zones = [pair for pair in zones if _may_be_processor(pair[0])]
    monitors = [pair for pair in monitors if _may_be_processor(pair[0])]
    for chosen in (
        [path for kind, path in zones if any(word in kind.lower() for word in _CPU_ZONE_WORDS)],
        [path for kind, path in monitors if kind.lower() in _CPU_MONITORS],
        [path for _, path in zones],
    ):
        if chosen:
            return chosen
    return [path for _, path in monitors]


def _may_be_processor(kind: str) -> bool:
    return not any(word in kind.lower() for word in _NOT_THE_PROCESSOR)


def temperature(sysroot: str) -> Temperature | None:
    """Return the probe of the processor's temperature, or None where nothing tells it."""
    thermal = f"{sysroot}/sys/class/thermal"
    zones = [
        (read_text(f"{thermal}/{zone}/type"), f"{thermal}/{zone}/temp")
        for zone in names(thermal)
        if zone.startswith("thermal_zone")
    ]
    hwmon = f"{sysroot}/sys/class/hwmon"
    monitors = [
        (read_text(f"{hwmon}/{monitor}/name"), f"{hwmon}/{monitor}/{name}")
        for monitor in names(hwmon)
        for name in names(f"{hwmon}/{monitor}")
        if name.startswith("temp") and name.endswith("_input")
    ]
    kinds = {path: kind for kind, path in zones + monitors}
    opened = [(path, open_file(path)) for path in choose_sensors(zones, monitors)]
    held = [(path, descriptor) for path, descriptor in opened if descriptor is not None]
    if not held:
        return None
    where = ", ".join(f"{path.split('/')[-2]} {kinds[path]}".strip() for path, _ in held)
    method = f"hottest of {where}"
    return unless_missing(Temperature([descriptor for _, descriptor in held], method))
