"""The programs of a variant: as many as a factor says, each under a name of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchharness.cli.participants import check_participants, participants_of, power_modes
from benchharness.errors import UnknownNameError, UsageError
from benchharness.plan.instances import instances
from benchharness.plan.manifest import load_manifest
from benchharness.plan.records import Manifest, Program
from benchharness.plan.run_table import Variant
from benchharness.testbed.records import Device, PowerMode, Testbed
from benchharness.trial.spec import SHARED_PLACE, Participant, VariantSpec

WORKLOAD = """\
name = "federated"
argv = ["server", "{shared}/port", "--repetition={repetition}"]
env = {BOTH = "yes"}
restart = 1
[factors.clients]
type = "int"
default = 3
[factors.engine]
type = "str"
default = "process"
levels = ["process", "deployment"]
[participants.link]
argv = ["link"]
role = "support"
when = {engine = "deployment"}
[participants.client]
argv = ["client", "{index}", "of {count}", "{{index}}", "{shared}/port"]
env = {ME = "client {index}", RUN = "{index}.{repetition}"}
count = "{clients}"
restart = 4
may_leave = true
on_device = true
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    file = tmp_path / "workload.toml"
    file.write_text(WORKLOAD)
    return load_manifest(file)


def variant(**factors: int | str) -> Variant:
    return Variant(0, "federated v", {"clients": 3, "engine": "process", **factors}, "federated")


def bed_of(*names: str) -> Testbed:
    devices = tuple(Device(name, name, speed=1.0, idle_w=1.0, busy_w=2.0) for name in names)
    return Testbed("bed", "Bed", devices)


def test_each_client_knows_its_number(manifest: Manifest) -> None:
    server, first, *others = participants_of(manifest, variant())
    assert [p.name for p in (server, first, *others)] == [
        "main",
        "client-1",
        "client-2",
        "client-3",
    ]
    assert first.argv == ("client", "1", "of 3", "{index}", f"{SHARED_PLACE}/port")
    assert (first.env["ME"], first.env["BOTH"]) == ("client 1", "yes")
    assert (server.restart, server.may_leave) == (1, False)
    assert [(p.restart, p.may_leave, p.device) for p in (first, *others)] == [(4, True, None)] * 3


def test_what_is_launched_knows_its_repetition(manifest: Manifest) -> None:
    spec = VariantSpec(0, "x", "federated", {}, participants_of(manifest, variant()))
    for repetition in (0, 12):
        launched = spec.of_repetition(repetition).participants
        assert launched[0].argv == ("server", f"{SHARED_PLACE}/port", f"--repetition={repetition}")
        assert [each.env["RUN"] for each in launched[1:]] == [
            f"{i}.{repetition}" for i in (1, 2, 3)
        ]


def test_a_participant_is_there_where_its_levels_are(manifest: Manifest) -> None:
    names = [p.name for p in participants_of(manifest, variant(clients=1, engine="deployment"))]
    assert names == ["main", "link", "client-1"]


def test_participants_take_the_devices_in_their_order(manifest: Manifest) -> None:
    def places(participants: tuple[Participant, ...]) -> dict[str, str | None]:
        return {p.name: p.device for p in participants if p.device is not None}

    bed = bed_of("orin", "nano", "pi-1", "pi-2")
    assert places(participants_of(manifest, variant(), bed)) == {
        "client-1": "orin",
        "client-2": "nano",
        "client-3": "pi-1",
    }
    with pytest.raises(UsageError) as caught:
        participants_of(manifest, variant(clients=5), bed)
    assert caught.value.line() == (
        "federated v: 5 participants want a device each and the testbed bed has 4; "
        "take fewer participants, a larger testbed, or none"
    )


@pytest.mark.parametrize("clients", [0, -3, 1001])
def test_a_count_that_is_none_is_one_line_with_its_place(manifest: Manifest, clients: int) -> None:
    with pytest.raises(UsageError) as caught:
        instances(manifest, variant(clients=clients).factors)
    assert caught.value.line().endswith(
        "workload.toml:16: participants.client.count: expected an integer from 1 to 1000, "
        f"got '{clients}'; set its factor to one"
    )


