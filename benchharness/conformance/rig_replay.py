"""The rig of the replay driver: a recording of the load, made before it is played."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchharness.conformance.faults import FaultClass
from benchharness.conformance.rig import Bench, Shape, Shown
from benchharness.conformance.virtual_time import VirtualTime, nanoseconds
from benchharness.meters.base import Instrument
from benchharness.meters.emulator.waveform import Waveform
from benchharness.meters.replay import ReplayMeter

PERIOD_S = 1.0
_JITTER_S = 0.02


@dataclass(frozen=True)
class ReplayRig:
    """Snapshots of power to 10 mW and of a counter to 0.1 J, about once a second, as CSV."""

    name: str = "replay, 1 s"
    options: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    faults: tuple[str, ...] = ("none",)

    @contextmanager
    def set_up(self, load: Waveform, _fault: FaultClass, seed: int) -> Iterator[Bench]:
        """Write the recording, whose first reading is at the load's time 0."""
        time, shown = VirtualTime(), Shown()
        rng = random.Random(seed)  # noqa: S311 - the jitter of a recording
        count = int(self.shape.end_s / PERIOD_S) + 5
        times_s = [0.0, *(PERIOD_S * (i + rng.uniform(0.0, _JITTER_S)) for i in range(1, count))]
        lines = ["t_s,power_w,energy_j"]
        for t_s in times_s:
            power_w, energy_j = round(load.power_w(t_s), 2), round(load.energy_j(t_s), 1)
            lines.append(f"{t_s:.6f},{power_w},{energy_j}")
            shown.note(time.now_ns() + nanoseconds(t_s), [power_w])
        shown.sent = count
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            path = Path(folder) / "recording.csv"
            path.write_text("\n".join(lines) + "\n", encoding="ascii")
            options = {"file": str(path), **self.options}
            instrument = Instrument(self.name, "replay", self.name, options=options)
            yield Bench(ReplayMeter(instrument, time), time, time.now_ns(), shown)
