"""A profile as a document: what was measured of a network and its devices, to and from JSON values.

Version 1; docs/cuts.md has an example. Keys that are not known are left alone, so that whoever
writes one may say more (uncertainties, where a figure is from).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchharness.cuts.records import DeviceProfile, FloatArray, Layers, Watts
from benchharness.errors import UsageError

VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A network, the devices that share it, and the server's watts if they are known."""

    layers: Layers
    devices: tuple[DeviceProfile, ...]
    server_watts: Watts | None = None


def from_document(document: object, where: str) -> Profile:
    """Return the profile that a JSON document holds; ``where`` names it in errors.

    Raises UsageError for another version, a key that is missing, and values that are none.
    """
    whole = _mapping(document, where)
    version = whole.get("version")
    if version != VERSION:
        raise UsageError(
            f"is of version {version!r}", where=where, remedy=f"this benchharness reads {VERSION}"
        )
    listed = _mapping(_of(whole, "layers", where), f"{where}: layers")
    layers = Layers(
        *(
            _array(listed, key, f"{where}: layers")
            for key in ("up_bytes", "down_bytes", "part_bytes")
        )
    )
    named = _of(whole, "devices", where)
    if not isinstance(named, Sequence) or isinstance(named, str) or not named:
        raise UsageError("devices is no list of devices", where=where, remedy="give at least one")
    devices = tuple(_device(each, f"{where}: device {i}") for i, each in enumerate(named, start=1))
    server = whole.get("server")
    server_watts = None
    if server is not None:
        place = f"{where}: server"
        server_watts = _watts(_of(_mapping(server, place), "watts", place), place, is_server=True)
    return Profile(layers, devices, server_watts)


def to_document(profile: Profile) -> dict[str, Any]:
    """Return a profile as JSON values, which ``from_document`` reads."""
    document: dict[str, Any] = {
        "version": VERSION,
        "network": {"layers": profile.layers.last_cut},
        "devices": [_listed(asdict(device)) for device in profile.devices],
        "layers": _listed(asdict(profile.layers)),
    }
    if profile.server_watts is not None:
        document["server"] = {"watts": asdict(profile.server_watts)}
    return document


def _listed(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.tolist() if isinstance(value, np.ndarray) else value
        for key, value in record.items()
    }


def _device(value: object, where: str) -> DeviceProfile:
    given = _mapping(value, where)
    name = _of(given, "name", where)
    batches = _of(given, "batches", where)
    if not isinstance(name, str) or not name:
        raise UsageError(f"name is {name!r}", where=where, remedy="give the device a name")
    if not isinstance(batches, int) or isinstance(batches, bool):
        raise UsageError(f"batches is {batches!r}", where=where, remedy="take a whole number")
    return DeviceProfile(
        name=name,
        forward_s=_array(given, "forward_s", where),
        backward_s=_array(given, "backward_s", where),
        server_s=_array(given, "server_s", where),
        up_bit_s=_number(given, "up_bit_s", where),
        down_bit_s=_number(given, "down_bit_s", where),
        overhead_s=_number(given, "overhead_s", where),
        watts=_watts(_of(given, "watts", where), where),
        batches=batches,
    )


def _watts(value: object, where: str, *, is_server: bool = False) -> Watts:
    """Return watts; of a server, which is on a cable, those of sending and receiving may lack."""
    given = _mapping(value, f"{where}: watts")
    idle_w = None if given.get("idle_w") is None else _number(given, "idle_w", where)
    transmit_w, receive_w = (
        0.0 if is_server and given.get(key) is None else _number(given, key, where)
        for key in ("transmit_w", "receive_w")
    )
    source = str(given.get("source", ""))
    return Watts(_number(given, "compute_w", where), transmit_w, receive_w, idle_w, source)


def _of(given: Mapping[str, object], key: str, where: str) -> object:
    if given.get(key) is None:
        raise UsageError(f"{key} is missing", where=where, remedy="see docs/cuts.md")
    return given[key]


def _number(given: Mapping[str, object], key: str, where: str) -> float:
    value = _of(given, key, where)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UsageError(f"{key} is {value!r}", where=where, remedy="give a number")
    return float(value)


def _array(given: Mapping[str, object], key: str, where: str) -> FloatArray:
    value = _of(given, key, where)
    numbers = isinstance(value, list) and all(
        isinstance(each, (int, float)) and not isinstance(each, bool) for each in value
    )
    if not numbers:
        raise UsageError(f"{key} is no list of numbers", where=where, remedy="see docs/cuts.md")
    return np.array(value, dtype=np.float64)


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise UsageError("is no table of keys and values", where=where, remedy="see docs/cuts.md")
    return value
