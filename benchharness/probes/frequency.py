"""The clock frequency of the cores, from cpufreq."""

from __future__ import annotations

from benchharness.probes.files import NAN, NUMBER_BYTES, names, number, open_file, read_text
from benchharness.probes.probe import Probe, unless_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Frequency(Probe):
    """``frequency_hz``: the mean over all cores; cores of one policy share one clock."""

    channels = (("frequency_hz", "Hz"),)

    def __init__(self, descriptors: list[int], cores: list[int]) -> None:
        self.files = [(descriptor, NUMBER_BYTES) for descriptor in descriptors]
        self._cores = cores
        self.meta = {"frequency": f"cpufreq scaling_cur_freq, mean of {sum(cores)} cores"}

    def parse(self, raw: Sequence[bytes]) -> list[float]:
        """Return the mean frequency in Hz; a policy whose cores are offline is left out."""
        total, cores = 0.0, 0
        for text, count in zip(raw, self._cores, strict=True):
            kilohertz = number(text)
            if kilohertz > 0:
                total += kilohertz * 1000 * count
                cores += count
        return [total / cores if cores else NAN]


def frequency(sysroot: str) -> Frequency | None:
    """Return the probe of the clock frequency, or None without cpufreq (most virtual machines)."""
    base = f"{sysroot}/sys/devices/system/cpu"
    folders = [f"{base}/cpufreq/{name}" for name in names(f"{base}/cpufreq") if "policy" in name]
    if not folders:
        folders = [f"{base}/{name}/cpufreq" for name in names(base) if name[3:].isdigit()]
    descriptors, cores = [], []
    for folder in folders:
        descriptor = open_file(f"{folder}/scaling_cur_freq")
        if descriptor is not None:
            descriptors.append(descriptor)
            affected = read_text(f"{folder}/affected_cpus").split() if "policy" in folder else ()
            cores.append(len(affected) or 1)
    return unless_missing(Frequency(descriptors, cores)) if descriptors else None
