"""What a device is thought to take in the next round: its profile, corrected by what it took.

Three things vary, each smoothed by an exponentially weighted mean: the link's two rates; how much
longer than in its profile the device takes for its layers, at each cut that it had; and how many
seconds a batch more the server takes for this device than in the profile, since others keep it
busy: a surplus, for a wait does not grow with the server's part. A cut that the device never had
is corrected as those that it had. A rehearsal before the first round says it for the first time.

On a testbed's twin a fourth: how much of its CPU a device uses while it computes, sends and
receives. The paper has a power for each, Pc, Pt and Pr; there these are corrected to

    Pc = idle + (compute - idle) * use while it computes
    Pt = transmit + (compute - idle) * use while it sends        (and Pr so)

with the use in cores by the cores whose full use draws the compute power. It is above 1 where the
device computes for less time than its share of a core is counted over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchharness.cuts.adapt import Smoothed
from benchharness.cuts.records import DeviceProfile, FloatArray, Watts
from benchharness.split.network import LAYERS

_LEAST_S = 1e-9
_LEAST_BYTES = 4096  # what fits into a few packets says nothing about a rate


class Estimate:
    """Device ``name`` as it is thought to be now; starts from ``profile``.

    ``smoothing`` is what a new figure weighs; ``cores`` those of a twin (watts.py), None where
    watts hold as they are. Raises UsageError for a smoothing outside (0, 1].
    """

    def __init__(
        self, profile: DeviceProfile, smoothing: float, cores: float | None = None
    ) -> None:
        self._profile, self._smoothing, self.cores = profile, smoothing, cores
        self._up, self._down = Smoothed(smoothing), Smoothed(smoothing)
        self._device, self._server = Smoothed(smoothing), Smoothed(smoothing)
        self._at_cut = [Smoothed(smoothing) for _ in range(LAYERS + 1)]
        self._own_s = Smoothed(smoothing)  # a batch, where all layers are the server's
        self._computing, self._sending, self._receiving = (Smoothed(smoothing) for _ in range(3))
        self._up.add(profile.up_bit_s)
        self._down.add(profile.down_bit_s)

    @property
    def profile(self) -> DeviceProfile:
        """What was measured before the first round."""
        return self._profile

    @property
    def watts(self) -> Watts:
        """What the device draws, by the use of its CPU where that counts."""
        known, idle_w = self._profile.watts, self._profile.watts.idle_w
        if idle_w is None:
            return known
        above_w = known.compute_w - idle_w
        computing = self._computing.value
        return replace(
            known,
            compute_w=known.compute_w if computing is None else idle_w + above_w * computing,
            transmit_w=known.transmit_w + above_w * (self._sending.value or 0.0),
            receive_w=known.receive_w + above_w * (self._receiving.value or 0.0),
        )

    def now(self) -> DeviceProfile:
        """Return the device as the next round is predicted from."""
        before = self._profile
        device = np.array([each.value or self._device.value or 1.0 for each in self._at_cut])
        return DeviceProfile(
            name=before.name,
            forward_s=before.forward_s * device + self._own_s_of_cut_0(),
            backward_s=before.backward_s * device,
            server_s=_with_surplus(before.server_s, self._server.value or 0.0),
            up_bit_s=self._up.value or before.up_bit_s,
            down_bit_s=self._down.value or before.down_bit_s,
            overhead_s=before.overhead_s,
            watts=self.watts,
            batches=before.batches,
        )

    def _own_s_of_cut_0(self) -> FloatArray:
        """Return what packing takes where it is all that the device does, seconds a batch."""
        own_s = np.zeros(LAYERS + 1)
        own_s[0] = self._own_s.value or 0.0
        return own_s

    def rehearsed(self, cut: int, sums: Mapping[str, float], batches: int) -> None:
        """Take in what a rehearsal of so many batches took, in place of all known before."""
        found = Estimate(self._profile, 1.0, self.cores)
        found.add(cut, sums, batches)
        self.restore(found.corrections())

    def add(self, cut: int, sums: Mapping[str, float], batches: int | None = None) -> None:
        """Take in what a round at ``cut`` took, SECONDS, BYTES and CPU_SECONDS (session.py).

        ``batches`` is the round's unless given.
        """
        before, batches = self._profile, batches or self._profile.batches
        compute_s = (sums["forward_s"] + sums["backward_s"]) / batches
        known_s = float(before.forward_s[cut] + before.backward_s[cut])
        if known_s > 0:
            self._device.add(compute_s / known_s)
            self._at_cut[cut].add(compute_s / known_s)
        elif cut == 0:
            self._own_s.add(compute_s)
        if cut < LAYERS and before.server_s[cut] > 0:
            self._server.add(sums["server_s"] / batches - float(before.server_s[cut]))
        up, down = self.rates(cut, sums, batches)
        if up is not None:
            self._up.add(up)
            self._use(self._sending, sums.get("upload_cpu_s"), 8.0 * sums["bytes_up"] / up)
        if down is not None:
            self._down.add(down)
            self._use(self._receiving, sums.get("download_cpu_s"), sums["download_s"])
        if known_s > 0:
            self._use(self._computing, sums.get("compute_cpu_s"), compute_s * batches)

    def _use(self, use: Smoothed, cpu_s: float | None, taken_s: float) -> None:
        if self.cores is not None and cpu_s is not None and taken_s > _LEAST_S:
            use.add(cpu_s / (self.cores * taken_s))

    def corrections(self) -> list[float | None]:
        """Return what ``restore`` needs to go on from here."""
        return [each.value for each in self._smoothed()]

    def restore(self, corrections: Sequence[float | None]) -> None:
        """Take in what ``corrections`` gave, of an estimate of the same profile."""
        fresh = [Smoothed(self._smoothing) for _ in corrections]
        for one, value in zip(fresh, corrections, strict=True):
            if value is not None:
                one.add(value)
        self._up, self._down, self._device, self._server, self._own_s = fresh[:5]
        self._computing, self._sending, self._receiving = fresh[5:8]
        self._at_cut = fresh[8:]

    def _smoothed(self) -> tuple[Smoothed, ...]:
        own = self._up, self._down, self._device, self._server, self._own_s
        return *own, self._computing, self._sending, self._receiving, *self._at_cut

    def rates(
        self, cut: int, sums: Mapping[str, float], batches: int | None = None
    ) -> tuple[float | None, float | None]:
        """Return the rates up and down of a round in bit/s; None where next to nothing crossed.

        What an empty exchange takes, the overhead, is no time of the link; it is in the upload.
        """
        exchanges = (batches or self._profile.batches) if cut < LAYERS else 0
        whole_s = sums["upload_s"]
        up_s = max(whole_s - exchanges * self._profile.overhead_s, whole_s / 2)
        return (
            _rate(sums["bytes_up"], up_s),
            _rate(sums["bytes_down"], sums["download_s"]),
        )


def _rate(size: float, taken_s: float) -> float | None:
    return None if size < _LEAST_BYTES or taken_s < _LEAST_S else 8.0 * size / taken_s


def _with_surplus(values: FloatArray, surplus_s: float) -> FloatArray:
    """Add seconds to what is not 0; a negative surplus leaves a quarter of each."""
    longer: FloatArray = np.where(values > 0, np.maximum(values + surplus_s, values / 4), 0.0)
    return longer
