"""A profile as a document: there and back, and every way in which it may be wrong."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from benchharness.cuts.profile import Profile, from_document, to_document
from benchharness.cuts.records import Watts
from benchharness.errors import UsageError
from tests.unit.cuts_samples import small_device, small_layers

PROFILE = Profile(
    small_layers(), (small_device(), small_device("pi", idle_w=None)), Watts(60.0, 0.0, 0.0, 20.0)
)


def test_there_and_back() -> None:
    text = json.dumps(to_document(PROFILE), allow_nan=False)
    found = from_document(json.loads(text), "p.json")
    assert found.layers.up_bytes.tolist() == PROFILE.layers.up_bytes.tolist()
    assert [each.name for each in found.devices] == ["device-1", "pi"]
    assert (found.devices[1].watts, found.server_watts) == (
        PROFILE.devices[1].watts,
        PROFILE.server_watts,
    )
    assert np.array_equal(found.devices[0].backward_s, PROFILE.devices[0].backward_s)
    assert json.dumps(to_document(found)) == text


def test_what_it_does_not_know_it_leaves_alone() -> None:
    document = to_document(PROFILE)
    document["devices"][0]["forward_u_s"] = [0.0, 0.1, 0.1]
    document["server"]["watts"] = {"compute_w": 60, "idle_w": None, "source": "a plug"}
    found = from_document(document, "p.json")
    assert found.server_watts == Watts(60.0, 0.0, 0.0, None, "a plug")
    del document["server"]
    assert from_document(document, "p.json").server_watts is None


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("version",), 2, "p.json: is of version 2; this benchharness reads 1"),
        (("devices",), [], "p.json: devices is no list of devices"),
        (("devices",), "pi", "p.json: devices is no list of devices"),
        (("devices", 1), 3, "p.json: device 2: is no table of keys and values"),
        (("devices", 1, "name"), "", "p.json: device 2: name is ''"),
        (("devices", 1, "name"), None, "p.json: device 2: name is missing; see docs/cuts.md"),
        (("devices", 1, "batches"), 2.5, "p.json: device 2: batches is 2.5; take a whole number"),
        (("devices", 0, "forward_s"), [0, "1", 2], "device 1: forward_s is no list of numbers"),
        (("devices", 0, "forward_s"), [0, -1, 2], "device-1: forward_s has -1; take 0 or more"),
        (("devices", 0, "up_bit_s"), "fast", "p.json: device 1: up_bit_s is 'fast'; give a number"),
        (("devices", 0, "up_bit_s"), 0, "device-1: up_bit_s is 0; a link's rate is above 0"),
        (("devices", 0, "watts", "transmit_w"), None, "device 1: transmit_w is missing"),
        (("layers", "part_bytes"), None, "p.json: layers: part_bytes is missing"),
        (("layers",), [1], "p.json: layers: is no table of keys and values"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(path: tuple[Any, ...], value: object, line: str) -> None:
    document: Any = copy.deepcopy(to_document(PROFILE))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(UsageError) as caught:
        from_document(document, "p.json")
    assert line in caught.value.line() and "\n" not in caught.value.line()
    with pytest.raises(UsageError, match=r"p\.json: is no table"):
        from_document([document], "p.json")
