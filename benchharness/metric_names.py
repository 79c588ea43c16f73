"""What a campaign can be about: the words of campaign files and options, and the metrics meant."""

from __future__ import annotations

ENERGY = "energy"  # net energy where it is known, else gross energy

# The key of what is derived from trials; None where that depends on what is known.
METRIC_KEYS: dict[str, str | None] = {
    ENERGY: None,
    "energy_net": "energy_net_j",
    "energy_gross": "energy_gross_j",
    "time": "duration_s",
    "memory": "memory_peak_bytes",
    "cpu_time": "cpu_s",
}
