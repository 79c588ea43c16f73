"""The INA3221 power monitors of a Jetson, from /sys.

rail = "VDD_IN"                          the default is the whole board's, whatever its name
rail = ["VDD_CPU_GPU_CV", "VDD_SOC"]     a sum, only of rails that lie side by side
"""

from __future__ import annotations

from typing import ClassVar

from benchharness.meters.common import CommonDefaults
from benchharness.meters.onboard.choice import rails_of
from benchharness.meters.onboard.polled import PolledMeter
from benchharness.meters.onboard.rail_reader import RailReader
from benchharness.meters.onboard.rails import is_whole_board
from benchharness.meters.onboard.sample import Figures, Sample
from benchharness.meters.options import OptionReader
from benchharness.model import Check, CheckState

# Of the chip 0.25 % for the shunt's voltage and as much for the rail's, of the shunt 1 %, and an
# offset of up to 80 µV, which is 16 mA at 5 mΩ or 80 mW at 5 V: all within 5 % from 2.3 W on.
GAIN_BOUND = 0.05
# L4T 4.9 lets the chip average for half a second at most; the file update_interval says more.
LATENCY_BOUND_S = 0.75


class Ina3221Meter(PolledMeter):
    """One rail, or the sum of several, as one target."""

    default_poll_s: ClassVar[float] = 0.1
    defaults: ClassVar[CommonDefaults] = CommonDefaults(
        check_s=2.0, gain_bound=GAIN_BOUND, latency_bound_s=LATENCY_BOUND_S
    )

    def _configure(self, keys: OptionReader) -> None:
        self._wanted = rails_of(keys, self.instrument)
        self._reader: RailReader | None = None
        if self._wanted and not is_whole_board(self._wanted):
            self._named(" + ".join(self._wanted))

    def _connect(self) -> None:
        self._reader = RailReader(self.sysroot, self._wanted)

    def _sample(self) -> Sample:
        assert self._reader is not None
        power_w = self._reader.power_w()
        current_a, voltage_v = self._reader.supply()
        return Sample(power_w=power_w, current_a=current_a, voltage_v=voltage_v)

    def _disconnect(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _figures(self) -> Figures:
        reader = self._reader
        if reader is None:
            return Figures()
        return Figures(power_step_w=reader.power_step_w, latency_bound_s=reader.latency_bound_s)

    def _about(self) -> list[Check]:
        assert self._reader is not None
        whole = is_whole_board([rail.name for rail in self._reader.rails])
        seen = "the module's input, without its carrier board" if whole else "a part of the board"
        found = f"{self._reader.described()}: {seen}"
        return [Check(f"{self.instrument.name}: rails", CheckState.OK, found)]
