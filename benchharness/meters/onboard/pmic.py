"""The power chip of a Raspberry Pi 5, through ``vcgencmd pmic_read_adc``.

It tells current and voltage of the rails behind it: not the losses in the chip, not what USB
ports and HATs draw from 5 V. So the target is a part of the board, and its joules are never
added to a plug's. A fit that monitors of this board use puts the
input at 1.145 times the sum plus 0.59 W; no such correction is made here.

Each reading starts a program, so that there is one per second at most.
"""

from __future__ import annotations

import statistics
from collections import deque
from typing import ClassVar

from benchharness.errors import MeterError
from benchharness.meters.boards import board_model
from benchharness.meters.common import CommonDefaults
from benchharness.meters.onboard.found import VCGENCMD_PLACES, find_vcgencmd
from benchharness.meters.onboard.held_file import Unreadable
from benchharness.meters.onboard.pmic_text import rail_powers
from benchharness.meters.onboard.polled import PolledMeter
from benchharness.meters.onboard.program import ask
from benchharness.meters.onboard.sample import Figures, Sample
from benchharness.meters.options import OptionReader
from benchharness.model import Check, CheckState

_TIMEOUT_S = 0.9
# Steps seen in published answers: 8.93 mA of the core at 0.9 V, 0.976 mA of eleven other rails at
# 0.6 to 5 V: 8 mW and 1 to 5 mW, together about 12 mW.
_POWER_STEP_W = 0.012
# The maker of the chip (DA9091) publishes no accuracy. Assumed.
_GAIN_BOUND = 0.1


class PmicMeter(PolledMeter):
    """The sum of the rails that the chip measures; ``board-rails``, a part of the board."""

    default_poll_s: ClassVar[float] = 1.0
    least_poll_s: ClassVar[float] = 1.0
    defaults: ClassVar[CommonDefaults] = CommonDefaults(
        check_s=5.0, power_resolution_w=_POWER_STEP_W, gain_bound=_GAIN_BOUND, latency_bound_s=0.1
    )

    def _configure(self, keys: OptionReader) -> None:
        keys.text("address")
        self._program: str | None = None
        self._rails: tuple[str, ...] = ()
        self._costs_s: deque[float] = deque(maxlen=100)
        self._last_ns: int | None = None
        self._named("board-rails")

    def _connect(self) -> None:
        self._costs_s.clear()
        self._rails = ()
        self._program = find_vcgencmd(self.sysroot)
        if self._program is None:
            model = board_model(self.sysroot or "/") or "no Raspberry Pi"
            raise MeterError(
                f"no vcgencmd on this machine ({model}), which asks a Raspberry Pi 5's power chip",
                where=", ".join(f"{self.sysroot}/{place}" for place in VCGENCMD_PLACES),
                remedy="on a Pi 5: sudo apt install raspi-utils; elsewhere use a plug",
            )
        try:
            self._ask(self._program)
        except Unreadable as failure:
            raise MeterError(
                f"the firmware does not tell the rails of a power chip: {failure}",
                where=f"{self._program} pmic_read_adc",
                remedy="only a Raspberry Pi 5 does; the user must be in the group video",
            ) from None

    def _ask(self, program: str) -> float:
        answer = ask([program, "pmic_read_adc"], _TIMEOUT_S)
        powers_w = rail_powers(answer.text)
        if isinstance(powers_w, str):
            raise Unreadable(powers_w)
        if self._rails and tuple(powers_w) != self._rails:
            raise Unreadable("other rails than before")
        self._rails = tuple(powers_w)
        self._costs_s.append(answer.cpu_s)
        return sum(powers_w.values())

    def _sample(self) -> Sample:
        assert self._program is not None
        return Sample(power_w=self._ask(self._program))

    def _disconnect(self) -> None:
        """Nothing is held: each program ends by itself."""

    def _figures(self) -> Figures:
        return Figures()

    def _about(self) -> list[Check]:
        name = self.instrument.name
        found = f"{len(self._rails)} behind the power chip; not its losses, nor USB, nor HATs"
        cost_s = statistics.fmean(self._costs_s.copy())
        cost = f"{1e3 * cost_s:.1f} ms of a core each {self.poll_s:g} s"
        return [
            Check(f"{name}: rails", CheckState.OK, found),
            Check(f"{name}: cost", CheckState.OK, f"{cost} ({100 * cost_s / self.poll_s:.2g} %)"),
        ]