def manifest_of(*programs: Program) -> Manifest:
    return Manifest("x", "x", Path(), (), source="x.toml", participants=programs)


def test_two_of_one_name_are_refused() -> None:
    clash = manifest_of(
        Program("client-2", ("a",), where="x.toml:3"),
        Program("client", ("b",), count="{n}", where="x.toml:5"),
    )
    assert [each.name for each in instances(clash, {"n": 1})] == ["client-2", "client-1"]
    with pytest.raises(UsageError) as caught:
        instances(clash, {"n": 2})
    assert caught.value.line() == (
        "x.toml:5: participants.client: there is another participant 'client-2', of 'client-2'; "
        "call one of them something else"
    )


def test_a_variant_without_a_main_program_is_refused() -> None:
    lonely = manifest_of(
        Program("server", ("a",), "support"), Program("client", ("b",), when={"n": (1,)})
    )
    assert len(instances(lonely, {"n": 1})) == 2
    with pytest.raises(UsageError, match="a variant has no main program"):
        instances(lonely, {"n": 2})


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a-1"]), st.integers(1, 12)), max_size=4))
def test_names_are_unique_and_numbers_are_complete(drawn: list[tuple[str, int]]) -> None:
    counts = dict(drawn)
    programs = [Program(name, ("x",), count=str(n)) for name, n in counts.items()]
    found = instances(manifest_of(Program("main", ("m",)), *programs), {})
    assert len({each.name for each in found}) == len(found) == 1 + sum(counts.values())
    for name, count in counts.items():
        own = [each.names for each in found if each.program.name == name]
        assert own == [{"index": index, "count": count} for index in range(1, count + 1)]


MODES = (PowerMode("5W", 0.5, 1.0, 1.5), PowerMode("MAXN", 1.0, 1.0, 2.0))
IN_MODE = 'on_device = true\npower_mode = "{mode}"\nstart_at_full_speed = true\n'
MODE_FACTOR = '[factors.mode]\ntype = "str"\ndefault = ""\n[participants.link]'


@pytest.fixture
def moded(tmp_path: Path) -> Manifest:
    """Return the workload whose clients' devices are in the mode that a factor says."""
    file = tmp_path / "moded.toml"
    text = WORKLOAD.replace("on_device = true\n", IN_MODE)
    file.write_text(text.replace("[participants.link]", MODE_FACTOR))
    return load_manifest(file)


def test_devices_that_have_modes_are_in_the_one_that_is_wanted(moded: Manifest) -> None:
    bed = bed_of("pi", "nano-1", "nano-2")
    devices = (bed.devices[0], *(replace(each, modes=MODES) for each in bed.devices[1:]))
    bed = replace(bed, devices=devices)
    found = participants_of(moded, variant(mode="5W"), bed)
    assert [each.power_mode for each in found] == [None, None, "5W", "5W"]
    assert [each.start_at_full_speed for each in found] == [False, True, True, True]
    assert power_modes(moded, variant(mode="5W"), bed) == {"nano-1": "5W", "nano-2": "5W"}
    assert power_modes(moded, variant(mode=""), bed) == {}
    spec = VariantSpec(0, "v", "w", {}, found)
    assert spec.power_modes() == {"nano-1": "5W", "nano-2": "5W"}
    with pytest.raises(UnknownNameError, match="unknown power mode of nano-1 '5V'; did you mean"):
        participants_of(moded, variant(mode="5V"), bed)


def test_a_mode_that_nothing_has_is_refused(moded: Manifest) -> None:
    with pytest.raises(UsageError, match="'5W' is wanted, and there is no testbed"):
        participants_of(moded, variant(mode="5W"))
    with pytest.raises(UsageError, match="'5W' is wanted, and no device of bed has any"):
        check_participants({"federated": moded}, [variant(mode="5W")], bed_of("a", "b", "c"))
    assert len(participants_of(moded, variant(mode=""))) == 4
