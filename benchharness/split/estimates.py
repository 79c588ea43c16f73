"""What a device is thought to take in the next round: its profile, corrected by what it took.

Three things vary, each smoothed by an exponentially weighted mean: the link's two rates; how much
longer than in its profile the device takes for its layers; and the same of the server for this
device, which others keep busy. So what was measured at one cut is known for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchharness.cuts.adapt import Smoothed
from benchharness.cuts.records import DeviceProfile, FloatArray, Watts
from benchharness.split.network import LAYERS

_LEAST_S = 1e-9
_LEAST_BYTES = 4096  # what fits into a few packets says nothing about a rate


class Estimate:
    """Device ``name`` as it is thought to be now; starts from ``profile``.

    ``smoothing`` is what a new figure weighs. Raises UsageError for one outside (0, 1].
    """

    def __init__(self, profile: DeviceProfile, smoothing: float) -> None:
        self._profile, self._smoothing = profile, smoothing
        self._up, self._down = Smoothed(smoothing), Smoothed(smoothing)
        self._device, self._server = Smoothed(smoothing), Smoothed(smoothing)
        self._own_s = Smoothed(smoothing)  # a batch, where all layers are the server's
        self._up.add(profile.up_bit_s)
        self._down.add(profile.down_bit_s)

    @property
    def profile(self) -> DeviceProfile:
        """What was measured before the first round."""
        return self._profile

    @property
    def watts(self) -> Watts:
        """What the device draws."""
        return self._profile.watts

    def now(self) -> DeviceProfile:
        """Return the device as the next round is predicted from."""
        before = self._profile
        device, server = self._device.value or 1.0, self._server.value or 1.0
        return DeviceProfile(
            name=before.name,
            forward_s=_corrected(before.forward_s, device),
            backward_s=_corrected(before.backward_s, device),
            server_s=_corrected(before.server_s, server),
            up_bit_s=self._up.value or before.up_bit_s,
            down_bit_s=self._down.value or before.down_bit_s,
            overhead_s=before.overhead_s + (self._own_s.value or 0.0),
            watts=before.watts,
            batches=before.batches,
        )

    def add(self, cut: int, sums: Mapping[str, float]) -> None:
        """Take in what a round at ``cut`` took, SECONDS and BYTES by name (session.py)."""
        before, batches = self._profile, self._profile.batches
        compute_s = (sums["forward_s"] + sums["backward_s"]) / batches
        known_s = float(before.forward_s[cut] + before.backward_s[cut])
        if known_s > 0:
            self._device.add(compute_s / known_s)
        elif cut == 0:
            self._own_s.add(compute_s)
        if cut < LAYERS and before.server_s[cut] > 0:
            self._server.add(sums["server_s"] / batches / float(before.server_s[cut]))
        up, down = self.rates(cut, sums)
        if up is not None:
            self._up.add(up)
        if down is not None:
            self._down.add(down)

    def corrections(self) -> list[float | None]:
        """Return what ``restore`` needs to go on from here."""
        return [each.value for each in self._smoothed()]

    def restore(self, corrections: Sequence[float | None]) -> None:
        """Take in what ``corrections`` gave, of an estimate of the same profile."""
        fresh = [Smoothed(self._smoothing) for _ in corrections]
        for one, value in zip(fresh, corrections, strict=True):
            if value is not None:
                one.add(value)
        self._up, self._down, self._device, self._server, self._own_s = fresh

    def _smoothed(self) -> tuple[Smoothed, ...]:
        return self._up, self._down, self._device, self._server, self._own_s

    def rates(self, cut: int, sums: Mapping[str, float]) -> tuple[float | None, float | None]:
        """Return the rates up and down of a round in bit/s; None where next to nothing crossed.

        What an empty exchange takes, the overhead, is no time of the link; it is in the upload.
        """
        exchanges = self._profile.batches if cut < LAYERS else 0
        whole_s = sums["upload_s"]
        up_s = max(whole_s - exchanges * self._profile.overhead_s, whole_s / 2)
        return (
            _rate(sums["bytes_up"], up_s),
            _rate(sums["bytes_down"], sums["download_s"]),
        )


def _rate(size: float, taken_s: float) -> float | None:
    return None if size < _LEAST_BYTES or taken_s < _LEAST_S else 8.0 * size / taken_s


def _corrected(values: FloatArray, factor: float) -> FloatArray:
    corrected: FloatArray = np.asarray(values * factor, dtype=np.float64)
    return corrected
