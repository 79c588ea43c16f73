"""A Jetson through the service of jetson-stats (jtop).

The total is that of the module's input rail, or of rails that are known to be side by side and
complete: never jtop's own sum, which counts rails twice where one contains another (jetson_stats
issue 51), and never its ``avg``. When the service dies or falls silent, the same rails are read
from /sys from there on, and an event says so. Where there is no other need for jtop, ``ina3221``
is the better meter: faster, and without a service that may fall.

    rail = "VDD_CPU_GPU_CV"      the default is the whole board's
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from benchharness.clock import NANOSECONDS_PER_SECOND
from benchharness.errors import MeterError
from benchharness.meters.common import CommonDefaults, first_known
from benchharness.meters.onboard.choice import rails_of
from benchharness.meters.onboard.held_file import Unreadable
from benchharness.meters.onboard.ina3221 import GAIN_BOUND, LATENCY_BOUND_S
from benchharness.meters.onboard.jtop_client import JtopClient, sum_of
from benchharness.meters.onboard.pace import DEVIATION
from benchharness.meters.onboard.polled import PolledMeter
from benchharness.meters.onboard.rail_reader import RailReader
from benchharness.meters.onboard.rails import is_whole_board, whole_board
from benchharness.meters.onboard.sample import Figures, Sample
from benchharness.meters.options import OptionReader
from benchharness.model import Check, CheckState

_SILENT_INTERVALS = 3.0
_SHORTEST_SILENCE_S = 1.0
_LONGEST_SILENCE_S = 10.0
SERVICE, SYSFS = "the service of jtop", "INA3221 in /sys"


class JtopMeter(PolledMeter):
    """The whole board, or rails that lie side by side, at the service's own pace."""

    default_poll_s: ClassVar[float] = 0.5
    least_poll_s: ClassVar[float] = 0.1
    looks_per_poll: ClassVar[int] = 5
    # Milliwatts are whole numbers there; the steps of the chip are coarser, at 5 V and 5 mΩ.
    defaults: ClassVar[CommonDefaults] = CommonDefaults(
        check_s=5.0, power_resolution_w=0.04, gain_bound=GAIN_BOUND
    )

    def _configure(self, keys: OptionReader) -> None:
        self._wanted = rails_of(keys, self.instrument)
        self.source = SERVICE
        self._client: JtopClient | None = None
        self._reader: RailReader | None = None
        self._last_ns = 0
        if self._wanted and not is_whole_board(self._wanted):
            self._named(" + ".join(self._wanted))

    def _connect(self) -> None:
        self.source, self._reader = SERVICE, None
        self._client = JtopClient(self.poll_s, self._clock)
        self._client.start(first_known(self._common.wait_s, self.defaults.wait_s) or 5.0)
        self._last_ns = self._clock.now_ns()
        interval_s = self._client.interval_s
        if interval_s and abs(interval_s - self.poll_s) > DEVIATION * self.poll_s:
            what = f"the service's interval is {interval_s:g} s, as its first client wished"
            self._poller.note("period", f"{what}, not {self.poll_s:g} s")

    def _sample(self) -> Sample | None:
        if self._reader is not None:
            return self._from_sysfs(self._reader)
        assert self._client is not None
        try:
            frame = self._client.take()
        except Unreadable as failure:
            self._fall_back(str(failure))
            return None
        if frame is not None:
            self._last_ns = frame.t_ns
            return Sample(power_w=sum_of(self._rails, frame.power), t_ns=frame.t_ns)
        silence_ns = self._clock.now_ns() - self._last_ns
        if silence_ns > self._patience_s * NANOSECONDS_PER_SECOND:
            self._fall_back(f"{SERVICE} has been silent for {self._patience_s:.3g} s")
        return None

    def _rails(self, known: Iterable[str]) -> tuple[str, ...]:
        return self._wanted or whole_board(known)

    @property
    def _patience_s(self) -> float:
        interval_s = (self._client.interval_s if self._client else None) or self.poll_s
        longest_s = _SILENT_INTERVALS * max(interval_s, self.poll_s)
        return min(max(longest_s, _SHORTEST_SILENCE_S), max(_LONGEST_SILENCE_S, 2.0 * interval_s))

    def _fall_back(self, why: str) -> None:
        """Read the rails from /sys from now on; says so, also if that is not possible."""
        try:
            self._reader = RailReader(self.sysroot, self._wanted)
        except MeterError as error:
            if self.source == SERVICE:
                self.source = "nothing"
                self._poller.note("offline", f"{why}; {error.line()}")
            raise Unreadable(why) from None
        self.source = SYSFS
        self._poller.note("source", f"{why}: from here on {self._reader.described()}")

    def _from_sysfs(self, reader: RailReader) -> Sample | None:
        # We look oftener than the readings are wanted.
        now_ns = self._clock.now_ns()
        if now_ns - self._last_ns < (1.0 - 0.5 / self.looks_per_poll) * self.poll_s * 1e9:
            return None
        self._last_ns = now_ns
        return Sample(power_w=reader.power_w())

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
        if self._reader is not None:
            self._reader.close()

    def _figures(self) -> Figures:
        if self._reader is not None:
            late_s = first_known(self._reader.latency_bound_s, LATENCY_BOUND_S)
            # The readings before came from the service; one bound must hold for all.
            return Figures(
                power_step_w=self._reader.power_step_w,
                latency_bound_s=max(late_s or 0.0, self._service_latency_s()),
            )
        return Figures(latency_bound_s=self._service_latency_s())

    def _service_latency_s(self) -> float:
        # What the service hands out it has read at any time in its interval.
        interval_s = self._client.interval_s if self._client is not None else None
        return LATENCY_BOUND_S + (interval_s or self.poll_s)

    def _about(self) -> list[Check]:
        interval_s = self._client.interval_s if self._client is not None else None
        pace = "of unknown interval" if interval_s is None else f"each {interval_s:g} s"
        return [Check(f"{self.instrument.name}: source", CheckState.OK, f"{self.source}, {pace}")]
