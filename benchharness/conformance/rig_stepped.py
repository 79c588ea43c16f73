"""The rig for a driver that reads its instrument itself: files, a register, a library.

Before each call of the driver the instrument is set to what the load draws at that moment. The
driver must take the clock that it is given, and read when it is asked to: it has no thread here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchharness.clock import Clock, seconds
from benchharness.conformance.faults import FaultClass
from benchharness.conformance.rig import Bench, Shape, Shown
from benchharness.conformance.virtual_time import VirtualTime
from benchharness.meters.base import Instrument, Meter
from benchharness.meters.emulator.waveform import Waveform

# Folder of the instrument, clock.
SteppedMeterFactory = Callable[[Instrument, Clock, Path], Meter]
# Folder, power (W), energy since the start (J); returns the powers that it now shows, in W, or
# None where the driver works its powers out itself.
Show = Callable[[Path, float, float], Iterable[float] | None]


@dataclass(frozen=True)
class SteppedRig:
    """``show`` sets the instrument, in a folder of its own; ``options`` are its file's keys."""

    name: str
    meter: SteppedMeterFactory
    show: Show
    options: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    faults: tuple[str, ...] = ("none",)

    @contextmanager
    def set_up(self, load: Waveform, _fault: FaultClass, _seed: int) -> Iterator[Bench]:
        """Make the instrument's folder and the meter; the folder goes when this ends."""
        with tempfile.TemporaryDirectory(prefix="conformance-") as name:
            folder, time, shown = Path(name), VirtualTime(), Shown()
            zero_ns = time.now_ns()

            def refresh() -> None:
                now_ns = time.now_ns()
                shown.sent += 1  # each call of the driver may be one look
                if shown.at_ns and shown.at_ns[-1] == now_ns:
                    return
                t_s = seconds(now_ns - zero_ns)
                powers_w = self.show(folder, load.power_w(t_s), load.energy_j(t_s))
                shown.note(now_ns, powers_w)

            refresh()
            instrument = Instrument(self.name, "conformance", self.name, options=dict(self.options))
            yield Bench(self.meter(instrument, time, folder), time, zero_ns, shown, refresh)
