"""Seconds and joules of every cut, from the equations of the ARES paper and what it leaves out.

Samikwa, Di Maio and Braun: ARES: Adaptive resource-aware split learning for Internet of Things.
Computer Networks 218 (2022) 109380. With its W / xi batches a round, device phi takes at cut s

    D = W / xi * (d_s + c_s + V_s / B + V'_s / B' + Theta)
    E = W / xi * (Pc d_s + Pt V_s / B + Pr V'_s / B')

The terms (records.Terms) add the model that crosses once a round, the joules of waiting, and the
server's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchharness.cuts.records import (
    Costs,
    DeviceProfile,
    Estimate,
    FloatArray,
    Layers,
    Terms,
    check_cuts,
)
from benchharness.errors import UsageError

BITS = 8.0  # of a byte


def costs(layers: Layers, devices: Sequence[DeviceProfile], terms: Terms) -> Costs:
    """Return what each cut costs each device in a round.

    Theta belongs to an exchange: where nothing crosses in a batch (cut L), there is none. Raises
    UsageError where there is no device, where a device has another number of layers than the
    network, and where waiting is to be counted for a device whose idle power is not known.
    """
    if not devices:
        raise UsageError("there is no device", remedy="give at least one")
    rows = [_of_device(layers, device, terms) for device in devices]
    duration_s, energy_j, server_j = (np.stack(column) for column in zip(*rows, strict=True))
    waiting_w = [_idle_w(device) if terms.waiting else 0.0 for device in devices]
    return Costs(
        names=tuple(device.name for device in devices),
        duration_s=duration_s,
        energy_j=energy_j,
        waiting_w=np.array(waiting_w),
        server_j=server_j,
        server_idle_w=_server_watts(terms)[1],
    )


def estimate(costs: Costs, cuts: Sequence[int]) -> Estimate:
    """Return what the given cuts, one for each device, take a round.

    Who is done earlier waits for the slowest. Raises UsageError for a cut that is out of range.
    """
    check_cuts(cuts, len(costs.names), costs.last_cut)
    rows = np.arange(len(costs.names))
    chosen = np.asarray(cuts, dtype=np.intp)
    duration_s = costs.duration_s[rows, chosen]
    round_s = float(duration_s.max())
    device_j = costs.energy_j[rows, chosen]
    if np.isfinite(round_s):
        device_j = device_j + costs.waiting_w * (round_s - duration_s)
    server_j = float(costs.server_j[rows, chosen].sum()) + costs.server_idle_w * round_s
    return Estimate(
        cuts=tuple(int(cut) for cut in cuts),
        round_s=round_s,
        energy_j=float(device_j.sum()) + server_j,
        device_s=tuple(duration_s.tolist()),
        device_j=tuple(device_j.tolist()),
        server_j=server_j,
    )


def _of_device(
    layers: Layers, device: DeviceProfile, terms: Terms
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the seconds, the device's joules and the server's of a round, at each cut."""
    if device.last_cut != layers.last_cut:
        raise UsageError(
            f"has times for {device.last_cut} layers, the network has {layers.last_cut}",
            where=device.name,
            remedy="measure the device with the same network",
        )
    watts = device.watts
    compute_s = device.forward_s + device.backward_s
    up_s = layers.up_bytes * BITS / device.up_bit_s
    down_s = layers.down_bytes * BITS / device.down_bit_s
    crosses = (layers.up_bytes + layers.down_bytes) > 0.0
    idle_s = device.server_s + device.overhead_s * crosses
    duration_s = device.batches * (compute_s + up_s + down_s + idle_s)
    energy_j = device.batches * (
        watts.compute_w * compute_s + watts.transmit_w * up_s + watts.receive_w * down_s
    )
    if terms.waiting:
        energy_j = energy_j + device.batches * _idle_w(device) * idle_s
    if terms.model_exchange:
        up_s = layers.part_bytes * BITS / device.up_bit_s
        down_s = layers.part_bytes * BITS / device.down_bit_s
        duration_s = duration_s + up_s + down_s
        energy_j = energy_j + watts.transmit_w * up_s + watts.receive_w * down_s
    compute_w, idle_w = _server_watts(terms)
    return duration_s, energy_j, device.batches * device.server_s * (compute_w - idle_w)


def _idle_w(device: DeviceProfile) -> float:
    idle_w = device.watts.idle_w
    if idle_w is None:
        raise UsageError(
            "its power at rest is not known, so that waiting cannot be counted",
            where=device.name,
            remedy="give idle_w, or leave the term out",
        )
    return idle_w


def _server_watts(terms: Terms) -> tuple[float, float]:
    """Return what the server draws in W while it computes and at rest; 0 if it does not count."""
    if not terms.server or terms.server_watts is None or terms.server_watts.idle_w is None:
        return 0.0, 0.0
    return terms.server_watts.compute_w, terms.server_watts.idle_w
